"""What the host's own API server refuses is said, and does not hold an order for ever."""

import pytest

from fakes.host_world import AT_HOST, ORDER, HostWorld, again, joined, serving
from modelbond.api.kinds import DEPLOYMENT, POD, SERVICE, Kind
from modelbond.errors import Forbidden, Invalid, ModelbondError
from modelbond.ports.process import Again

QUOTA = Forbidden("services is forbidden: exceeded quota: small")


async def refusing(kind: Kind, refusal: ModelbondError = QUOTA) -> HostWorld:
    """Return a host with a signed order of which one kind of object is refused."""
    world = await joined()
    world.local.fail(refusal, verb="create", kind=kind, times=1000)
    world.order()
    await again(world)
    world.sign()
    await again(world)
    return world


@pytest.mark.parametrize("kind", [SERVICE, DEPLOYMENT])
@pytest.mark.parametrize("refusal", [QUOTA, Invalid("no node port is left by quota")])
async def test_an_object_that_is_refused_is_said_with_the_reason(
    kind: Kind, refusal: ModelbondError
) -> None:
    world = await refusing(kind, refusal)
    assert world.reason("Accepted") == "True/Accepted"
    assert world.reason("Ready") == "False/ObjectRefused"
    assert "quota" in world.order_status()["conditions"][0]["message"]
    assert world.copy()["status"]["conditions"][0]["reason"] == "ObjectRefused"
    told = next(each for each in world.events.told if each.reason == "ObjectRefused")
    assert (told.about, told.type) == (f"{AT_HOST}/{ORDER}", "Warning")


async def test_an_order_whose_objects_are_refused_for_two_minutes_is_given_back() -> None:
    world = await refusing(SERVICE)
    world.clock.pass_by(119)
    await again(world)
    assert world.has_copy()
    world.clock.pass_by(2)
    await again(world)
    await again(world)
    assert not world.has_copy()
    assert world.reason("Accepted") == "False/ObjectRefused"
    assert world.order_status()["released"] is True
    world.restart()
    await again(world)
    assert not world.has_copy(), "only trying could tell, so the answer stands"


async def test_an_object_that_is_taken_after_all_lets_the_copy_go_on() -> None:
    world = await refusing(DEPLOYMENT)
    assert Again(seconds=5.0) in world.outcomes.values()
    world.local.faults.clear()
    world.clock.pass_by(100)
    await again(world)
    world.kubelet()
    await again(world)
    assert world.reason("Ready") == "True/Ready"


async def test_pods_that_a_quota_keeps_from_being_made_are_said() -> None:
    world = await joined()
    world.order()
    await again(world)
    world.sign()
    await again(world)
    deployment = next(iter(world.local.objects(DEPLOYMENT).values()))
    message = "pods is forbidden: exceeded quota: small"
    failure = {"type": "ReplicaFailure", "status": "True", "message": message}
    world.local.put(DEPLOYMENT, {**deployment, "status": {"conditions": [failure]}})
    await again(world)
    assert world.reason("Ready") == "False/ObjectRefused"
    assert world.local.names(POD) == []


async def test_a_refused_change_does_not_take_down_what_serves() -> None:
    world = await serving()
    world.local.fail(QUOTA, verb="merge", kind=DEPLOYMENT, times=1000)
    world.order(replicas=2)
    await again(world)
    assert world.reason("Ready") == "False/ObjectRefused"
    assert world.reason("EndpointReady") == "True/EndpointServing"
    world.clock.pass_by(121)
    await again(world)
    assert world.has_copy()
    assert world.reason("Accepted") == "False/ObjectRefused", "the home looks for another host"
