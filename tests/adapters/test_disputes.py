"""Watchers that do not keep to the rules: what the others refuse, and that they report anyway."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from fakes import crooks
from fakes.frames import LEASE
from fakes.watchers import FRAME, Watcher, World, skewed, world
from modelbond.settlement.encoding import keccak
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.units import FrameIndex
from modelbond.sla.evidence import Evidence
from modelbond.sla.evidence_text import evidence_of
from modelbond.sla.exchanged import Page
from modelbond.sla.merging import Drop
from modelbond.sla.vector import vector_of
from modelbond.watcher.reporting_ports import FrameOutcome

NEXT = FrameIndex(FRAME + 1)


@pytest.fixture
async def three(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


def evidence(three: World) -> Evidence:
    (entry,) = three.tower.posted
    texts = (one.parts.store.text(entry.report.data_hash) for one in three.awake)
    return evidence_of(next(text for text in texts if text is not None))


def counted(three: World) -> list[int]:
    who = [one.watcher for one in evidence(three).inputs.vectors]
    return [one.place for one in three.watchers if one.address in who]


def honest(three: World, crook: Watcher) -> list[Watcher]:
    return [one for one in three.watchers if one is not crook]


async def until_the_first_round(three: World) -> Watcher:
    """Let all show their vectors, and return the first proposer, which does nothing by itself."""
    await three.ended()
    await three.until_time(three.times().cut_off - 0.25)
    crook = three.proposer(1)
    crook.asleep = True
    three.clock.time = float(three.times().cut_off)
    return crook


async def test_a_proposal_that_leaves_out_a_vector_is_refused_and_the_next_round_reports(
    three: World,
) -> None:
    crook = await until_the_first_round(three)
    kept = [one for one in crooks.shown(crook) if one.watcher == crook.address]
    left_out = next(one for one in honest(three, crook) if one is not three.proposer(2))
    kept += [one for one in crooks.shown(crook) if one.watcher == three.proposer(2).address]
    crook.parts.boards.publish(FRAME, await crooks.proposal(crook, kept, round_=1))
    await three.until_time(three.times().round_begins(2) - 0.25)
    for one in honest(three, crook):
        assert one.refusals(FRAME) == {
            1: f"it leaves out the vector of {left_out.address}, which came in time"
        }
    crook.asleep = False
    await three.reported()
    assert counted(three) == [0, 1, 2]
    assert three.tower.posted[0].report.round == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"root": keccak(b"another")}, "its root is"),
        ({"data_hash": keccak(b"another")}, "its data hash is"),
        ({"reference_block": 7}, "its reference block is 7"),
        ({"previous_root": keccak(b"another")}, "it follows"),
    ],
)
async def test_a_proposal_that_does_not_come_out_when_it_is_counted_again_is_refused(
    three: World, changes: dict[str, Any], reason: str
) -> None:
    crook = await until_the_first_round(three)
    wrong = await crooks.proposal(crook, crooks.shown(crook), round_=1, **changes)
    crook.parts.boards.publish(FRAME, wrong)
    await three.until_time(three.times().round_begins(2) - 0.25)
    for one in honest(three, crook):
        assert reason in one.refusals(FRAME)[1]
        assert one.parts.status()["refusals"][0]["round"] == 1
    await three.reported()
    assert three.tower.posted[0].report.round == 2


async def test_who_proposes_out_of_turn_is_not_heard(three: World) -> None:
    await until_the_first_round(three)
    early = three.proposer(2)
    early.asleep = True
    vectors = crooks.shown(early)
    early.parts.boards.publish(FRAME, await crooks.proposal(early, vectors, round_=1))
    await three.until_time(three.times().round_begins(2) - 0.25)
    (other,) = [one for one in three.watchers if not one.asleep]
    assert other.board(FRAME).proposal(1) is None
    assert other.parts.boards.dropped[Drop.OTHER_TURN]


async def test_a_copied_vector_comes_too_late_to_be_counted(three: World) -> None:
    await three.ended()
    copier = three.proposer(1)
    await three.until_time(three.times().ends_at + 0.25)
    copier.asleep = True
    await three.until_time(three.times().cut_off - 0.5)
    await copier.parts.exchange.poll()
    (letters,) = vector_of(crooks.shown(copier)[0].text).leases.values()
    copy = crooks.vector(copier, letters)
    copier.parts.boards.publish(FRAME, copy)
    await three.until_time(three.times().cut_off)
    vectors = crooks.shown(copier)
    assert copy in vectors
    copier.parts.boards.publish(FRAME, await crooks.proposal(copier, vectors, round_=1))
    await three.until_time(three.times().round_begins(2) - 0.25)
    for one in honest(three, copier):
        assert one.refusals(FRAME) == {
            1: f"it takes the vector of {copier.address}, whose commitment came too late"
        }
    await three.reported()
    assert counted(three) == [one.place for one in honest(three, copier)]


async def test_who_commits_to_two_vectors_is_not_counted_with_either(three: World) -> None:
    await three.ended()
    fork = three.watchers[0]
    fork.asleep = True
    good, bad = crooks.vector(fork, "ggg"), crooks.vector(fork, "bbb")
    await three.until_time(three.times().ends_at + 1)
    one, other = honest(three, fork)
    one.parts.boards.receive(Page(frame=FRAME, commitments=(crooks.commitment(good),)))
    other.parts.boards.receive(Page(frame=FRAME, commitments=(crooks.commitment(bad),)))
    await three.until_time(three.times().cut_off - 0.5)
    for each, shown in ((one, good), (other, bad)):
        each.parts.boards.receive(Page(frame=FRAME, vectors=(shown,)))
    await three.reported()
    assert counted(three) == [1, 2]


@pytest.mark.parametrize("seconds", [0.0, 0.25, 0.5, 0.75, 1.0])
async def test_publishing_at_the_last_moment_to_one_alone_does_not_split_the_others(
    three: World, seconds: float
) -> None:
    """Whenever it comes, all agree whether it counts, and the first rounds bring the report."""
    await three.ended()
    late = three.watchers[0]
    late.asleep = True
    vector = crooks.vector(late, "bbb")
    await three.until_time(three.times().commit_until + seconds)
    favoured, _ = honest(three, late)
    favoured.parts.boards.receive(Page(frame=FRAME, commitments=(crooks.commitment(vector),)))
    await three.until_time(three.times().cut_off - 0.25)
    favoured.parts.boards.receive(Page(frame=FRAME, vectors=(vector,)))
    await three.reported()
    assert three.tower.posted[0].report.round <= 3
    assert counted(three) == ([0, 1, 2] if seconds <= 0.5 else [1, 2])


async def test_who_signs_two_reports_of_one_round_is_seen_and_the_frame_is_reported(
    three: World,
) -> None:
    crook = await until_the_first_round(three)
    vectors = crooks.shown(crook)
    for place, chosen in enumerate((vectors, vectors[:2])):
        proposal = await crooks.proposal(crook, chosen, round_=1)
        page = Page(frame=FRAME, proposals=(proposal,))
        honest(three, crook)[place].parts.boards.receive(page)
    await three.until_time(three.times().round_begins(2) - 0.25)
    for one in honest(three, crook):
        mine, other = one.board(FRAME).equivocations()[crook.address]
        assert mine.report.equivocates(other.report)
        (said,) = one.parts.status()["equivocations"]
        assert (said["watcher"], said["frame"], said["round"]) == (crook.address, FRAME, 1)
    await three.reported()
    honestly = {one.address for one in honest(three, crook)}
    turns = three.signatures_by_turn().items()
    assert all(len(signed) == 1 for (signer, *_), signed in turns if signer in honestly)


@pytest.mark.parametrize("ahead_seconds", [-5.0, 5.0])
async def test_a_clock_that_is_off_costs_its_watcher_alone(
    three: World, ahead_seconds: float
) -> None:
    off = three.watchers[2]
    await off.stop()
    skewed(off, three.clock, ahead_seconds=ahead_seconds)
    await three.start(off)
    await three.reported()
    assert counted(three) == [0, 1]
    leaf = evidence(three).result.leases[LEASE].leaf
    assert leaf == Leaf(through=3, unearned=0, breach=0)


async def test_a_stranger_is_not_heard(three: World, tmp_path: Path) -> None:
    async with world(tmp_path / "others", number=4) as others:
        stranger = next(
            one
            for one in others.watchers
            if one.address not in [each.address for each in three.watchers]
        )
        await three.ended()
        await three.until_time(three.clock.time + 0.5)
        page = Page(frame=FRAME, vectors=(crooks.vector(stranger, "bbb"),))
        three.watchers[0].parts.boards.receive(page)
    assert three.watchers[0].parts.boards.dropped == {Drop.STRANGER: 1}
    await three.reported()
    assert counted(three) == [0, 1, 2]


async def test_a_frame_in_dispute_is_given_up_when_the_next_one_can_be_reported(
    three: World,
) -> None:
    """Of two that must agree, one is owed vectors that the other cannot know to be in time."""
    _, forgetful, absent = three.watchers
    await absent.stop()
    await three.ended()
    await three.until_time(three.times().cut_off - 0.25)
    await forgetful.stop()
    for path in forgetful.folder.glob("board.sqlite*"):
        path.unlink()
    await three.start(forgetful)
    await three.until_time(three.times(NEXT).ends_at - 1)
    assert three.tower.posted == []
    assert all(one.refusals(FRAME) for one in three.awake)
    await three.reported(NEXT)
    assert [entry.report.frame for entry in three.tower.posted] == [NEXT]
    assert evidence(three).result.leases[LEASE].unknown == 3
    await three.until_time(three.clock.time + 5)
    assert three.watchers[0].meter.frames == [FrameOutcome.MISSED, FrameOutcome.REPORTED]


async def test_a_frame_is_not_left_out_because_a_proposer_skips_it(three: World) -> None:
    """Nobody makes the others forget a frame, as long as they did not try it in vain."""
    for one in three.watchers:
        one.view.cannot_pay = True
    await three.ended()
    await three.until_time(three.times().round_begins(3))
    await three.ended(NEXT)
    await three.until_time(three.times(NEXT).cut_off - 0.25)
    crook = three.proposer(1, NEXT)
    crook.asleep = True
    three.clock.time = float(three.times(NEXT).cut_off)
    vectors = crooks.shown(crook, frame=NEXT)
    wrong = await crooks.proposal(crook, vectors, round_=1, frame=NEXT)
    crook.parts.boards.publish(NEXT, wrong)
    await three.until_time(three.times(NEXT).round_begins(2) - 0.25)
    for one in honest(three, crook):
        assert one.parts.reporter.waits[NEXT] == f"frame {FRAME} comes first"
        assert one.board(NEXT).signatures_of(one.address) == []
    for one in three.watchers:
        one.view.cannot_pay = False
    await three.reported(NEXT)
    assert [entry.report.frame for entry in three.tower.posted] == [FRAME, NEXT]
