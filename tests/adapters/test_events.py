"""Events: one object for each text, repeats counted, failures never the caller's trouble."""

import pytest

from fakes.kube import FakeKube
from fakes.ports import FakeClock
from modelbond.adapters.events import ApiEvents
from modelbond.api.kinds import EVENT, Json
from modelbond.errors import ApiUnreachable

ABOUT: Json = {
    "apiVersion": "modelbond.io/v1alpha1",
    "kind": "ModelDeployment",
    "metadata": {"namespace": "models", "name": "magika", "uid": "u", "resourceVersion": "7"},
}


class World:
    def __init__(self) -> None:
        self.kube = FakeKube()
        self.clock = FakeClock()
        self.events = ApiEvents(self.kube, clock=self.clock, instance="pod-1")

    async def declined(self, message: str = "no GPU is free") -> None:
        await self.events.warning(ABOUT, reason="Declined", message=message)

    def stored(self) -> list[Json]:
        return list(self.kube.objects(EVENT).values())


@pytest.fixture
def world() -> World:
    return World()


async def test_an_event_says_what_happened_to_which_object(world: World) -> None:
    await world.declined()

    [event] = world.stored()
    assert event["metadata"]["namespace"] == "models"
    assert (event["type"], event["reason"], event["note"]) == (
        "Warning",
        "Declined",
        "no GPU is free",
    )
    assert event["regarding"] == {
        "apiVersion": "modelbond.io/v1alpha1",
        "kind": "ModelDeployment",
        "namespace": "models",
        "name": "magika",
        "uid": "u",
        "resourceVersion": "7",
    }
    assert event["eventTime"] == "2026-01-01T00:00:00.000000Z"


async def test_repeats_within_a_minute_write_nothing(world: World) -> None:
    for _ in range(10):
        await world.declined()

    assert len(world.kube.writes()) == 1


async def test_a_repeat_later_counts_all_that_were_held_back(world: World) -> None:
    for _ in range(3):
        await world.declined()
    world.clock.pass_by(61)

    await world.declined()

    [event] = world.stored()
    assert event["series"] == {"count": 4, "lastObservedTime": "2026-01-01T00:01:01.000000Z"}


async def test_another_text_is_another_event(world: World) -> None:
    await world.declined("no GPU is free")
    await world.declined("the host is drained")
    await world.events.normal(ABOUT, reason="Declined", message="no GPU is free")

    assert len(world.stored()) == 3


async def test_after_an_hour_the_event_is_made_anew(world: World) -> None:
    await world.declined()
    world.clock.pass_by(3700)

    await world.declined()

    assert len(world.stored()) == 2


async def test_an_event_on_a_cluster_wide_object_goes_where_the_api_server_takes_it(
    world: World,
) -> None:
    about = {"kind": "HostCluster", "metadata": {"name": "alpha", "uid": "h"}}

    await world.events.normal(about, reason="Heard", message="alpha is back")

    [event] = world.stored()
    assert event["metadata"]["namespace"] == "default"
    assert "namespace" not in event["regarding"]


async def test_a_long_message_is_cut_to_what_the_api_server_takes(world: World) -> None:
    await world.declined("x" * 5000)

    assert len(world.stored()[0]["note"]) == 1024


async def test_a_failure_to_record_is_not_the_callers_trouble(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.kube.fail(ApiUnreachable("no route"))

    await world.declined()

    assert "event not recorded" in caplog.messages
