"""Watchers that are started again: at any step of a frame, on an older disk, or on an empty one."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fakes.watchers import FRAME, Watcher, World, world
from modelbond.settlement.units import FrameIndex
from modelbond.sla.evidence_text import evidence_of
from modelbond.watcher.record_keeper import NOT_ASKED

NEXT, AFTER_NEXT = FrameIndex(FRAME + 1), FrameIndex(FRAME + 2)
SQLITE = ("signed.sqlite", "signed.sqlite-wal", "signed.sqlite-shm")


@pytest.fixture
async def three(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


@pytest.fixture
async def two_of_three(three: World) -> World:
    """Two are a quorum, so nothing is reported without the one that is started again."""
    await three.watchers[2].stop()
    return three


def counted(three: World) -> list[int]:
    entry = three.tower.posted[-1]
    texts = (one.parts.store.text(entry.report.data_hash) for one in three.awake)
    found = evidence_of(next(text for text in texts if text is not None))
    who = [one.watcher for one in found.inputs.vectors]
    return [one.place for one in three.watchers if one.address in who]


def signing(watcher: Watcher) -> str:
    return str(watcher.parts.status()["signing"])


def without_record(watcher: Watcher) -> None:
    for name in SQLITE:
        (watcher.folder / name).unlink(missing_ok=True)


def without_board(watcher: Watcher) -> None:
    for path in watcher.folder.glob("board.sqlite*"):
        path.unlink()


@pytest.mark.parametrize("seconds", [0.5, 1.25, 2.5, 3.25, 4.0, 4.25, 4.75, 5.5])
async def test_a_watcher_that_is_started_again_within_a_frames_report_takes_part_in_it(
    two_of_three: World, seconds: float
) -> None:
    """Before its hash, between hash and vector, before its signature, and after it."""
    three, victim = two_of_three, two_of_three.watchers[0]
    await three.ended()
    await three.until_time(three.times().ends_at + seconds)
    await victim.stop()
    await three.start(victim)
    await three.reported()
    await three.until_time(three.clock.time + 6)
    assert len(three.tower.posted) == 1
    assert counted(three) == [0, 1]
    assert three.nobody_signed_twice()


async def test_a_lost_board_is_not_made_up_from_others_pages(two_of_three: World) -> None:
    """Who was not there cannot know what came in time: the frame is not signed by it."""
    three, victim = two_of_three, two_of_three.watchers[0]
    await three.ended()
    await three.until_time(three.times().cut_off - 0.25)
    await victim.stop()
    without_board(victim)
    await three.start(victim)
    await three.until_time(three.clock.time + 12)
    assert three.tower.posted == []
    assert any("came too late" in reason for reason in victim.refusals(FRAME).values())


async def test_a_record_from_a_backup_is_found_out_by_what_others_hold(three: World) -> None:
    victim = three.watchers[0]
    await three.reported()
    await victim.stop()
    backup = three.watchers[0].folder.with_name("backup")
    shutil.copytree(victim.folder, backup)
    await three.start(victim)
    await three.reported(NEXT)
    await three.until_time(three.clock.time + 3)
    await victim.stop()
    shutil.rmtree(victim.folder)
    shutil.copytree(backup, victim.folder)
    await three.start(victim)
    await three.until_time(three.clock.time + 1)
    assert f"has a signature of this key for frame {NEXT}" in signing(victim)
    await three.reported(AFTER_NEXT)
    assert counted(three) == [1, 2]
    assert AFTER_NEXT not in {
        signed.report.frame
        for frame in victim.parts.boards.frames
        for signed in victim.board(frame).signatures_of(victim.address)
    }
    await victim.stop()
    await three.start(victim, new_record=True)
    await three.reported(FrameIndex(FRAME + 3))
    await three.reported(FrameIndex(FRAME + 4))
    assert signing(victim) == "ok"
    assert counted(three) == [0, 1, 2]


async def test_an_absent_record_of_a_key_that_signed_waits_for_a_persons_word(
    three: World,
) -> None:
    await three.reported()
    victim = three.watchers[min(three.tower.posted[0].places)]
    await victim.stop()
    without_record(victim)
    without_board(victim)
    await three.start(victim)
    await three.ended(NEXT)
    await three.until_time(three.clock.time + 3)
    assert "--new-record" in signing(victim)
    assert not (victim.folder / SQLITE[0]).exists()
    await three.reported(NEXT)
    assert victim.place not in counted(three)


async def test_an_absent_record_is_found_out_by_the_chain_alone(three: World) -> None:
    await three.reported()
    await three.until_time(three.clock.time + 5)
    victim = three.watchers[min(three.tower.posted[0].places)]
    for one in three.watchers:
        await one.stop()
    without_record(victim)
    without_board(victim)
    await three.start(victim)
    await three.until_time(three.clock.time + 3)
    assert "the chain has a signature of this key" in signing(victim)


async def test_with_a_new_record_the_frame_in_progress_is_not_signed_and_the_next_one_is(
    two_of_three: World,
) -> None:
    three, victim = two_of_three, two_of_three.watchers[0]
    await three.reported()
    await victim.stop()
    without_record(victim)
    await three.start(victim, new_record=True)
    await three.ended(NEXT)
    await three.until_time(three.clock.time + 15)
    assert three.tower.newest == FRAME
    assert victim.board(NEXT).signatures_of(victim.address) == []
    await three.reported(AFTER_NEXT, within_seconds=100)
    assert counted(three) == [0, 1]


async def test_nothing_is_signed_before_the_chain_and_the_others_were_asked(three: World) -> None:
    victim = three.watchers[0]
    await three.reported()
    await victim.stop()
    three.tower.down = True
    await three.start(victim)
    await three.ended(NEXT)
    await three.until_time(three.clock.time + 3)
    assert signing(victim) == NOT_ASKED
    assert victim.parts.keeper.pen is not None
    assert victim.board(FRAME).commitments(victim.address)
    three.tower.down = False
    await three.until_time(three.clock.time + 1)
    assert signing(victim) == "ok"


async def test_a_round_that_began_before_the_process_is_not_signed_by_it(
    two_of_three: World,
) -> None:
    """Whatever a lost record held is of an older round, so even its loss makes no equivocation."""
    three, victim = two_of_three, two_of_three.watchers[0]
    await three.ended()
    await three.until_time(three.times().cut_off - 0.25)
    await victim.stop()
    three.clock.time = three.times().cut_off + 0.5
    await three.start(victim)
    await three.until_time(three.times().round_begins(2) - 0.25)
    assert victim.board(FRAME).signatures_of(victim.address) == []
    await three.reported()
    assert three.tower.posted[0].report.round > 1
