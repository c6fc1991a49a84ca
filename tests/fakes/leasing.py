"""A host that serves a copy whose home wishes a lease for it."""

import hashlib
from dataclasses import replace
from typing import Any

from fakes.canaries import canary, tensor
from fakes.host_chain import FakeHostChain
from fakes.host_world import (
    AT_HOME,
    AT_HOST,
    DIGEST,
    HOME_UID,
    ORDER,
    HostWorld,
    again,
    encoded,
)
from fakes.offers import account
from modelbond.api.kinds import SECRET, Json
from modelbond.controllers.edge_identity import texts_of
from modelbond.ports.leases import HostChain
from modelbond.reconcile.host_lease import Given, given_of
from modelbond.reconcile.host_lease_papers import papers_secret
from modelbond.settlement.offer import slot_id
from modelbond.sla.agreement import Agreement, DeploymentName
from modelbond.sla.canary import canaries_text
from modelbond.sla.text import hexed, text_hash

PROBE_TOKEN = "p-R_" * 10
CANARIES = canaries_text([canary(tensor(1.0))])
PRICE: Json = {
    "rate": "1000",
    "fee": "50",
    "cover": "1000000",
    "creditPerSlice": "3000",
    "coverFactor": 2,
    "sliceSeconds": 60,
    "notice": 60,
    "prepayment": 120,
}
SLOT = slot_id(home_uid=HOME_UID, deployment_uid="d-1", ordinal=0)
LEASE_POLICY = {"runtimes": ["triton"], "formats": ["onnx"], "sources": ["http://files/"]}


def agreement(**changes: Any) -> Agreement:
    """Return what the home wants to be measured of the usual order."""
    agreed = Agreement(
        home=HOME_UID,
        deployment=DeploymentName(namespace="models", name="magika", uid="d-1"),
        slot=0,
        epoch=1,
        model=DIGEST,
        model_name="magika",
        canaries=text_hash(CANARIES),
        latency_bound_ms=1000,
        requests_per_minute=600,
        endpoint_key=hashlib.sha256(b"key-1").digest(),
        probe_token=hashlib.sha256(PROBE_TOKEN.encode()).digest(),
    )
    return replace(agreed, **changes)


def wish(agreed: Agreement, **changes: Any) -> Json:
    """Return `spec.lease` of an order."""
    return {
        "customer": account("customer"),
        "slot": hexed(SLOT),
        "tower": account("tower"),
        "agreement": hexed(agreed.hash),
        **changes,
    }


def propose(
    world: HostWorld,
    agreed: Agreement | None = None,
    *,
    name: str = ORDER,
    canaries: str = CANARIES,
    token: str = PROBE_TOKEN,
    wished: Json | None = None,
    **changes: Any,
) -> None:
    """Lay the papers beside the order, and name them in it, as the home does."""
    agreed = agreed or agreement()
    texts = {"agreement.json": agreed.text, "canaries.json": canaries, "probe-token": token}
    meta = {"name": papers_secret(name), "namespace": AT_HOME}
    data = {key: encoded(text) for key, text in texts.items()}
    world.home.put(SECRET, {"metadata": meta, "data": data})
    slot = slot_id(home_uid=HOME_UID, deployment_uid="d-1", ordinal=agreed.slot)
    world.order(name, lease=wish(agreed, **{"slot": hexed(slot), **(wished or {})}), **changes)


def offered(world: HostWorld, name: str = ORDER) -> Given:
    """Return the offer that the home can see."""
    given = given_of({"status": world.order_status(name)})
    assert given is not None
    return given


def chain_of(world: HostWorld) -> FakeHostChain:
    """Return the chain in memory."""
    assert isinstance(world.chain, FakeHostChain)
    return world.chain


def edge_files(world: HostWorld) -> dict[str, str]:
    """Return what the edge's Secret holds."""
    return texts_of(world.local.at(SECRET, f"{ORDER}-edge", namespace=AT_HOST))


async def pricing(*, chain: HostChain | None = None, **spec: Any) -> HostWorld:
    """Return a host that serves one order and has a price for leases."""
    world = HostWorld(chain=chain or FakeHostChain())
    if isinstance(world.chain, FakeHostChain) and not world.chain.nodes:
        world.chain.nodes = [int(world.clock.now().timestamp())] * 2
    await served(world, **spec)
    return world


async def served(world: HostWorld, **spec: Any) -> None:
    """Let the host join with a price, and serve one order."""
    world.join(**{"lease": PRICE, **spec})
    await world.settle()
    world.order()
    await again(world)
    world.sign()
    await again(world)
    world.kubelet()
    await again(world)


async def looked(world: HostWorld) -> None:
    """Let the host look at the chain, and settle."""
    await world.watch_round()
    await again(world)


async def offering(**spec: Any) -> HostWorld:
    """Return a host that signed an offer."""
    world = await pricing(**spec)
    await world.watch_round()
    propose(world)
    await again(world)
    await again(world)
    return world


async def leasing(**spec: Any) -> HostWorld:
    """Return a host whose offer was taken."""
    world = await offering(**spec)
    chain_of(world).open(offered(world).offer)
    await looked(world)
    return world
