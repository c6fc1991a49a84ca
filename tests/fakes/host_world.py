"""One host and one home in memory: real controllers, fake servers, a fake kubelet."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fakes.host_chain import NOTHING, FakeOfferBook, FakeOwnEndpoint
from fakes.kube import FakeKube
from fakes.ports import FakeClock, FakeEvents, FakeInformers, FakeQueue, FakeSupervisor
from modelbond.api.config import HostConfig, Runtime
from modelbond.api.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    HOME_CLUSTER,
    LEASE,
    MODEL_PLACEMENT,
    NAMESPACE,
    NODE,
    POD,
    SECRET,
    SERVICE,
    Json,
)
from modelbond.controllers.copy import CopyController, copy_keys
from modelbond.controllers.home_cluster import HomeClusterController
from modelbond.controllers.host_lease_offers import Means
from modelbond.controllers.host_lease_watch import LeaseWatch
from modelbond.errors import ModelbondError
from modelbond.ports.cluster import KubeApi, Token
from modelbond.ports.leases import HostChain, OfferBook
from modelbond.settlement.units import Wei

HOME = "customers-0a0a0a0a"
HOME_UID = "0a0a0a0a-0000"
HOST_UID = "host-cluster-uid"
AT_HOME = "modelbond-host-alpha"
AT_HOST = f"modelbond-home-{HOME}"
SYSTEM = "modelbond-system"
SERVER = "https://home.example:6443"
DIGEST = "sha256:" + "ab" * 32
ORDER = "magika-1234abcd"
CLIENT_TOKEN = "c" * 43
TYPE = {"apiVersion": MODEL_PLACEMENT.api_version, "kind": MODEL_PLACEMENT.kind}


def jwt(*, namespace: str = AT_HOME, issued: float = 0.0, seconds: float = 86_400) -> str:
    """Return an unsigned token with a ServiceAccount's claims."""
    claims = {
        "sub": f"system:serviceaccount:{namespace}:host",
        "iat": issued,
        "exp": issued + seconds,
    }
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.x"


def encoded(text: str) -> str:
    """Return base64, as Secrets hold it."""
    return base64.b64encode(text.encode()).decode()


@dataclass(slots=True)
class HomeKube(FakeKube):
    """A home's API server: its tokens are JWTs, and it knows which are good."""

    granted_seconds: float = 7 * 86_400
    tokens: int = 0

    async def request_token(self, account: str, *, namespace: str, seconds: int) -> Token:
        await FakeKube.request_token(self, account, namespace=namespace, seconds=seconds)
        self.tokens += 1
        issued = self.now.timestamp() + self.tokens
        value = jwt(namespace=namespace, issued=issued, seconds=self.granted_seconds)
        return Token(value=value, expires=self.now + timedelta(seconds=self.granted_seconds))


class FakeKeys:
    """Keys that are only names: a certificate fits when it names the key."""

    def __init__(self) -> None:
        self.made = 0

    def new_key(self) -> str:
        self.made += 1
        return f"key-{self.made}"

    def signing_request(self, key_pem: str, *, names: Sequence[str]) -> str:
        return f"-----BEGIN CERTIFICATE REQUEST-----\n{key_pem} {' '.join(names)}"

    def fits(self, certificate_pem: str, *, key_pem: str) -> bool:
        return certificate_pem == f"certificate of {key_pem}"

    def public_key_hash(self, key_pem: str) -> bytes:
        return hashlib.sha256(key_pem.encode()).digest()


