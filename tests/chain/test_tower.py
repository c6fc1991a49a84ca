"""WatchTower in domain words: reports, vetoes, stakes and proofs, on the deployed contract."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from anvil.market import BOUNTY, DAY, FRAME, GUARDIAN, OWNER, QUORUM, STAKE, WINDOW, Market
from anvil.node import blocks
from anvil.people import WATCHERS, key_of
from modelbond.adapters.chain.chain import Acting
from modelbond.adapters.chain.keys import Role
from modelbond.adapters.chain.tower_views import Posted, Reports
from modelbond.errors import Refused, Reverted
from modelbond.settlement.encoding import keccak
from modelbond.settlement.units import FrameIndex, Wei, address


@pytest.fixture
async def watcher(market: Market, tmp_path: Path) -> AsyncIterator[Acting]:
    async with market.acting(market.watchers[0], tmp_path) as made:
        yield made


@pytest.fixture
async def staker(market: Market, tmp_path: Path) -> AsyncIterator[Acting]:
    async with market.acting(key_of("staker", Role.STAKING), tmp_path) as made:
        yield made


async def standing(market: Market) -> tuple[Posted, ...]:
    await market.chain.mine(8)
    return (await market.view.tower.reports(Reports())).standing


async def test_a_report_with_a_quorums_signatures_stands_and_becomes_final(
    market: Market, watcher: Acting
) -> None:
    await market.chain.pass_by(2 * FRAME)
    report = await market.report(keccak(b"root"))
    signatures = {place: market.sign(report, place) for place in (3, 0, 2)}
    async with blocks(market.chain):
        await watcher.tower.post(report, signatures)
    (posted,) = await standing(market)
    assert posted.root == report.root
    assert posted.data_hash == report.data_hash
    assert posted.reference_block == report.reference_block
    assert (posted.ref.seq, posted.ref.frame, posted.ref.round) == (1, report.frame, 1)
    assert await market.view.tower.final_through(posted) is None
    await market.chain.pass_by(WINDOW)
    await market.chain.mine(8)
    through = (report.frame + 1) * FRAME
    assert await market.view.tower.final_through(posted) == through
    assert (await market.view.tower.progress()).reported_through == through


async def test_what_watchers_sign_is_the_towers_own_digest(market: Market) -> None:
    await market.chain.pass_by(FRAME)
    report = await market.report(keccak(b"root"))
    tower = market.view._watch_tower
    said = await tower.read("digestOf", report.values(), at="latest")
    assert said == report.digest(market.tower_domain)


async def test_too_few_signatures_are_refused_with_the_weights(
    market: Market, watcher: Acting
) -> None:
    await market.chain.pass_by(2 * FRAME)
    report = await market.report(keccak(b"root"))
    signatures = {place: market.sign(report, place) for place in (0, 1)}
    with pytest.raises(Reverted, match=r"WatchTowerQuorumMissed\(weight=2, total=4\)"):
        await watcher.tower.post(report, signatures)


async def test_reports_are_read_on_from_where_they_were_read_before_and_vetoes_drop_them(
    market: Market,
) -> None:
    for _ in range(3):
        await market.chain.pass_by(FRAME)
        await market.post(keccak(b"leaf"))
    before = await market.view.tower.reports(Reports(standing=await standing(market)))
    known = await market.view.tower.reports(Reports())
    first, second, third = known.standing
    assert [one.ref.seq for one in known.standing] == [1, 2, 3]
    assert before.next_block == known.next_block
    veto = (second.ref.values(), second.root, first.ref.values(), first.root)
    await market.do(GUARDIAN, "tower", "veto", *veto)
    await market.chain.mine(8)
    after = await market.view.tower.reports(known)
    assert after.standing == (first,)
    assert after.next_block > known.next_block
    assert await market.view.tower.reports(after) == after
    assert await market.view.tower.final_through(third) is None
    await market.chain.pass_by(FRAME)
    market.seq, market.root = 1, first.root
    await market.post(keccak(b"anew"))
    await market.chain.mine(8)
    assert [one.ref.seq for one in (await market.view.tower.reports(after)).standing] == [1, 2]


async def test_who_signed_two_reports_of_one_turn_is_slashed_once_and_for_all(
    market: Market, watcher: Acting
) -> None:
    culprit = address(market.watchers[3].address)
    one = await market.report(keccak(b"one"))
    other = replace(one, root=keccak(b"other"))
    prover = address(watcher.writer.address)
    before = await watcher.asset.balance(prover)
    async with blocks(market.chain):
        await watcher.tower.prove_equivocation(
            one,
            other,
            signature=market.sign(one, 3),
            other_signature=market.sign(other, 3),
        )
    seat = await market.view.tower.seat(culprit)
    assert seat is not None
    assert (seat.slashed, seat.stake) == (True, 0)
    assert await watcher.asset.balance(prover) == before + BOUNTY


async def test_reports_of_different_turns_prove_nothing_and_are_not_sent(
    market: Market, watcher: Acting
) -> None:
    one = await market.report(keccak(b"one"))
    other = replace(one, round=2)
    with pytest.raises(Refused, match="of one frame and round"):
        await watcher.tower.prove_equivocation(
            one, other, signature=market.sign(one, 3), other_signature=market.sign(other, 3)
        )


@pytest.mark.parametrize("length", [0, 64, 66])
async def test_a_signature_of_another_length_is_refused(
    market: Market, watcher: Acting, length: int
) -> None:
    report = await market.report(keccak(b"root"))
    with pytest.raises(Refused, match=f"{length} bytes"):
        await watcher.tower.post(report, {0: bytes(length)})


async def test_a_stall_is_refused_before_a_day_has_passed(market: Market, watcher: Acting) -> None:
    with pytest.raises(Reverted, match="WatchTowerNotStalled"):
        await watcher.tower.stall(once="too early")
    await market.chain.pass_by(2 * DAY)
    async with blocks(market.chain):
        await watcher.tower.stall(once="in time")
    assert (await market.view.tower.progress()).stalled_through > 0


async def test_a_stake_comes_in_and_goes_out_again_in_its_time(
    market: Market, staker: Acting
) -> None:
    signer = address(key_of("newcomer").address)
    assert await market.view.tower.seat(signer) is None
    await market.do(OWNER, "tower", "grantSeat", signer, staker.writer.address)
    async with blocks(market.chain):
        await staker.tower.stake(signer, Wei(STAKE), once="first")
        await staker.tower.leave_seat(signer, once="first")
    seat = await market.view.tower.seat(signer)
    assert seat is not None
    assert (seat.stake, seat.staker) == (STAKE, staker.writer.address.lower())
    assert seat.leaves_at is not None
    await market.chain.warp(seat.leaves_at)
    async with blocks(market.chain):
        await staker.tower.unstake(signer, once="first")
    assert await market.view.tower.seat(signer) is None


async def test_terms_and_table_are_those_of_the_deployment(market: Market) -> None:
    await market.chain.mine(8)
    terms = await market.view.tower.terms()
    assert terms.asset == market.deployment.asset
    assert (terms.frame_seconds, terms.window_seconds) == (FRAME, WINDOW)
    assert (terms.stake, terms.bounty) == (STAKE, BOUNTY)
    table = await market.view.tower.table(FrameIndex(await market.chain.time() // FRAME))
    assert [member.signer for member in table] == [
        address(watcher.address) for watcher in market.watchers
    ]
    assert sum(member.weight for member in table) == WATCHERS
    assert QUORUM * 3 >= WATCHERS * 2
