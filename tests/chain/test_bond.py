"""ModelBond in domain words, from the first bond to the last claim, on the deployed contracts."""

from pathlib import Path

import pytest

from anvil.market import DAY, FRAME, Market
from anvil.node import blocks
from anvil.people import key_of
from fakes.offers import leaf
from modelbond.adapters.chain.chain import Acting
from modelbond.errors import Reverted
from modelbond.settlement.lease import opened
from modelbond.settlement.leaves import pay_leaf
from modelbond.settlement.units import SliceCount, SliceIndex, Wei, address

BONDED = Wei(5_000_000)
SLICES = SliceCount(200)


async def begin(market: Market, host: Acting, customer: Acting) -> bytes:
    """Bond, and open the lease of the standard offer."""
    offer = market.offer()
    async with blocks(market.chain):
        await host.bond.bond(BONDED, once="first")
        return await customer.bond.open_lease(
            offer,
            signature=market.signed(offer),
            slices=SLICES,
            now=await market.chain.time(),
        )


async def test_a_bond_grows_by_what_was_said_and_free_bond_leaves_at_once(
    market: Market, host: Acting
) -> None:
    at = address(market.host.address)
    async with blocks(market.chain):
        await host.bond.bond(BONDED, once="first")
        await host.bond.bond(BONDED, once="second")
        await host.bond.bond(BONDED, once="second")
        await host.bond.withdraw_bond(Wei(1), once="a little")
    bond = await market.view.bond.bond_of(at)
    assert (bond.total, bond.free) == (2 * BONDED - 1, 2 * BONDED - 1)


async def test_an_opened_lease_is_the_one_that_was_computed_and_reserves_its_cover(
    market: Market, host: Acting, customer: Acting
) -> None:
    offer = market.offer()
    lease = await begin(market, host, customer)
    seen = await market.view.bond.lease(market.lease(offer))
    assert lease == market.lease(offer)
    assert seen is not None
    assert seen == opened(offer, slices=SLICES, time=(seen.first - 1) * 60 + 30)
    bond = await market.view.bond.bond_of(address(market.host.address))
    assert (bond.reserved, bond.free) == (offer.cover, BONDED - offer.cover)
    newest = await market.view.bond.newest_in(offer.slot, customer=offer.customer)
    assert newest == lease


async def test_what_was_never_opened_is_nothing(market: Market) -> None:
    offer = market.offer()
    await market.chain.mine(8)
    assert await market.view.bond.lease(market.lease(offer)) is None
    assert await market.view.bond.newest_in(offer.slot, customer=offer.customer) is None


async def test_opening_needs_no_allowance_where_the_token_takes_permits(
    market: Market, host: Acting, customer: Acting
) -> None:
    bond = market.deployment.model_bond.address
    await market.do(market.customer.address, "asset", "approve", bond, 0)
    await begin(market, host, customer)
    assert await market.view.bond.lease(market.lease(market.offer())) is not None


async def test_without_an_allowance_exactly_what_is_needed_is_approved(
    market: Market, host: Acting
) -> None:
    bond = market.deployment.model_bond.address
    await market.do(market.host.address, "asset", "approve", bond, 0)
    async with blocks(market.chain):
        await host.bond.bond(BONDED, once="first")
        await host.bond.bond(Wei(7), once="second")
    made = await market.view.bond.bond_of(address(market.host.address))
    assert made.total == BONDED + 7


async def test_more_slices_are_paid_for_and_notice_ends_a_lease(
    market: Market, host: Acting, customer: Acting
) -> None:
    offer = market.offer()
    lease = await begin(market, host, customer)
    async with blocks(market.chain):
        await customer.bond.top_up(offer, slices=SliceCount(50), once="more")
        await host.bond.close(offer)
    seen = await market.view.bond.lease(market.lease(offer))
    assert seen is not None
    assert seen.funded == 250
    assert seen.noticed is not None
    assert seen.first + offer.notice - 2 < seen.noticed <= seen.first + offer.notice + 2
    assert seen.end == seen.noticed
    assert lease == market.lease(offer)


