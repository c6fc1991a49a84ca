"""A chain as a host sees it, in memory, with nodes that may be silent or behind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fakes.offers import account
from modelbond.errors import ChainUnreachable, ModelbondError
from modelbond.ports.leases import Look, OwnEdge
from modelbond.settlement.accounts import Bond, freed, streamed
from modelbond.settlement.encoding import keccak
from modelbond.settlement.lease import Lease, opened
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.offer import Offer, lease_id
from modelbond.settlement.place import ChainPlace
from modelbond.settlement.report import FinalReport, Progress, Proof
from modelbond.settlement.units import Address, LeaseId, SliceCount, SliceIndex, SlotId, Wei
from modelbond.sla.canary import Canary

PLACE = ChainPlace(
    chain_id=31337,
    bond=account("ModelBond"),
    asset=account("asset"),
    tower=account("tower"),
)
PLENTY, NOTHING = Wei(5_000_000), Wei(0)


@dataclass(slots=True, kw_only=True)
class FakeHostChain:
    """Implements ports.HostChain. `nodes` are the times of the nodes' finalized blocks."""

    place: ChainPlace = PLACE
    address: Address = field(default_factory=lambda: account("host"))
    witnesses: int = 2
    nodes: list[int] = field(default_factory=list)
    leases: dict[LeaseId, Lease] = field(default_factory=dict)
    total: Wei = PLENTY
    reserved: Wei = NOTHING
    epochs: dict[SlotId, int] = field(default_factory=dict)
    signed: list[Mapping[str, Any]] = field(default_factory=list)
    did: list[tuple[Any, ...]] = field(default_factory=list)
    failure: ModelbondError | None = None
    refusals: dict[str, ModelbondError] = field(default_factory=dict)
    refused_leases: dict[LeaseId, ModelbondError] = field(default_factory=dict)
    owed: Wei = NOTHING
    report: FinalReport | None = None
    tower: Progress | None = None

    def goes_away(self) -> None:
        self.failure = ChainUnreachable("no RPC can be used")

    def comes_back(self) -> None:
        self.failure = None

    def time_is(self, time: int) -> None:
        """Let every node be final until then."""
        self.nodes = [time] * len(self.nodes)

    def open(self, offer: Offer, *, slices: int = 200) -> LeaseId:
        """Open the lease of an offer as the customer, now."""
        lease = lease_id(offer, domain=self.place.offers)
        self.leases[lease] = opened(offer, slices=SliceCount(slices), time=max(self.nodes))
        self.reserved = Wei(self.reserved + offer.cover)
        self.epochs[offer.slot] = offer.epoch
        return lease

    def give_notice(self, lease: LeaseId) -> None:
        self.leases[lease] = self.leases[lease].with_notice(max(self.nodes))

    def sign(self, message: Mapping[str, Any]) -> bytes:
        self.signed.append(message)
        return keccak(repr(message["message"]).encode()) * 2 + b"\x1b"

    async def look(self, leases: Sequence[LeaseId]) -> Sequence[Look]:
        self._fail("look")
        seen = {lease: self.leases.get(lease) for lease in leases}
        return [Look(time=time, leases=seen) for time in self.nodes]

    async def bond(self) -> Bond:
        self._fail("bond")
        return Bond(total=self.total, reserved=self.reserved)

    async def newest_epoch(self, slot: SlotId, *, customer: Address) -> int:
        self._fail("newest_epoch")
        assert customer
        return self.epochs.get(slot, 0)

    async def newest_report(self) -> FinalReport | None:
        self._fail("newest_report")
        return self.report

    async def add_to_bond(self, amount: Wei, *, once: str) -> None:
        self._do("add_to_bond", amount, once)
        self.total = Wei(self.total + amount)

    async def withdraw_bond(self, amount: Wei, *, once: str) -> None:
        self._do("withdraw_bond", amount, once)
        self.total = Wei(self.total - amount)

    async def close(self, offer: Offer) -> None:
        self._do("close", offer)

    async def announce(self, offer: Offer, *, start: SliceIndex, slices: SliceCount) -> None:
        self._do("announce", offer, start, slices)

    async def withdraw_stream(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        lease = lease_id(offer, domain=self.place.offers)
        if lease in self.refused_leases:
            raise self.refused_leases[lease]
        self._do("withdraw_stream", offer, leaf, proof)
        self.leases[lease] = replace(self.leases[lease], measured=leaf, paid=leaf.earned)

    async def release(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        self._do("release", offer, leaf, proof)
        lease = lease_id(offer, domain=self.place.offers)
        self.leases[lease] = replace(self.leases[lease], measured=leaf, released=True)

    async def progress(self) -> Progress:
        """Return how far the tower speaks: until now, unless a test says otherwise."""
        self._fail("progress")
        return self.tower or Progress(reported_through=max(self.nodes), stalled_through=0)

    async def settle(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        self._do("settle", offer, leaf, proof)
        lease = lease_id(offer, domain=self.place.offers)
        self.leases[lease] = replace(self.leases[lease], measured=leaf)

    async def stall(self, *, once: str) -> None:
        self._do("stall", once)
        self.tower = replace(await self.progress(), stalled_through=max(self.nodes))

    async def withdraw_stalled(self, offer: Offer, *, once: str) -> None:
        self._do("withdraw_stalled", offer, once)
        lease, tower = lease_id(offer, domain=self.place.offers), await self.progress()
        known = self.leases[lease]
        silent = freed(
            known, reported_through=tower.reported_through, horizon=tower.stalled_through
        )
        self.leases[lease] = streamed(known, offer=offer, freed=silent).lease

    async def release_abandoned(self, offer: Offer) -> None:
        self._do("release_abandoned", offer)
        lease = lease_id(offer, domain=self.place.offers)
        self.leases[lease] = replace(self.leases[lease], released=True)

    async def claimable(self) -> Wei:
        self._fail("claimable")
        return self.owed

    async def claim(self, *, once: str) -> None:
        self._do("claim", once)
        self.owed = NOTHING

    def done(self, what: str) -> list[tuple[Any, ...]]:
        """Return with what an action was done, each time."""
        return [arguments[1:] for arguments in self.did if arguments[0] == what]

    def _do(self, what: str, *arguments: Any) -> None:
        self._fail(what)
        self.did.append((what, *arguments))

    def _fail(self, what: str) -> None:
        if self.failure is not None:
            raise self.failure
        if what in self.refusals:
            raise self.refusals[what]


@dataclass(slots=True, kw_only=True)
class FakeOwnEndpoint:
    """Implements ports.OwnEndpoint; `said` is why the answers do not agree."""

    said: str | None = None
    asked: list[OwnEdge] = field(default_factory=list)

    async def answers(
        self, canaries: Sequence[Canary], *, edge: OwnEdge, within_ms: int
    ) -> str | None:
        assert canaries
        assert within_ms > 0
        self.asked.append(edge)
        return self.said


@dataclass(slots=True)
class FakeOfferBook:
    """Implements ports.OfferBook; what it holds outlives the operator."""

    offers: dict[LeaseId, Offer] = field(default_factory=dict)

    async def keep(self, lease: LeaseId, offer: Offer) -> None:
        self.offers[lease] = offer

    async def kept(self) -> Mapping[LeaseId, Offer]:
        return dict(self.offers)

    async def drop(self, lease: LeaseId) -> None:
        self.offers.pop(lease, None)
