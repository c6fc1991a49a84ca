"""Three watchers report to the deployed tower, each frame once, whoever fails or lies."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from anvil.market import BOUNTY
from anvil.reporter import POINTS, begun, errand
from anvil.reporting import FRAME, Stage, payer, stage
from fakes import crooks
from fakes.watchers import Watcher
from modelbond.adapters.chain.tower_views import Posted
from modelbond.settlement.leaves import lease_leaf
from modelbond.settlement.units import FrameIndex
from modelbond.sla.evidence import Evidence
from modelbond.sla.evidence_text import evidence_of
from modelbond.sla.tally import tree_of
from modelbond.sla.vector import vector_of
from modelbond.watcher.proving import NOTHING_AT_STAKE, OWN_KEY, PROVEN


@pytest.fixture
async def three(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as made:
        yield made


async def evidence(three: Stage) -> Evidence:
    """Return the newest standing report's evidence from anybody who has it."""
    posted = (await three.standing())[-1]
    texts = (one.parts.store.text(posted.data_hash) for one in three.awake)
    return evidence_of(next(text for text in texts if text is not None))


async def counted(three: Stage) -> list[int]:
    who = [one.watcher for one in (await evidence(three)).inputs.vectors]
    return [one.place for one in three.watchers if one.address in who]


async def test_watchers_that_agree_post_one_report_with_the_leaves_of_their_tally(
    three: Stage,
) -> None:
    await three.reported(FRAME)
    await three.until_time(three.clock.time + 10)
    (posted,) = await three.standing()
    found = await evidence(three)
    assert posted.ref.frame == FRAME
    assert posted.data_hash == found.hash
    tree = tree_of(found.result, bond=three.market.deployment.model_bond.address)
    assert tree is not None
    assert tree.root == posted.root
    leaf = found.result.leases[three.lease].leaf
    assert leaf.earned == leaf.through == 2
    assert lease_leaf(three.lease, leaf) in tree.leaves
    assert await counted(three) == [0, 1, 2]
    assert await three.posts() == 1


async def test_a_frame_is_reported_without_the_watcher_that_is_silent(three: Stage) -> None:
    await three.watchers[1].stop()
    await three.reported(FRAME)
    assert await counted(three) == [0, 2]


async def test_a_copy_of_anothers_vector_is_not_counted(three: Stage) -> None:
    copier = three.proposer(2, FRAME)
    await three.ended(FRAME)
    await three.until_time(three.times(FRAME).ends_at + 0.5)
    copier.asleep = True
    await three.until_time(three.times(FRAME).cut_off - 0.5)
    await copier.parts.exchange.poll()
    (letters,) = vector_of(crooks.shown(copier, frame=FRAME)[0].text).leases.values()
    copier.parts.boards.publish(FRAME, crooks.vector(copier, letters, frame=FRAME))
    await three.reported(FRAME)
    assert await counted(three) == [one.place for one in three.watchers if one is not copier]


async def until_it_proposes(three: Stage) -> Watcher:
    """Let all show their vectors, and return the proposer of round 2, which does nothing itself.

    Nobody proposes in round 1: no block after the frame's end is final when it begins.
    """
    first, crook = three.proposer(1, FRAME), three.proposer(2, FRAME)
    await three.ended(FRAME)
    await three.until_time(three.times(FRAME).cut_off)
    first.asleep = crook.asleep = True
    await three.until_time(three.times(FRAME).round_begins(2))
    first.asleep = False
    await crook.parts.reporter._read_chain()
    return crook


async def test_a_proposal_that_leaves_out_a_vector_is_refused_and_the_next_round_reports(
    three: Stage,
) -> None:
    crook = await until_it_proposes(three)
    kept = crooks.shown(crook, frame=FRAME)[:2]
    wrong = await crooks.proposal(crook, kept, round_=2, frame=FRAME)
    crook.parts.boards.publish(FRAME, wrong)
    await three.until_time(three.times(FRAME).round_begins(3) - 0.5)
    honest = [one for one in three.watchers if one is not crook]
    said = [one.refusals(FRAME).get(2, one.parts.reporter.waits) for one in honest]
    assert all("leaves out the vector" in one for one in said), said
    await three.reported(FRAME)
    (posted,) = await three.standing()
    assert posted.ref.round == 3
    assert await counted(three) == [0, 1, 2]


