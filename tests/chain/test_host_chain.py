"""A host's whole way with a lease, on the deployed contracts and by its own key."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from anvil.market import DAY, FRAME, Market
from anvil.node import blocks
from anvil.writers import LIMITS, POLICY, QUICKLY, pool_of
from fakes.host_world import HostWorld, again
from fakes.leasing import agreement, offered, propose, served
from fakes.offers import leaf
from fakes.ports import FakeSupervisor
from modelbond.adapters.chain.chain import Acting
from modelbond.adapters.chain.configured import ConfiguredChain
from modelbond.adapters.chain.host_chain import HostChain
from modelbond.adapters.chain.offer_book import OfferFolder
from modelbond.adapters.chain.signatures import signer_of
from modelbond.controllers.host_treasury import HostTreasury
from modelbond.controllers.lease_results import Results
from modelbond.errors import ChainUnreachable, Reverted
from modelbond.reconcile.host_lease import Given
from modelbond.reconcile.host_lease_record import record_in
from modelbond.settlement.leaves import Leaf, lease_leaf
from modelbond.settlement.place import ChainPlace
from modelbond.settlement.report import FinalReport
from modelbond.settlement.units import LeaseId, SliceCount, SliceIndex, SlotId, Wei, address
from modelbond.sla.evidence import Measured, Result

COVER = 1_000_000
EARNED_EACH = 1_000 - 50


def place_of(market: Market) -> ChainPlace:
    deployment = market.deployment
    return ChainPlace(
        chain_id=deployment.chain_id,
        bond=deployment.model_bond.address,
        asset=deployment.asset,
        tower=deployment.watch_tower.address,
    )


@pytest.fixture
async def chain(market: Market, tmp_path: Path) -> AsyncIterator[HostChain]:
    made = ConfiguredChain(
        chain=market.view, place=place_of(market), pool=market.pool, ledgers=tmp_path
    )
    chain = HostChain(
        made,
        key=market.host,
        supervisor=FakeSupervisor(),
        policy=POLICY,
        poll_seconds=QUICKLY,
        patience_seconds=20,
    )
    yield chain
    await chain.close_down()


@dataclass(slots=True)
class Reported:
    """The final report that a test posted, as ports of evidence would find it."""

    market: Market
    results: Results | None = None

    async def newest(self) -> Results | None:
        return self.results

    async def say(self, lease: LeaseId, counted: Leaf) -> None:
        """Post a report with that leaf, and let it become final."""
        ref, tree = await self.market.post(lease_leaf(lease, counted))
        await self.market.chain.pass_by(6 * 3600)
        await self.market.chain.finalize()
        report = FinalReport(ref=ref, root=tree.root, data_hash=tree.root, through=0)
        result = Result(leases={lease: Measured(leaf=counted)})
        self.results = Results(report=report, result=result, tree=tree)


async def world_on(market: Market, chain: HostChain, folder: Path) -> HostWorld:
    """Return a host that serves one order, at the chain's time."""
    world = HostWorld(chain=chain, book=OfferFolder(folder / "offers"), target=Wei(COVER))
    world.clock.start = datetime.fromtimestamp(await market.chain.time(), tz=UTC)
    await served(world)
    return world


async def look(world: HostWorld, market: Market) -> None:
    await market.chain.finalize()
    await world.watch_round()
    await again(world)


def treasury_of(
    world: HostWorld, chain: HostChain, reported: Reported, *, takes_back: bool = False
) -> HostTreasury:
    assert world.watch is not None
    return HostTreasury(
        chain=chain,
        watch=world.watch,
        results=reported,  # type: ignore[arg-type]
        copies=world.copies,
        homes=world.homes,
        events=world.events,
        clock=world.clock,
        withdraw_seconds=3600,
        takes_back=takes_back,
    )


