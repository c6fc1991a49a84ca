"""A host's leases on chain: each is seen to its end, whatever another one meets."""

from dataclasses import dataclass, field, replace

from fakes.host_chain import FakeHostChain
from fakes.host_world import AT_HOST, ORDER, HostWorld, again
from fakes.leasing import chain_of, leasing, looked, offered, offering, pricing
from fakes.offers import account, leaf
from modelbond.api.kinds import MODEL_PLACEMENT
from modelbond.controllers.host_treasury import HostTreasury
from modelbond.errors import ActionPending, ChainUnreachable, Reverted
from modelbond.settlement.accounts import ABANDON_SECONDS, STALL_SECONDS
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.report import NO_PROOF, Progress, Proof
from modelbond.settlement.units import LeaseId, SliceCount, Wei
from modelbond.sla.evidence import Measured, Result


@dataclass(slots=True)
class SaidOf:
    """What a final report says, with proofs that nobody checks here."""

    leaves: dict[LeaseId, Leaf] = field(default_factory=dict)

    @property
    def result(self) -> Result:
        return Result(leases={key: Measured(leaf=each) for key, each in self.leaves.items()})

    def proof(self, lease: LeaseId) -> Proof:
        assert lease in self.leaves
        return NO_PROOF

    async def newest(self) -> "SaidOf | None":
        return self if self.leaves else None


def treasury(world: HostWorld, results: SaidOf, *, takes_back: bool = False) -> HostTreasury:
    assert world.chain is not None
    assert world.watch is not None
    return HostTreasury(
        chain=world.chain,
        watch=world.watch,
        results=results,  # type: ignore[arg-type]
        copies=world.copies,
        homes=world.homes,
        events=world.events,
        clock=world.clock,
        withdraw_seconds=3600,
        takes_back=takes_back,
    )


def lease_of(world: HostWorld) -> LeaseId:
    (lease,) = chain_of(world).leases
    return lease


def ask_for_maintenance(world: HostWorld, text: str) -> None:
    copy = world.local.at(MODEL_PLACEMENT, ORDER, namespace=AT_HOST)
    copy["metadata"]["annotations"] = {"modelbond.io/maintenance": text}
    world.local.put(MODEL_PLACEMENT, copy)


async def test_a_stream_is_taken_as_reports_allow_and_no_oftener_than_is_due() -> None:
    world = await leasing()
    results = SaidOf()
    desk = treasury(world, results)
    await desk.round()
    assert chain_of(world).done("withdraw_stream") == []
    results.leaves[lease_of(world)] = leaf(60, 20, 4)
    await desk.round()
    await looked(world)
    results.leaves[lease_of(world)] = leaf(90, 20, 4)
    await desk.round()
    assert [each for _, each, _ in chain_of(world).done("withdraw_stream")] == [leaf(60, 20, 4)]
    world.clock.pass_by(3601)
    await desk.round()
    assert len(chain_of(world).done("withdraw_stream")) == 2


async def test_a_payment_that_is_on_its_way_is_asked_for_again() -> None:
    world = await leasing()
    results = SaidOf({lease_of(world): leaf(60)})
    desk = treasury(world, results)
    chain_of(world).refusals["withdraw_stream"] = ActionPending(once="x", what="sent")
    await desk.round()
    chain_of(world).refusals.clear()
    await desk.round()
    assert len(chain_of(world).done("withdraw_stream")) == 1


async def test_an_ended_lease_is_released_and_its_rest_claimed_after_its_copy_is_gone() -> None:
    world = await leasing()
    chain, lease = chain_of(world), lease_of(world)
    desk = treasury(world, SaidOf({lease: leaf(200)}))
    chain.time_is((chain.leases[lease].end + 60) * 60)
    await looked(world)
    world.kubelet()
    await again(world)
    assert not world.has_copy()
    await desk.round()
    assert [each for _, each, _ in chain.done("release")] == [leaf(200)]
    chain.owed = Wei(1)
    await looked(world)
    await desk.round()
    assert chain.done("claim") == [(f"after {lease.hex()}",)]
    assert await world.book.kept() == {}
    await looked(world)
    await desk.round()
    assert len(chain.done("release")) == 1


