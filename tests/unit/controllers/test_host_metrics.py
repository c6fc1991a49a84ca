"""What a host shows to Prometheus: zeros at first, the truth later, and nothing of what is gone."""

import pytest
from prometheus_client import REGISTRY

from fakes.host_world import AT_HOME, HOME, ORDER, again, joined, serving
from modelbond.api.kinds import HOME_CLUSTER, MODEL_PLACEMENT
from modelbond.controllers import host_metrics


@pytest.fixture(autouse=True)
def _nothing_shown_before() -> None:
    host_metrics.begin(HOME)
    host_metrics.end(HOME)


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"modelbond_host_{name}", {"home": HOME, **labels})


async def test_a_new_home_shows_zeros_and_its_link() -> None:
    world = await joined()
    await again(world)
    assert shown("link_connected") == 1
    assert (shown("link_token_expiry_timestamp_seconds") or 0) > world.clock.now().timestamp()
    assert shown("copies", state="serving") == 0
    assert shown("declines_total", reason="NoCapacity") == 0
    assert shown("accepted_to_ready_seconds_count") == 0


async def test_copies_are_counted_by_what_they_do() -> None:
    world = await serving()
    assert shown("copies", state="serving") == 1
    assert shown("accepted_to_ready_seconds_count") == 1
    world.order(replicas=0)
    await again(world)
    assert (shown("copies", state="serving"), shown("copies", state="paused")) == (0, 1)
    world.home.stored.pop((MODEL_PLACEMENT.plural, f"{AT_HOME}/{ORDER}"))
    await again(world)
    assert (shown("copies", state="paused"), shown("copies", state="orphaned")) == (0, 1)


async def test_a_copy_that_ends_is_counted_until_it_is_gone() -> None:
    world = await serving()
    world.order(state="Withdrawn")
    await again(world)
    assert shown("copies", state="ending") == 1
    world.kubelet()
    await again(world)
    assert shown("copies", state="ending") == 0


async def test_a_decline_is_counted_once_by_its_reason() -> None:
    world = await joined(quota={"cpu": "500m", "memory": "16Gi"})
    world.order()
    await again(world)
    world.clock.pass_by(61)
    await again(world)
    assert shown("declines_total", reason="QuotaExceeded") == 1


async def test_nothing_is_shown_of_a_home_that_is_gone() -> None:
    world = await serving()
    uid = world.local.at(HOME_CLUSTER, HOME)["metadata"]["uid"]
    await world.local.delete(HOME_CLUSTER, HOME, uid=uid)
    await again(world)
    world.kubelet()
    await again(world)
    assert shown("link_connected") is None
    assert shown("copies", state="serving") is None
    assert shown("declines_total", reason="QuotaExceeded") is None
    assert shown("accepted_to_ready_seconds_count") is None
