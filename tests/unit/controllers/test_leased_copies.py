"""A leased copy serves until its lease has ended on chain, whatever anybody says."""

import pytest

from fakes.host_world import (
    AT_HOME,
    HOME,
    ORDER,
    HostWorld,
    again,
    home_spec,
    order_spec,
)
from fakes.leasing import PRICE, chain_of, edge_files, leasing, looked, offered, offering
from modelbond.api.kinds import DEPLOYMENT, HOME_CLUSTER, MODEL_PLACEMENT, POD
from modelbond.errors import ApiUnreachable

OPEN_POLICY = home_spec()["policy"]


def serves(world: HostWorld) -> bool:
    return world.has_copy() and len(world.local.names(DEPLOYMENT)) == len(world.pods()) == 1


async def ended(world: HostWorld, *, after_seconds: int = 0) -> None:
    """Let every node be final so long after the lease's end."""
    (lease,) = chain_of(world).leases.values()
    end = lease.end * lease.slice_seconds
    chain_of(world).time_is(end + after_seconds)
    await looked(world)
    world.kubelet()
    await again(world)


async def test_a_withdrawn_order_is_served_until_the_lease_and_its_grace_are_over() -> None:
    world = await leasing()
    world.order(lease=world.copy()["spec"]["lease"], state="Withdrawn")
    await again(world)
    assert serves(world)
    assert world.reason("Ready") == "False/Withdrawing"
    assert world.order_status()["released"] is False
    assert world.order_status()["endpointRecord"]
    await ended(world)
    assert serves(world), "the owner leaves it ten minutes"
    await ended(world, after_seconds=601)
    await again(world)
    assert not world.has_copy()
    assert world.order_status()["released"] is True


async def test_an_offer_that_can_be_taken_binds_as_a_lease_does() -> None:
    world = await offering()
    offer = offered(world).offer
    world.order(state="Withdrawn")
    await again(world)
    assert serves(world)
    chain_of(world).time_is(offer.expiry + 1)
    await looked(world)
    world.kubelet()
    await again(world)
    assert not world.has_copy()


async def test_one_node_alone_ends_no_lease() -> None:
    world = await leasing()
    world.order(state="Withdrawn")
    (lease,) = chain_of(world).leases.values()
    chain_of(world).nodes = [(lease.end + 60) * 60, (lease.end - 1) * 60]
    await looked(world)
    assert serves(world)
    chain_of(world).nodes = [(lease.end + 60) * 60]
    await looked(world)
    assert serves(world)


async def test_a_host_with_one_node_believes_it() -> None:
    world = await leasing()
    chain = chain_of(world)
    chain.nodes, chain.witnesses = chain.nodes[:1], 1
    world.order(state="Withdrawn")
    await ended(world, after_seconds=601)
    assert not world.has_copy()


async def test_missing_chain_data_removes_nothing() -> None:
    world = await leasing()
    chain_of(world).goes_away()
    world.order(state="Withdrawn")
    world.clock.pass_by(10**8)
    world.restart()
    await looked(world)
    await again(world)
    assert serves(world)


async def test_an_offer_outlives_a_configuration_that_lost_its_chain() -> None:
    world = await leasing()
    offer = world.order_status()["offer"]
    world.chain = None
    world.order(state="Withdrawn")
    world.restart()
    await again(world)
    await again(world)
    assert serves(world)
    assert world.order_status()["offer"] == offer


async def test_the_owner_may_let_a_copy_serve_on_after_its_lease() -> None:
    world = await leasing(policy={**OPEN_POLICY, "afterLease": "keep"})
    await ended(world, after_seconds=10**6)
    assert serves(world)
    assert world.reason("BondActive") == "False/LeaseEnded"
    assert world.reason("Ready") == "True/Ready"
    world.order(state="Withdrawn")
    await again(world)
    world.kubelet()
    await again(world)
    assert not world.has_copy()


async def test_a_copy_whose_lease_ended_is_stopped_and_not_taken_again() -> None:
    world = await leasing()
    await ended(world, after_seconds=601)
    await again(world)
    assert not world.has_copy()
    assert world.reason("Accepted") == "False/LeaseEnded"
    world.restart()
    await again(world)
    await again(world)
    assert not world.has_copy()


