"""Three watchers, their exchange, a tower: one report a frame, whoever is silent, lies or dies."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.frames import LEASE
from fakes.tower import Entry
from fakes.watchers import FRAME, FRAME_SECONDS, World, world
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.units import FrameIndex
from modelbond.sla.evidence import Evidence
from modelbond.sla.evidence_text import evidence_of
from modelbond.watcher.reporting_ports import FrameOutcome

NEXT = FrameIndex(FRAME + 1)


@pytest.fixture
async def three(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def evidence(three: World, entry: Entry) -> Evidence:
    """Return a posted report's evidence from anybody who has it."""
    texts = (one.parts.store.text(entry.report.data_hash) for one in three.awake)
    text = next(text for text in texts if text is not None)
    return evidence_of(text)


def leaf(three: World, entry: Entry) -> Leaf:
    return evidence(three, entry).result.leases[LEASE].leaf


def places(three: World, entry: Entry) -> list[int]:
    """Return whose vectors a report holds."""
    who = [one.watcher for one in evidence(three, entry).inputs.vectors]
    return [one.place for one in three.watchers if one.address in who]


async def test_watchers_that_agree_report_a_frame_once(three: World) -> None:
    await three.reported()
    await three.until_time(three.clock.time + 10)
    (entry,) = three.tower.posted
    assert entry.report.frame == FRAME
    assert places(three, entry) == [0, 1, 2]
    assert leaf(three, entry) == Leaf(through=3, unearned=0, breach=0)
    assert three.tower.refused == []
    assert three.nobody_signed_twice()
    assert all(entry.report.data_hash in one.parts.store for one in three.watchers)
    assert [one.meter.lag for one in three.watchers] == [0, 0, 0]


async def test_frames_follow_one_another_on_the_last_ones_root(three: World) -> None:
    await three.reported()
    await three.reported(NEXT)
    first, second = three.tower.posted
    assert second.report.previous_root == first.report.root
    assert leaf(three, second).through == 6


async def test_a_frame_is_reported_without_a_watcher_that_is_down(three: World) -> None:
    await three.watchers[0].stop()
    await three.reported()
    (entry,) = three.tower.posted
    assert places(three, entry) == [1, 2]
    assert leaf(three, entry).earned == 3


async def test_a_watcher_that_commits_late_is_not_counted(three: World) -> None:
    late = three.watchers[1]
    late.asleep = True
    await three.ended()
    await three.until_time(three.times().commit_until + 0.75)
    late.asleep = False
    await three.reported()
    (entry,) = three.tower.posted
    assert places(three, entry) == [0, 2]


@pytest.mark.parametrize("lie", ["b", "g"])
async def test_one_that_lies_is_outvoted(three: World, lie: str) -> None:
    liar, *honest = three.watchers
    liar.seen.letters = lie
    for one in honest:
        one.seen.letters = "g" if lie == "b" else "b"
    await three.reported()
    (entry,) = three.tower.posted
    assert leaf(three, entry).earned == (3 if lie == "b" else 0)


async def test_watchers_that_know_nothing_report_unknown_slices(three: World) -> None:
    for one in three.watchers:
        one.seen.letters = "u"
    await three.reported()
    (entry,) = three.tower.posted
    assert evidence(three, entry).result.leases[LEASE].unknown == 3


async def test_a_tower_with_nothing_to_report_posts_nothing_and_begins_with_the_first_lease(
    three: World,
) -> None:
    lease = three.tower.open_leases.pop(LEASE)
    await three.ended()
    await three.until_time(three.clock.time + 20)
    assert three.tower.posted == []
    assert three.watchers[0].parts.reporter.waits == {FRAME: "there is nothing to report"}
    await three.ended(NEXT)
    three.tower.open_leases[LEASE] = lease
    await three.until_time(three.clock.time + 1)
    await three.reported(NEXT)
    assert [entry.report.frame for entry in three.tower.posted] == [NEXT]
    await three.until_time(three.clock.time + 5)
    assert three.watchers[0].meter.frames == [FrameOutcome.EMPTY, FrameOutcome.REPORTED]


async def test_a_frame_in_which_all_were_down_is_not_made_up_for_and_the_next_one_is_reported(
    three: World,
) -> None:
    for one in three.watchers:
        await one.stop()
    await three.ended()
    three.clock.time += 30
    for one in three.watchers:
        await three.start(one)
    await three.ended(NEXT)
    await three.reported(NEXT)
    (*_, entry) = three.tower.posted
    assert entry.report.frame == NEXT
    assert evidence(three, entry).result.leases[LEASE].leaf.through == 6
    assert evidence(three, entry).result.leases[LEASE].unknown == 3


async def test_frames_that_ended_while_the_chain_was_down_are_reported_in_their_order(
    three: World,
) -> None:
    await three.until_time(three.clock.time + 1)
    three.tower.down = True
    for frame in range(FRAME, FRAME + 3):
        await three.ended(FrameIndex(frame))
        await three.until_time(three.clock.time + 8)
    assert three.watchers[0].parts.status()["chain"] == "the chain is down"
    three.tower.down = False
    await three.reported(FrameIndex(FRAME + 2), within_seconds=100)
    assert [entry.report.frame - FRAME for entry in three.tower.posted] == [0, 1, 2]
    assert leaf(three, three.tower.posted[-1]) == Leaf(through=9, unearned=0, breach=0)


async def test_a_vetoed_report_is_made_anew_in_a_higher_round(three: World) -> None:
    await three.reported()
    await three.reported(NEXT)
    await three.until_time(three.clock.time + 6)
    three.tower.veto()
    three.tower.veto()
    await three.reported(NEXT, within_seconds=2 * FRAME_SECONDS)
    first, second = three.tower.posted
    vetoed = {one.report.frame: one.report for one in three.tower.gone}
    assert first.report.round > vetoed[FRAME].round
    assert second.report.round > vetoed[NEXT].round
    assert first.report.root == vetoed[FRAME].root
    assert three.nobody_signed_twice()


async def test_a_report_whose_block_vanished_is_posted_again(three: World) -> None:
    await three.reported()
    three.tower.reorg()
    await three.reported()
    (entry,) = three.tower.posted
    assert entry.report.frame == FRAME
    assert three.nobody_signed_twice()


async def test_others_post_where_the_one_whose_turn_it_is_cannot_pay(three: World) -> None:
    await three.ended()
    for one in three.watchers[1:]:
        one.view.cannot_pay = True
    await three.reported()
    assert len(three.tower.posted) == 1