async def test_maintenance_is_announced_for_its_period(market: Market, host: Acting) -> None:
    offer = market.offer(maintenance_notice=SliceCount(5))
    await market.do(market.host.address, "bond", "bond", BONDED)
    await market.open(offer, slices=SLICES)
    start = SliceIndex(await market.chain.time() // 60 + 20)
    async with blocks(market.chain):
        await host.bond.announce(offer, start=start, slices=SliceCount(30))
    lease = market.lease(offer)
    assert await market.view.bond.announced(lease, period=0) == 30
    assert await market.view.bond.announced(lease, period=1) == 0


async def test_a_breach_is_credited_and_the_stream_paid_and_all_dealt_out_in_the_end(
    market: Market, host: Acting, customer: Acting
) -> None:
    offer, chain = market.offer(), market.chain
    lease = market.lease(offer)
    await begin(market, host, customer)
    await chain.pass_by(2 * FRAME)
    part = leaf(60, 20, 4)
    proof = await market.final_proof(lease, part)
    async with blocks(chain):
        await customer.bond.settle(offer, part, proof)
        await host.bond.withdraw_stream(offer, part, proof)
    assert await market.view.bond.claimable(offer.customer) == 4 * offer.credit_per_slice
    assert await market.view.bond.pool_of(offer.tower) == 40 * offer.fee

    await chain.pass_by(DAY)
    whole = leaf(200, 30, 5)
    proof = await market.final_proof(lease, whole)
    async with blocks(chain):
        await host.bond.release(offer, whole, proof)
        before = await customer.asset.balance(offer.customer)
        await customer.bond.claim(once="at the end")
        await host.bond.claim(once="at the end")
    seen = await market.view.bond.lease(lease)
    assert seen is not None
    assert seen.released
    assert (seen.measured, seen.paid) == (whole, 170)
    refund = 30 * offer.rate + 5 * offer.credit_per_slice
    assert await customer.asset.balance(offer.customer) == before + refund
    bond = await market.view.bond.bond_of(offer.host)
    assert (bond.total, bond.reserved) == (BONDED - 5 * offer.credit_per_slice, 0)


async def test_a_silent_tower_frees_the_stream_and_then_the_lease(
    market: Market, host: Acting, customer: Acting
) -> None:
    offer, chain = market.offer(), market.chain
    await begin(market, host, customer)
    await chain.pass_by(2 * DAY)
    async with blocks(chain):
        await host.tower.stall(once="2 days")
        await host.bond.withdraw_stalled(offer, once="2 days")
        await chain.pass_by(9 * DAY)
        await host.bond.release_abandoned(offer)
    seen = await market.view.bond.lease(market.lease(offer))
    assert seen is not None
    assert seen.released
    assert seen.paid == 200
    progress = await market.view.tower.progress()
    assert progress.stalled_through > progress.reported_through


async def test_a_watcher_takes_what_reports_award_it(
    market: Market, host: Acting, customer: Acting, tmp_path: Path
) -> None:
    offer, chain = market.offer(), market.chain
    tower = market.deployment.watch_tower.address
    await begin(market, host, customer)
    await chain.pass_by(2 * FRAME)
    proof = await market.final_proof(market.lease(offer), leaf(60))
    async with blocks(chain):
        await host.bond.withdraw_stream(offer, leaf(60), proof)
    await chain.pass_by(FRAME)
    watcher = market.watchers[0]
    awarded = Wei(777)
    bond = market.deployment.model_bond.address
    at = address(watcher.address)
    paid = await market.final_proof_of(pay_leaf(bond=bond, watcher=at, awarded=awarded))
    async with market.acting(watcher, tmp_path) as acting, blocks(chain):
        await acting.bond.claim_pay(tower, awarded, paid)
    assert await market.view.bond.paid_to(at, tower=tower) == awarded


async def test_a_refusal_is_told_by_its_name_with_its_facts_before_anything_is_sent(
    market: Market, host: Acting
) -> None:
    nonce = await market.chain.nonce(market.host.address)
    with pytest.raises(
        Reverted, match=r"ModelBondBondTooSmall\(host=0x.*, free=0, needed=1\)"
    ) as c:
        await host.bond.withdraw_bond(Wei(1), once="nothing there")
    assert c.value.error == "ModelBondBondTooSmall"
    assert await market.chain.nonce(market.host.address) == nonce
    assert not await host.writer.begun("withdraw bond/1/nothing there")


async def test_a_refusal_of_the_token_or_the_tower_is_told_by_name_too(
    market: Market, host: Acting, tmp_path: Path
) -> None:
    poor = key_of("poor")
    await market.chain.fund(poor.address)
    async with market.acting(poor, tmp_path) as acting, blocks(market.chain):
        with pytest.raises(Reverted, match="ERC20InsufficientBalance"):
            await acting.bond.bond(Wei(5), once="too much")
    await market.do(market.host.address, "bond", "bond", BONDED)
    lease = await market.open(market.offer(), slices=SLICES)
    await market.chain.pass_by(2 * FRAME)
    proof = await market.final_proof(lease, leaf(60))
    other = leaf(61, 1, 0)
    with pytest.raises(Reverted, match="WatchTowerReportUnknown"):
        await host.bond.settle(market.offer(), other, proof)


async def test_a_call_that_reverts_in_its_block_says_why_and_can_be_tried_again(
    market: Market, host: Acting
) -> None:
    offer = market.offer()
    await market.do(market.host.address, "bond", "bond", BONDED)
    call = host.bond._call("withdrawBond", BONDED)
    await host.writer.intend(call, once=f"withdraw bond/{BONDED}/all")
    await market.open(offer, slices=SLICES)
    async with blocks(market.chain):
        with pytest.raises(Reverted, match=rf"BondTooSmall\(.*free={BONDED - offer.cover}"):
            await host.bond.withdraw_bond(BONDED, once="all")
        await host.bond.bond(offer.cover, once="more")
        await host.bond.withdraw_bond(BONDED, once="all")
    bond = await market.view.bond.bond_of(offer.host)
    assert (bond.total, bond.free) == (offer.cover, 0)