@dataclass(slots=True)
class HostWorld:
    """Everything of one host. `settle` lets all controllers work until nothing is left to do."""

    local: FakeKube = field(default_factory=FakeKube)
    home: HomeKube = field(default_factory=HomeKube)
    clock: FakeClock = field(default_factory=FakeClock)
    events: FakeEvents = field(default_factory=FakeEvents)
    supervisor: FakeSupervisor = field(default_factory=FakeSupervisor)
    informers: FakeInformers = field(default_factory=FakeInformers)
    queue_homes: FakeQueue = field(default_factory=FakeQueue)
    queue_copies: FakeQueue = field(default_factory=FakeQueue)
    keys: FakeKeys = field(default_factory=FakeKeys)
    homes: dict[str, Json] = field(default_factory=dict)
    copies: dict[str, Json] = field(default_factory=dict)
    used_tokens: list[str] = field(default_factory=list)
    refusal: ModelbondError | None = None
    home_uid: str = HOME_UID
    read_nodes: bool = True
    runtimes: dict[str, Runtime] = field(
        default_factory=lambda: {"triton": Runtime(image="triton:1", formats=("onnx",))}
    )
    chain: HostChain | None = None
    endpoint: FakeOwnEndpoint = field(default_factory=FakeOwnEndpoint)
    book: OfferBook = field(default_factory=FakeOfferBook)
    target: Wei = NOTHING
    outcomes: dict[str, object] = field(default_factory=dict)
    watch: LeaseWatch | None = field(init=False, default=None)
    home_clusters: HomeClusterController = field(init=False)
    copy_controller: CopyController = field(init=False)

    def __post_init__(self) -> None:
        self.local.put(NAMESPACE, {"metadata": {"name": "kube-system", "uid": HOST_UID}})
        self.home.put(NAMESPACE, {"metadata": {"name": "kube-system", "uid": self.home_uid}})
        for kind, name in ((LEASE, "host"), (CONFIG_MAP, "host-report")):
            self.home.put(kind, {"metadata": {"name": name, "namespace": AT_HOME}})
        self.local.put(NODE, node())
        self.restart()

    def config(self) -> HostConfig:
        return HostConfig(
            owner="alpha-labs",
            region="eu-1",
            edge_image="edge:1",
            read_nodes=self.read_nodes,
            runtimes=self.runtimes,
        )

    def restart(self) -> None:
        """Begin a new life of the operator: only what the servers hold is left."""
        self.supervisor, self.informers = FakeSupervisor(), FakeInformers()
        means = self.means()
        self.home_clusters = HomeClusterController(
            api=self.local,
            homes=self.homes,
            copies=self.copies,
            connect=self.connect,
            make_informer=self.informers,
            supervisor=self.supervisor,
            clock=self.clock,
            wait=lambda failures: 4.0 * failures,
            events=self.events,
            config=self.config(),
            namespace=SYSTEM,
            queue_homes=self.queue_homes,
            queue_copies=self.queue_copies,
            watch=self.watch,
        )
        self.copy_controller = CopyController(
            api=self.local,
            copies=self.copies,
            homes=self.homes,
            links=self.home_clusters.links,
            workloads=self.home_clusters.workloads,
            capacity=self.home_clusters.capacity,
            keys=self.keys,
            clock=self.clock,
            events=self.events,
            config=self.config(),
            means=means,
        )

    def means(self) -> Means | None:
        """Return what a host with a chain has, in this life of the operator."""
        self.watch = None
        if self.chain is None:
            return None
        self.watch = LeaseWatch(
            self.chain,
            copies=self.copies,
            book=self.book,
            target=self.target,
            on_lease=self._queue,
            on_bond=self._queue_homes,
        )
        return Means(chain=self.chain, watch=self.watch, endpoint=self.endpoint)

    def _queue(self, copy: Json) -> None:
        for key in copy_keys(copy):
            self.queue_copies.add(key)

    def _queue_homes(self) -> None:
        for name in self.homes:
            self.queue_homes.add(name)

    async def watch_round(self) -> None:
        """Let the host look at the chain once."""
        assert self.watch is not None
        self._refresh()
        await self.watch.round()

    def connect(self, *, server: str, ca_pem: str, token: str) -> KubeApi:
        assert (server, ca_pem) == (SERVER, "home-ca")
        self.used_tokens.append(token)
        return self.home

    # What people and the other side do.

    def join(self, *, token: str | None = None, **spec: Any) -> None:
        """Apply a join Secret and a HomeCluster with everything open."""
        self.invite(token=token or jwt())
        body = {"metadata": {"name": HOME}, "spec": home_spec(**spec)}
        self.local.put(HOME_CLUSTER, {**TYPE, "kind": HOME_CLUSTER.kind, **body})

    def invite(self, *, token: str, **other: str) -> None:
        """Apply a join Secret."""
        values = {"server": SERVER, "ca": "home-ca", "token": token, **other}
        data = {name: encoded(value) for name, value in values.items()}
        meta = {"name": "join-customers", "namespace": SYSTEM}
        self.local.put(SECRET, {"metadata": meta, "data": data})

    def change_home(self, **spec: Any) -> None:
        """Change the HomeCluster's spec."""
        home = self.local.at(HOME_CLUSTER, HOME)
        self.local.put(HOME_CLUSTER, {**home, "spec": {**home["spec"], **spec}})

    def order(self, name: str = ORDER, **spec: Any) -> Json:
        """Lay an order, or change one."""
        known = self.home.stored.get((MODEL_PLACEMENT.plural, f"{AT_HOME}/{name}"))
        meta = known["metadata"] if known else {"name": name, "namespace": AT_HOME}
        body = {**TYPE, "metadata": meta, "spec": {**order_spec(), **spec}}
        if known and "status" in known:
            body["status"] = known["status"]
        return self.home.put(MODEL_PLACEMENT, body)

    def sign(self, name: str = ORDER, *, token: str = CLIENT_TOKEN) -> None:
        """Sign what the host asked for, as the home would."""
        request = self.order_status(name)["signingRequest"]
        key = request.split("\n")[1].split(" ")[0]
        meta = {"name": f"{name}-edge", "namespace": AT_HOME}
        data = {"tls.crt": encoded(f"certificate of {key}"), "token": encoded(token)}
        self.home.put(SECRET, {"metadata": meta, "data": data})

    def kubelet(self, *, ready: bool = True) -> None:
        """Run what Deployments ask for, give Services ports, and collect garbage."""
        self.local.collect_garbage()
        for number, service in enumerate(self.local.objects(SERVICE).values()):
            service["spec"]["ports"][0].setdefault("nodePort", 30000 + number)
            self.local.put(SERVICE, service)
        for deployment in self.local.objects(DEPLOYMENT).values():
            self._run(deployment, ready=ready)

    def pods(self) -> list[Json]:
        """Return our pods."""
        return list(self.local.objects(POD).values())

    def order_status(self, name: str = ORDER) -> Json:
        """Return what the host said of an order."""
        status: Json = self.home.at(MODEL_PLACEMENT, name, namespace=AT_HOME).get("status", {})
        return status

    def copy(self, name: str = ORDER) -> Json:
        """Return the copy."""
        return self.local.at(MODEL_PLACEMENT, name, namespace=AT_HOST)

    def has_copy(self, name: str = ORDER) -> bool:
        """Tell whether a copy exists."""
        return f"{AT_HOST}/{name}" in self.local.names(MODEL_PLACEMENT)

    def reason(self, condition: str, name: str = ORDER) -> str:
        """Return status and reason of an order's condition, as `True/Ready`."""
        return said(self.order_status(name), condition)

    def home_reason(self, condition: str) -> str:
        """Return status and reason of the HomeCluster's condition."""
        return said(self.local.at(HOME_CLUSTER, HOME)["status"], condition)

    # Time goes on.

    async def settle(self, *, rounds: int = 12) -> None:
        """Let links, informers and controllers work until nothing more is asked for."""
        for _ in range(rounds):
            self._refresh()
            keys = [("home", key) for key in self.queue_homes.taken()]
            keys += [("copy", key) for key in self.queue_copies.taken()]
            if not keys:
                return
            for which, key in keys:
                controller = self.home_clusters if which == "home" else self.copy_controller
                self.outcomes[key] = await controller.reconcile(key)
            for link in list(self.home_clusters.links.values()):
                await link.open_or_tend()
            await self.sync()

    async def sync(self) -> None:
        """Bring running informers up to date."""
        owners = [getattr(run, "__self__", None) for run in self.supervisor.running.values()]
        for informer in self.informers.made:
            if any(informer is owner for owner in owners):
                await informer.sync()

    def wake(self) -> None:
        """Ask for everything to be looked at, as time-outs would."""
        for key in self.homes:
            self.queue_homes.add(key)
        for copy in self.copies.values():
            for key in copy_keys(copy):
                self.queue_copies.add(key)

    def _refresh(self) -> None:
        for kind, known, queue in (
            (HOME_CLUSTER, self.homes, self.queue_homes),
            (MODEL_PLACEMENT, self.copies, self.queue_copies),
        ):
            now = self.local.objects(kind)
            changed = [obj for key, obj in now.items() if known.get(key) != obj]
            changed += [obj for key, obj in known.items() if key not in now]
            known.clear()
            known.update(now)
            for obj in changed:
                for key in copy_keys(obj) if kind is MODEL_PLACEMENT else [obj["metadata"]["name"]]:
                    queue.add(key)

    def _run(self, deployment: Json, *, ready: bool) -> None:
        meta, spec = deployment["metadata"], deployment["spec"]
        for number in range(8):
            name = f"{meta['name']}-{number}"
            if number >= spec["replicas"]:
                self.local.stored.pop((POD.plural, f"{meta['namespace']}/{name}"), None)
                continue
            body = {
                "metadata": {
                    "name": name,
                    "namespace": meta["namespace"],
                    "labels": spec["template"]["metadata"]["labels"],
                    "ownerReferences": [{"uid": meta["uid"]}],
                },
                "spec": {**spec["template"]["spec"], "nodeName": "node-1"},
                "status": {**pod_status(ready=ready), "podIP": f"10.244.0.{number + 1}"},
            }
            self.local.put(POD, body)