async def offered_by(world: HostWorld, market: Market, chain: HostChain) -> Given:
    """Let the home propose, and the host bond and sign."""
    await look(world, market)
    who = {"customer": address(market.customer.address), "tower": chain.place.tower}
    async with blocks(market.chain):
        propose(world, agreement(), wished=who)
        await again(world)
        await again(world)
    assert world.reason("BondActive") == "False/Offered"
    return offered(world)


async def leased_by(world: HostWorld, market: Market, customer: Acting, given: Given) -> LeaseId:
    """Let the customer take the offer, and the host see it."""
    async with blocks(market.chain):
        lease = await customer.bond.open_lease(
            given.offer,
            signature=given.signature,
            slices=SliceCount(1_000),
            now=await market.chain.time(),
        )
    await look(world, market)
    assert world.reason("BondActive") == "True/LeaseOpen"
    return lease


async def goes_round(treasury: HostTreasury, market: Market) -> None:
    async with blocks(market.chain):
        await treasury.round()


async def test_a_host_bonds_offers_is_leased_says_where_and_takes_its_stream(
    market: Market, chain: HostChain, customer: Acting, tmp_path: Path
) -> None:
    world, host = await world_on(market, chain, tmp_path), address(market.host.address)
    given = await offered_by(world, market, chain)
    assert (await market.view.bond.bond_of(host)).free == COVER

    lease = await leased_by(world, market, customer, given)
    signed = record_in({"status": world.order_status()})
    assert signed is not None
    assert signed.record.lease == lease
    assert signer_of(signed.record.digest(chain.place.endpoints), signed.signature) == host

    reported = Reported(market)
    await market.chain.pass_by(2 * FRAME)
    await reported.say(lease, leaf(60, 20, 4))
    await look(world, market)
    before = int(await market.view._asset.read("balanceOf", host))
    await goes_round(treasury_of(world, chain, reported), market)
    assert int(await market.view._asset.read("balanceOf", host)) == before + 40 * EARNED_EACH
    credited = 4 * given.offer.credit_per_slice
    assert await market.view.bond.claimable(given.offer.customer) == credited


async def test_a_drained_host_gives_notice_and_is_paid_to_the_end_although_its_copy_is_gone(
    market: Market, chain: HostChain, customer: Acting, tmp_path: Path
) -> None:
    world, host = await world_on(market, chain, tmp_path), address(market.host.address)
    lease = await leased_by(world, market, customer, await offered_by(world, market, chain))
    reported = Reported(market)
    treasury = treasury_of(world, chain, reported)
    world.change_home(state="Drained")
    await again(world)
    await goes_round(treasury, market)
    await look(world, market)
    assert world.reason("BondActive") == "True/LeaseEnding"

    await market.chain.pass_by(DAY)
    await look(world, market)
    world.kubelet()
    await again(world)
    assert not world.has_copy()
    state = await market.view.bond.lease(lease)
    assert state is not None
    before = int(await market.view._asset.read("balanceOf", host))
    await reported.say(lease, leaf(state.length, 20, 4))
    for _ in range(2):
        await look(world, market)
        await goes_round(treasury, market)
    earned = (state.length - 20) * EARNED_EACH
    assert int(await market.view._asset.read("balanceOf", host)) == before + earned
    assert await OfferFolder(tmp_path / "offers").kept() == {}
    bond = await market.view.bond.bond_of(host)
    assert (bond.total, bond.reserved) == (COVER - 4 * 3_000, 0)