async def test_a_silent_tower_is_stalled_for_the_stream_and_a_lease_that_it_left_is_released() -> (
    None
):
    world = await leasing()
    chain, lease = chain_of(world), lease_of(world)
    reported = chain.leases[lease].first * 60 + 100 * 60
    chain.tower = Progress(reported_through=reported, stalled_through=0)
    desk = treasury(world, SaidOf({lease: leaf(100, 20)}))
    chain.time_is(reported + STALL_SECONDS)
    await looked(world)
    await desk.round()
    await looked(world)
    assert [each for _, each, _ in chain.done("withdraw_stream")] == [leaf(100, 20)]
    world.clock.pass_by(3601)
    for _ in range(3):
        await desk.round()
        await looked(world)
    assert chain.done("stall") == [("after 0",)]
    assert [once for _, once in chain.done("withdraw_stalled")] == [f"{max(chain.nodes)}/80"]
    assert chain.leases[lease].paid == 180
    chain.time_is(chain.leases[lease].end * 60 + STALL_SECONDS + ABANDON_SECONDS)
    await looked(world)
    await desk.round()
    assert len(chain.done("release_abandoned")) == 1
    await looked(world)
    await desk.round()
    assert await world.book.kept() == {}


async def test_the_last_leaf_is_settled_before_a_lease_is_released_without_a_report() -> None:
    world = await leasing()
    chain, lease = chain_of(world), lease_of(world)
    state = chain.leases[lease]
    chain.leases[lease] = replace(state, paid=SliceCount(100))
    chain.tower = Progress(reported_through=state.first * 60 + 100 * 60, stalled_through=0)
    chain.time_is(state.end * 60 + STALL_SECONDS + ABANDON_SECONDS)
    desk = treasury(world, SaidOf({lease: leaf(100, 20)}))
    for _ in range(2):
        await looked(world)
        await desk.round()
    assert [each for _, each, _ in chain.done("settle")] == [leaf(100, 20)]
    assert len(chain.done("release_abandoned")) == 1


async def test_a_tower_that_cannot_be_seen_or_is_of_another_deployment_frees_nothing() -> None:
    world = await leasing()
    chain, lease = chain_of(world), lease_of(world)
    chain.tower = Progress(reported_through=0, stalled_through=0)
    chain.time_is(chain.leases[lease].end * 60 + STALL_SECONDS + ABANDON_SECONDS)
    await looked(world)
    desk = treasury(world, SaidOf())
    chain.refusals["progress"] = ChainUnreachable("no RPC")
    await desk.round()
    chain.refusals.clear()
    chain.place = replace(chain.place, tower=account("another tower"))
    await desk.round()
    assert chain.did == []


async def test_what_one_lease_meets_keeps_no_other_waiting() -> None:
    world = await leasing()
    first, chain = lease_of(world), chain_of(world)
    later = replace(offered(world).offer, epoch=9)
    assert world.watch is not None
    await world.watch.gave(later)
    second = chain.open(later)
    await looked(world)
    chain.refused_leases[first] = Reverted("WatchTowerReportUnknown")
    await treasury(world, SaidOf({first: leaf(60), second: leaf(50)})).round()
    assert [offer.epoch for offer, _, _ in chain.done("withdraw_stream")] == [9]


async def test_a_drained_host_gives_notice_to_the_leases_of_that_home() -> None:
    world = await leasing()
    desk = treasury(world, SaidOf())
    await desk.round()
    assert chain_of(world).done("close") == []
    world.change_home(state="Drained")
    await again(world)
    await desk.round()
    assert [offer for (offer,) in chain_of(world).done("close")] == [offered(world).offer]