def said(status: Json, condition: str) -> str:
    """Return `status/reason` of a condition, or nothing."""
    found = [each for each in status.get("conditions", []) if each["type"] == condition]
    return f"{found[0]['status']}/{found[0]['reason']}" if found else ""


def home_spec(**changes: Any) -> Json:
    """Return a HomeCluster's spec with everything open."""
    return {
        "server": SERVER,
        "joinSecret": "join-customers",
        "quota": {"cpu": "8", "memory": "16Gi", "gpus": [{"class": "NVIDIA-L4", "count": 2}]},
        "policy": {"runtimes": ["triton"], "formats": ["onnx"], "sources": ["http://files/"]},
        **changes,
    }


def order_spec(**changes: Any) -> Json:
    """Return an order's spec: a small CPU model, one replica."""
    return {
        "role": "Order",
        "deployment": {"namespace": "models", "name": "magika", "uid": "d-1", "generation": 1},
        "host": "alpha",
        "slot": 0,
        "epoch": 1,
        "state": "Active",
        "model": {
            "name": "magika",
            "format": "onnx",
            "digest": DIGEST,
            "size": 3_000_000,
            "sources": ["http://files/magika/"],
        },
        "runtime": "triton",
        "resources": {"cpu": "1", "memory": "1Gi"},
        "replicas": 1,
        **changes,
    }