@pytest.mark.parametrize(("lie", "truth", "earned"), [("b", "g", 2), ("g", "b", 0)])
async def test_one_that_lies_is_outvoted(three: Stage, lie: str, truth: str, earned: int) -> None:
    liar, *honest = three.watchers
    liar.seen.letters = lie
    for one in honest:
        one.seen.letters = truth
    await three.reported(FRAME)
    leaf = (await evidence(three)).result.leases[three.lease].leaf
    assert (leaf.earned, leaf.breach) == (earned, 2 - earned)


async def test_a_vetoed_report_is_made_anew_in_a_higher_round_and_the_next_frame_follows_it(
    three: Stage,
) -> None:
    await three.reported(FRAME)
    (vetoed,) = await three.standing()
    await three.veto(vetoed)
    await three.until_time(three.clock.time + 6)
    assert await three.standing() == ()
    await three.reported(FRAME)
    (again,) = await three.standing()
    assert again.ref.round > vetoed.ref.round
    assert again.root == vetoed.root
    await three.reported(FrameIndex(FRAME + 1))
    assert [one.ref.frame for one in await three.standing()] == [FRAME, FRAME + 1]
    assert three.nobody_signed_twice()


async def test_a_report_whose_block_vanished_is_posted_exactly_once(three: Stage) -> None:
    await three.ended(FRAME)

    async def is_posted() -> bool:
        return await three.posts() == 1

    await three.until(is_posted, within_seconds=50)
    await three.market.chain.reorg(2)
    assert await three.posts() == 0
    await three.until_time(await three.market.chain.time() + 1)
    await three.reported(FRAME)
    await three.until_time(three.clock.time + 20)
    assert await three.posts() == 1
    assert len(await three.standing()) == 1


async def test_who_signed_two_reports_of_one_round_loses_its_stake_by_the_others_proof(
    three: Stage,
) -> None:
    crook = await until_it_proposes(three)
    vectors = crooks.shown(crook, frame=FRAME)
    for some in (vectors, vectors[:2]):
        made = await crooks.proposal(crook, some, round_=2, frame=FRAME)
        crook.parts.boards.publish(FRAME, made)
    seats = three.market.view.tower

    async def is_slashed() -> bool:
        seat = await seats.seat(crook.address)
        return seat is not None and seat.slashed

    await three.until(is_slashed, within_seconds=60)
    seat = await seats.seat(crook.address)
    assert seat is not None
    assert seat.stake == 0
    await three.until_time(three.clock.time + 10)
    assert await three.market.events("tower", "Equivocated") == 1
    witnesses = [one for one in three.watchers if one is not crook]
    said = [one.parts.status()["equivocations"][0]["proof"] for one in witnesses]
    assert set(said) <= {PROVEN, NOTHING_AT_STAKE}
    assert crook.parts.status()["equivocations"][0]["proof"] == OWN_KEY
    bounties = [await three.tokens_of(payer(one.place)) for one in witnesses]
    assert sorted(bounties) == [0, BOUNTY]
    await three.until_time(await three.market.chain.time() + 1)
    await three.reported(FRAME)
    assert crook.place not in signers_of((await three.standing())[-1])


def signers_of(posted: Posted) -> list[int]:
    return [place for place in range(3) if posted.signed_at(place)]


@pytest.mark.parametrize("point", POINTS)
async def test_a_watcher_that_is_killed_takes_part_again_and_the_frame_is_reported_once(
    three: Stage, point: str
) -> None:
    """Two are left, so nothing is reported without the one that is killed, and no other pays."""
    victim, other, third = three.watchers
    await third.stop()
    other.pays.cannot_pay = True
    await victim.stop()
    dying = await begun(three, errand(three, victim, point=point))
    await three.ended(FRAME)

    async def is_gone() -> bool:
        return dying.is_gone

    await three.until(is_gone, within_seconds=50)
    assert dying.process.returncode == -signal.SIGKILL
    await three.start(victim)
    await three.reported(FRAME)
    await three.until_time(three.clock.time + 10)
    assert await three.posts() == 1
    assert await counted(three) == [0, 1]
    assert three.nobody_signed_twice()