async def test_the_probe_token_is_honoured_until_the_lease_ends() -> None:
    world = await leasing(policy={**OPEN_POLICY, "afterLease": "keep"})
    assert " probe;" in edge_files(world)["tokens.conf"]
    await ended(world)
    assert " probe;" not in edge_files(world)["tokens.conf"]
    assert "rate=12000r/m" in edge_files(world)["rates.conf"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": {**order_spec()["model"], "digest": "sha256:" + "cd" * 32}}, "model"),
        ({"resources": {"cpu": "2", "memory": "1Gi"}}, "resources"),
        ({"replicas": 0}, "replicas"),
        ({"runtime": "another"}, "runtime"),
    ],
)
async def test_no_change_of_the_order_touches_what_was_agreed(
    change: dict[str, object], field: str
) -> None:
    world = await leasing()
    before = world.copy()["spec"]
    world.order(**change)
    await again(world)
    world.kubelet()
    await again(world)
    assert world.copy()["spec"] == before
    assert serves(world)
    assert world.reason("Accepted") == "False/LeaseHolds"
    assert world.reason("Ready") == "True/Ready"
    accepted = [c for c in world.order_status()["conditions"] if c["type"] == "Accepted"]
    assert accepted[0]["message"].startswith(f"{field}: not changed")


async def test_a_change_of_where_weights_lie_is_taken_under_a_lease_too() -> None:
    world = await leasing()
    lease = world.copy()["spec"]["lease"]
    model = {**order_spec()["model"], "sources": ["http://files/moved/"]}
    world.order(model=model, lease=lease)
    await again(world)
    assert world.copy()["spec"]["model"]["sources"] == ["http://files/moved/"]
    assert world.reason("Accepted") == "True/Accepted"


async def test_a_drained_host_serves_its_leases_to_the_end_and_offers_no_more() -> None:
    world = await leasing()
    world.change_home(state="Drained")
    await again(world)
    assert serves(world)
    assert world.reason("Accepted") == "False/HostDrained"
    await ended(world, after_seconds=601)
    await again(world)
    assert not world.has_copy()


async def test_a_drained_host_makes_no_offer_anew() -> None:
    world = await offering()
    first = offered(world).offer
    world.change_home(state="Drained")
    await again(world)
    assert serves(world)
    chain_of(world).time_is(first.expiry + 1)
    await looked(world)
    world.kubelet()
    await again(world)
    assert not world.has_copy()
    assert len(chain_of(world).signed) == 1


async def test_a_leased_copy_is_no_orphan_to_be_removed() -> None:
    world = await leasing(policy={**OPEN_POLICY, "orphanAfter": "1s"})
    world.home.stored.pop((MODEL_PLACEMENT.plural, f"{AT_HOME}/{ORDER}"))
    await again(world)
    world.clock.pass_by(10**6)
    await again(world)
    assert serves(world)
    linked = world.copy()["status"]["conditions"][-1]
    assert linked["reason"] == "Orphaned"


async def test_a_dead_home_changes_nothing_of_a_lease() -> None:
    world = await leasing()
    before = world.copy()["status"]["offer"]
    world.home.fail(ApiUnreachable("no route"), times=10**6)
    world.restart()
    await looked(world)
    await again(world)
    assert serves(world)
    assert world.copy()["status"]["offer"] == before
    assert " probe;" in edge_files(world)["tokens.conf"]


async def test_pods_without_a_node_do_not_end_a_leased_copy() -> None:
    world = await leasing()
    pod = world.pods()[0]
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    pod["status"] = {"phase": "Pending", "conditions": [{**condition, "message": "0/1"}]}
    pod["spec"].pop("nodeName", None)
    world.local.put(POD, pod)
    await again(world)
    world.clock.pass_by(121)
    await again(world)
    assert serves(world)
    assert world.reason("Accepted") == "False/CapacityLost"


async def test_the_owners_deletion_of_the_home_ends_leased_copies_too() -> None:
    world = await leasing()
    uid = world.local.at(HOME_CLUSTER, HOME)["metadata"]["uid"]
    await world.local.delete(HOME_CLUSTER, HOME, uid=uid)
    await again(world)
    world.kubelet()
    await again(world)
    assert not world.has_copy()


async def test_another_price_touches_no_open_lease() -> None:
    world = await leasing()
    before = world.order_status()
    world.change_home(lease={**PRICE, "rate": "77"})
    await again(world)
    assert world.order_status() == before