def node(name: str = "node-1", *, gpus: int = 2, cpu: str = "16") -> Json:
    """Return a Ready node with GPUs."""
    return {
        "metadata": {"name": name, "labels": {"nvidia.com/gpu.product": "NVIDIA-L4"}},
        "spec": {},
        "status": {
            "allocatable": {"cpu": cpu, "memory": "64Gi", "nvidia.com/gpu": str(gpus)},
            "addresses": [{"type": "InternalIP", "address": "10.1.0.1"}],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def pod_status(*, ready: bool, digest: str = DIGEST) -> Json:
    """Return the status of a pod that fetched its weights."""
    told = json.dumps({"digest": digest, "bytes": 3_000_000})
    return {
        "phase": "Running",
        "conditions": [
            {"type": "PodScheduled", "status": "True"},
            {"type": "Ready", "status": "True" if ready else "False"},
        ],
        "initContainerStatuses": [
            {"name": "fetch", "state": {"terminated": {"exitCode": 0, "message": told}}},
            {"name": "edge", "ready": True, "state": {"running": {}}},
        ],
        "containerStatuses": [{"name": "triton", "ready": ready, "state": {"running": {}}}],
    }


async def joined(**spec: Any) -> HostWorld:
    """Return a host that has joined its home."""
    world = HostWorld()
    world.join(**spec)
    await world.settle()
    return world


async def serving(**spec: Any) -> HostWorld:
    """Return a host that serves one order of its home."""
    world = await joined()
    world.order(**spec)
    await world.sync()
    await world.settle()
    world.sign()
    await world.sync()
    await world.settle()
    world.kubelet()
    await world.sync()
    await world.settle()
    return world


async def again(world: HostWorld) -> None:
    """Let the host notice what changed, and settle."""
    await world.sync()
    world.wake()
    await world.settle()
