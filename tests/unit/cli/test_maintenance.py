"""`modelbond maintenance` writes a window on a leased copy, and refuses what no contract takes."""

import pytest

from fakes.host_world import AT_HOST, HOME, ORDER, serving
from fakes.leasing import leasing
from modelbond.cli.maintenance import announced
from modelbond.errors import Refused

LATER = "2026-01-03T00:00:00Z/30m"


async def test_a_window_is_written_on_the_copy_and_nothing_else_of_it_changes() -> None:
    world = await leasing()
    before = world.copy()
    now = int(world.clock.now().timestamp())
    said = await announced(world.local, copy=f"{HOME}/{ORDER}", text=LATER, now=now)
    assert f"kubectl describe mbp -n {AT_HOST} {ORDER}" in said
    after = world.copy()
    assert after["metadata"]["annotations"] == {"modelbond.io/maintenance": LATER}
    assert after["spec"] == before["spec"]
    assert after["status"] == before["status"]


async def test_a_window_that_begins_too_soon_is_refused() -> None:
    world = await leasing()
    now = int(world.clock.now().timestamp())
    with pytest.raises(Refused, match="too soon"):
        await announced(
            world.local, copy=f"{HOME}/{ORDER}", text="2026-01-01T01:00:00Z/30m", now=now
        )
    assert "annotations" not in world.copy()["metadata"]


@pytest.mark.parametrize(
    ("name", "why"),
    [(f"{HOME}/other", "no copy"), ("other", "no copy"), (f"{HOME}/{ORDER}", "no lease")],
)
async def test_without_a_lease_there_is_nothing_to_announce(name: str, why: str) -> None:
    world = await serving()
    with pytest.raises(Refused, match=why):
        await announced(world.local, copy=name, text=LATER, now=0)
