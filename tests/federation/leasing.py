"""Money behind the world's uptime: a chain, bonds of both hosts, and three watchers.

A watcher runs in each owner's cluster, by the chart and by the home's invitation; two must agree.
"""

import json
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_utils.crypto import keccak

import images.build
from cluster import steps
from cluster.cluster import Cluster
from federation import chain, install, joining, looking
from federation.chain import Chain, address_of, key_of
from federation.deployments import Deployed, Json
from federation.install import CUSTOMER, SYSTEM
from federation.world import HOSTS, OWNERS, World

CHAIN = "chain"
WATCHER = "deployment/modelbond-watcher"
WATCHER_PORT = 30844
WALLET = "wallet"
TOKEN = 10**18
TINY_CANARIES = "tiny-canaries"
CANARIES = Path(__file__).parents[2] / "manifests/examples/magika-canaries.yaml"
SLICE_SECONDS, ALLOWANCE, CREDIT = 5, 2, TOKEN // 100
# Amounts are in the asset's smallest unit, counts are slices of five seconds.
PRICE: Json = {
    "rate": str(TOKEN // 1000),
    "fee": str(TOKEN // 10_000),
    "cover": str(5 * TOKEN),
    "creditPerSlice": str(CREDIT),
    "sliceSeconds": SLICE_SECONDS,
    "period": 720,
    "allowance": ALLOWANCE,
    "notice": 12,
    "maintenanceNotice": 12,
    "maintenanceBudget": 6,
    "grace": 0,
    "prepayment": 60,
}
TERMS: Json = {
    "walletSecret": WALLET,
    "maxRatePerSlice": str(TOKEN // 1000),
    "minCreditPerSlice": str(CREDIT),
    "minCoverSlices": 100,
    "prepaySlices": 720,
    "dailySpendCap": str(100 * TOKEN),
    "totalSpendCap": str(1000 * TOKEN),
    "autoClaim": False,
}
BOND_TARGET, PLENTY = 100 * TOKEN, 1000 * TOKEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """The world, the chain that its leases are on, and where the watchers serve."""

    world: World
    chain: Chain
    watchers: Mapping[str, str]


def lease_out(world: World) -> Leased:
    """Put a chain under the world, bonds behind its hosts, and watchers around them."""
    began = time.monotonic()
    made = chain.up(
        f"{world.home.name.removesuffix('home')}{CHAIN}",
        at=world.home.engine.gateway(),
        clusters=[looking.identity(each) for each in world.clusters.values()],
    )
    leased = Leased(
        world=world,
        chain=made,
        watchers={
            name: f"http://{cluster.address}:{WATCHER_PORT}"
            for name, cluster in world.clusters.items()
        },
    )
    _fund(made)
    with ThreadPoolExecutor() as at_once:
        begun = [at_once.submit(_equip, leased, name) for name in world.clusters]
        for each in begun:
            each.result()
    _open_wallet(leased)
    for name in HOSTS:
        _set_price(leased, name)
    steps.say(f"Chain, bonds and watchers: ready after {time.monotonic() - began:.1f} s")
    return leased


def leased_spec(canaries: str, **lease: object) -> Json:
    """Return the part of a ModelDeployment's spec that asks for a lease."""
    sla = {"canaries": {"configMap": canaries}, "latencyBoundMs": 1000, "requestsPerMinute": 600}
    return {"sla": sla, "lease": {**TERMS, **lease}}


def lease_of(deployed: Deployed, *, slot: int = 0) -> Json:
    """Return what the status says of a placement's lease, or nothing yet."""
    placements: list[Json] = deployed.read().get("status", {}).get("placements", [])
    found: list[Json] = [each.get("lease", {}) for each in placements if each["slot"] == slot]
    return found[0] if found else {}


def _agree_on_tiny(home: Cluster) -> None:
    """Make a ConfigMap of what the tiny model answers, by the product's own command."""
    rows = [[float(place + column) for column in range(4)] for place in range(1, 5)]
    asked = [_recorded(f"row-{place}", row) for place, row in enumerate(rows)]
    flags = ("--rule", "close", "--ppm", "10", "--configmap", TINY_CANARIES)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(asked, file)
        file.flush()
        made = joining.modelbond(home, "canaries", "--inputs", file.name, *flags)
    home.kubectl("apply", "-n", CUSTOMER, "-f", "-", stdin=made)


def _recorded(name: str, row: list[float]) -> Json:
    def tensor(called: str, numbers: list[float]) -> Json:
        return {"name": called, "datatype": "FP32", "shape": [1, 4], "data": numbers}

    return {
        "name": name,
        "inputs": [tensor("x", row)],
        "outputs": [tensor("y", [2 * number for number in row])],
    }


def _fund(made: Chain) -> None:
    """Give the hosts and the customer tokens, where they have few."""
    asset = json.loads(made.deployment_file.read_text())["asset"]
    for role in (*HOSTS, "customer"):
        if made.balance(role) < PLENTY:
            amount = encode(["address", "uint256"], [address_of(role), PLENTY])
            # By somebody whose key no operator sends with at the same moment.
            made.call("deployer", asset, keccak(text="mint(address,uint256)")[:4] + amount)


def _equip(leased: Leased, name: str) -> None:
    """Give a cluster what its operator and watcher read, then upgrade its release."""
    cluster = leased.world.clusters[name]
    cluster.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": _files(leased, name)}))
    for claim in ("modelbond-ledgers", "modelbond-watcher"):
        cluster.volume(name=claim, claim_namespace=SYSTEM, claim_name=claim)
    invited = joining.modelbond(leased.world.home, "invite", "--watcher", name)
    cluster.kubectl("apply", "-n", SYSTEM, "-f", "-", stdin=invited)
    content = images.build.operator().parent.name
    more = _values(leased, name, home=f"home-{looking.identity(leased.world.home)[:8]}")
    install.install(cluster, OWNERS[name], content=content, more=more)
    install.run_the_loaded_image(cluster, WATCHER, content=content)


def _files(leased: Leased, name: str) -> list[Json]:
    deployment = leased.chain.deployment_file.read_text()
    keys = {role: key_of(f"{role} {name}") for role in ("attesting", "paying")}
    made = [
        _object("ConfigMap", "modelbond-chain", data={"deployment.json": deployment}),
        _object("Secret", "modelbond-rpcs", stringData={"anvil": leased.chain.url}),
        _object("Secret", "modelbond-watcher-keys", stringData=keys),
    ]
    if name in HOSTS:
        made.append(_object("Secret", "modelbond-host-key", stringData={"key": key_of(name)}))
    return made


def _values(leased: Leased, name: str, *, home: str) -> Json:
    """Return the chart's values for a cluster with leases and a watcher."""
    host = {"hostKey": {"secret": "modelbond-host-key"}, "bond": {"target": str(BOND_TARGET)}}
    peers = [{"name": one, "url": url} for one, url in leased.watchers.items() if one != name]
    return {
        "chain": {
            "deployment": {"configMap": "modelbond-chain"},
            "rpcs": {"secret": "modelbond-rpcs", "names": ["anvil"]},
            "watchers": list(leased.watchers.values()),
            "ledgers": {"storageClass": "standard"},
            "pollSeconds": 2,
            **(host if name in HOSTS else {}),
        },
        "watcher": {
            "enabled": True,
            "keys": {"secret": "modelbond-watcher-keys"},
            "homes": [f"watch-{home}"],
            "peers": peers,
            "privateRanges": [f"{each.address}/32" for each in leased.world.clusters.values()],
            "lookSeconds": 2,
            "service": {"type": "NodePort", "nodePort": WATCHER_PORT},
            "state": {"size": "1Gi", "storageClass": "standard"},
        },
    }


def _open_wallet(leased: Leased) -> None:
    """Give the customer a wallet, and what is agreed of the models."""
    home = leased.world.home
    wallet = _object("Secret", WALLET, stringData={"key": key_of("customer")})
    wallet["metadata"]["namespace"] = CUSTOMER
    home.apply(json.dumps(wallet))
    home.apply(CANARIES.read_text())
    _agree_on_tiny(home)


def _set_price(leased: Leased, name: str) -> None:
    """Let a host's owner say on what terms the bond stands behind this home's placements."""
    host = leased.world.host(name)
    joined = looking.home_cluster(host, leased.world.home)["metadata"]["name"]
    patch = json.dumps({"spec": {"lease": PRICE, "policy": {"afterLease": "10s"}}})
    host.kubectl("patch", "homeclusters.modelbond.io", joined, "--type=merge", "-p", patch)


def _object(kind: str, name: str, **data: Any) -> Json:
    metadata = {"name": name, "namespace": SYSTEM}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **data}
