"""A cluster that is its own host: the home's Service must lead to pods, not to node ports."""

from fakes.host_world import HOST_UID, HostWorld, again
from modelbond.api.kinds import POD


async def own_host(**spec: object) -> HostWorld:
    """Return a cluster that serves one order of itself by two pods."""
    world = HostWorld(home_uid=HOST_UID)
    world.join(**spec)
    await world.settle()
    world.order(replicas=2)
    await again(world)
    world.sign()
    await again(world)
    world.kubelet()
    await again(world)
    return world


async def test_a_cluster_that_is_its_own_host_publishes_its_ready_pods() -> None:
    world = await own_host()
    assert world.reason("Ready") == "True/Ready"
    assert world.order_status()["endpoints"] == [
        {"address": "10.244.0.1", "port": 8443},
        {"address": "10.244.0.2", "port": 8443},
    ]


async def test_endpoints_follow_the_pods_as_they_come_and_go() -> None:
    world = await own_host()
    first, _ = world.pods()
    first["status"]["conditions"][1]["status"] = "False"
    world.local.put(POD, first)
    await world.sync()
    await world.settle()
    assert world.order_status()["endpoints"] == [{"address": "10.244.0.2", "port": 8443}]
    world.kubelet()
    await world.sync()
    await world.settle()
    assert len(world.order_status()["endpoints"]) == 2


async def test_unchanged_pods_write_nothing() -> None:
    world = await own_host()
    before = len(world.home.writes()), len(world.local.writes())
    await again(world)
    assert (len(world.home.writes()), len(world.local.writes())) == before


async def test_addresses_that_the_owner_named_stand_at_home_too() -> None:
    world = await own_host(endpoint={"addresses": ["192.0.2.1"]})
    assert world.order_status()["endpoints"] == [{"address": "192.0.2.1", "port": 30000}]