async def test_what_a_dead_tower_holds_comes_to_the_host_by_a_stall_and_a_release_without_a_leaf(
    market: Market, chain: HostChain, customer: Acting, tmp_path: Path
) -> None:
    world, host = await world_on(market, chain, tmp_path), address(market.host.address)
    lease = await leased_by(world, market, customer, await offered_by(world, market, chain))
    reported = Reported(market)
    treasury = treasury_of(world, chain, reported)
    await market.chain.pass_by(2 * FRAME)
    await reported.say(lease, leaf(60, 20, 4))
    before = int(await market.view._asset.read("balanceOf", host))

    await market.chain.pass_by(5 * DAY)
    silent_from = (await market.view.tower.progress()).reported_through
    for _ in range(3):
        await look(world, market)
        await goes_round(treasury, market)
        world.clock.pass_by(3601)
    assert (await market.view.tower.progress()).stalled_through > silent_from
    state = await market.view.bond.lease(lease)
    assert state is not None
    assert (state.measured, state.released) == (leaf(60, 20, 4), False)
    spoken = silent_from // 60 - state.first
    paid = 40 + state.length - spoken
    assert state.paid == paid
    assert int(await market.view._asset.read("balanceOf", host)) == before + paid * EARNED_EACH
    assert (await market.view.bond.bond_of(host)).reserved > 0

    await market.chain.pass_by(9 * DAY)
    for _ in range(2):
        await look(world, market)
        await goes_round(treasury, market)
    state = await market.view.bond.lease(lease)
    assert state is not None
    assert state.released
    assert (await market.view.bond.bond_of(host)).reserved == 0
    assert await OfferFolder(tmp_path / "offers").kept() == {}


async def test_every_node_is_asked_and_one_that_is_silent_keeps_none_back(
    market: Market, tmp_path: Path
) -> None:
    pool = pool_of(market.chain.url, "http://127.0.0.1:1", limits=LIMITS)
    made = ConfiguredChain(chain=market.view, place=place_of(market), pool=pool, ledgers=tmp_path)
    chain = HostChain(made, key=market.host, supervisor=FakeSupervisor())
    assert chain.witnesses == 2
    offer = market.offer()
    (seen,) = await chain.look([market.lease(offer)])
    assert seen.leases == {market.lease(offer): None}
    assert seen.time > 0
    await pool.close()
    silent = pool_of("http://127.0.0.1:1", limits=LIMITS)
    alone = ConfiguredChain(
        chain=market.view, place=place_of(market), pool=silent, ledgers=tmp_path
    )
    with pytest.raises(ChainUnreachable):
        await HostChain(alone, key=market.host, supervisor=FakeSupervisor()).look([])
    await silent.close()


async def test_the_newest_epoch_of_a_slot_is_told(market: Market, chain: HostChain) -> None:
    offer = market.offer(epoch=3)
    assert await chain.newest_epoch(offer.slot, customer=offer.customer) == 0
    await market.do(market.host.address, "bond", "bond", COVER)
    await market.open(offer, slices=200)
    await market.chain.finalize()
    assert await chain.newest_epoch(offer.slot, customer=offer.customer) == 3
    assert await chain.newest_epoch(SlotId(bytes(32)), customer=offer.customer) == 0


async def test_maintenance_beyond_the_budget_is_refused_by_name(
    market: Market, chain: HostChain
) -> None:
    offer = market.offer(maintenance_notice=SliceCount(5))
    await market.do(market.host.address, "bond", "bond", COVER)
    await market.open(offer, slices=200)
    start = SliceIndex(await market.chain.time() // 60 + 20)
    async with blocks(market.chain):
        await chain.announce(offer, start=start, slices=SliceCount(120))
        with pytest.raises(Reverted, match="MaintenanceOverBudget"):
            await chain.announce(offer, start=SliceIndex(start + 1), slices=SliceCount(1))
    assert await market.view.bond.announced(market.lease(offer), period=0) == 120


async def test_who_leaves_gets_the_bond_back_but_what_an_offer_promises(
    market: Market, chain: HostChain, tmp_path: Path
) -> None:
    world, host = await world_on(market, chain, tmp_path), address(market.host.address)
    await offered_by(world, market, chain)
    await market.do(host, "bond", "bond", 2 * COVER)
    await look(world, market)
    before = int(await market.view._asset.read("balanceOf", host))
    await goes_round(treasury_of(world, chain, Reported(market), takes_back=True), market)
    assert (await market.view.bond.bond_of(host)).total == COVER
    assert int(await market.view._asset.read("balanceOf", host)) == before + 2 * COVER