async def test_a_chain_that_is_gone_stops_nothing_but_the_money() -> None:
    world = await leasing()
    desk = treasury(world, SaidOf({lease_of(world): leaf(60)}))
    chain_of(world).goes_away()
    await desk.round()
    assert chain_of(world).did == []
    assert world.reason("Ready") == "True/Ready"


async def test_maintenance_is_announced_once_with_the_slices_that_it_touches() -> None:
    world = await leasing()
    ask_for_maintenance(world, "2026-01-03T00:00:30Z/10m")
    await again(world)
    desk = treasury(world, SaidOf())
    await desk.round()
    await desk.round()
    ((offer, start, slices),) = chain_of(world).done("announce")
    assert offer == offered(world).offer
    assert (start * 60, slices) == (1_767_398_400, 11)
    assert "MaintenanceAnnounced" in [event.reason for event in world.events.told]


async def test_maintenance_that_is_refused_is_told_once_with_the_contracts_words() -> None:
    world = await leasing()
    ask_for_maintenance(world, "2026-01-03T00:00:00Z/10m")
    await again(world)
    chain_of(world).refusals["announce"] = Reverted("ModelBondMaintenanceTooSoon")
    desk = treasury(world, SaidOf())
    await desk.round()
    await desk.round()
    told = [event for event in world.events.told if event.reason == "ChainRefused"]
    assert len(told) == 1
    assert "ModelBondMaintenanceTooSoon" in told[0].message


async def test_maintenance_waits_while_the_chain_is_silent_or_the_lease_not_open() -> None:
    world = await offering()
    ask_for_maintenance(world, "2026-01-03T00:00:00Z/10m")
    await again(world)
    desk = treasury(world, SaidOf())
    await desk.round()
    assert chain_of(world).done("announce") == []
    chain_of(world).open(offered(world).offer)
    await looked(world)
    chain_of(world).refusals["announce"] = ChainUnreachable("no RPC")
    await desk.round()
    chain_of(world).refusals.clear()
    await desk.round()
    assert len(chain_of(world).done("announce")) == 1


async def test_a_home_cluster_says_that_the_bond_is_too_small_for_one_offer_more() -> None:
    world = await pricing(chain=FakeHostChain(total=Wei(1_000)))
    assert world.home_reason("BondActive") == "Unknown/ChainUnreachable"
    await looked(world)
    assert world.home_reason("BondActive") == "False/BondTooSmall"
    chain_of(world).total = Wei(1_000_000)
    await looked(world)
    assert world.home_reason("BondActive") == "True/BondSufficient"
    world.change_home(lease=None)
    await again(world)
    assert world.home_reason("BondActive") == ""
    assert world.home_reason("Ready") == "True/Ready"


async def test_an_offer_nobody_took_leaves_the_book_once_its_copy_is_gone() -> None:
    world = await offering()
    assert len(await world.book.kept()) == 1
    world.order(state="Withdrawn")
    chain_of(world).time_is(offered(world).offer.expiry + 1)
    await looked(world)
    world.kubelet()
    await again(world)
    assert not world.has_copy()
    await looked(world)
    assert await world.book.kept() == {}


async def test_what_is_free_of_the_bond_above_the_target_comes_back_where_the_owner_says_so() -> (
    None
):
    world = await leasing()
    chain = chain_of(world)
    chain.total = Wei(chain.reserved + 1_000)
    await looked(world)
    assert world.watch is not None
    purse = world.watch.purse()
    assert purse is not None
    assert purse.surplus > 0
    await treasury(world, SaidOf()).round()
    assert chain.done("withdraw_bond") == []
    await treasury(world, SaidOf(), takes_back=True).round()
    assert [amount for amount, _ in chain.done("withdraw_bond")] == [purse.surplus]
    await treasury(world, SaidOf(), takes_back=True).round()
    assert len(chain.done("withdraw_bond")) == 1
