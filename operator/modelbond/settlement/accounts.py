"""What each step of a lease moves: from cover to credit, from escrow to host, pool and customer."""

from dataclasses import dataclass, replace

from modelbond.errors import Refused
from modelbond.settlement.lease import Lease
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.money import credit, price, unpaid
from modelbond.settlement.offer import Offer
from modelbond.settlement.slices import begins_at, plus, until
from modelbond.settlement.units import NO_SLICES, SliceCount, Wei

STALL_SECONDS = 86_400
ABANDON_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Bond:
    """A host's collateral, and the part of it that covers reserve."""

    total: Wei
    reserved: Wei

    @property
    def free(self) -> Wei:
        """Return what can be reserved by a lease, or withdrawn at once."""
        return Wei(self.total - self.reserved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """The lease after a leaf, and what the leaf moved from its cover to the customer."""

    lease: Lease
    credited: Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """The lease after a payment of its stream, and its parts."""

    lease: Lease
    host: Wei
    fee: Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """How the lease's money was dealt out: all of it."""

    lease: Lease
    host: Wei
    fee: Wei
    refund: Wei
    freed_cover: Wei


def settled(lease: Lease, leaf: Leaf, *, offer: Offer, reported_through: int) -> Settled:
    """Return what a final leaf does; Refused where it counts too much, or less than before."""
    elapsed = lease.elapsed(reported_through)
    if leaf.through > elapsed:
        raise Refused(f"leaf: {leaf.through} slices are counted, {elapsed} have passed")
    if not leaf.follows(lease.measured):
        raise Refused(f"leaf: {leaf} is behind {lease.measured}")
    now, before = credit(leaf.breach, offer), credit(lease.measured.breach, offer)
    after = replace(lease, measured=leaf)
    if now > before and now == offer.cover:
        after = replace(after, noticed=plus(lease.first, leaf.through))
    return Settled(lease=after, credited=Wei(now - before))


def streamed(lease: Lease, *, offer: Offer, freed: SliceCount = NO_SLICES) -> Streamed:
    """Return what the host gets now for earned and freed slices, and the watchers' pool with it."""
    slices = unpaid(lease.measured.earned, freed=freed, paid=lease.paid)
    fee = price(slices, offer.fee)
    return Streamed(
        lease=replace(lease, paid=SliceCount(lease.paid + slices)),
        host=Wei(price(slices, offer.rate) - fee),
        fee=fee,
    )


def released(lease: Lease, *, offer: Offer) -> Released:
    """Return how the money of a lease is dealt out that is measured through its end."""
    if lease.measured.through < lease.length:
        raise Refused(f"measured: {lease.measured.through} slices of {lease.length}")
    return _dealt_out(lease, offer=offer, freed=NO_SLICES)


def abandoned(lease: Lease, *, offer: Offer, reported_through: int, time: int) -> Released:
    """Return how it is dealt out when the tower fell silent: the time without report is earned."""
    possible_at = abandoned_at(lease, reported_through=reported_through)
    if time < possible_at:
        raise Refused(f"time: without its last leaf, release is possible at {possible_at}")
    end = begins_at(lease.end, slice_seconds=lease.slice_seconds)
    silent = freed(lease, reported_through=reported_through, horizon=end)
    return _dealt_out(lease, offer=offer, freed=silent)


def abandoned_at(lease: Lease, *, reported_through: int) -> int:
    """Return from when on a silent tower's lease may be released without its last leaf."""
    end = begins_at(lease.end, slice_seconds=lease.slice_seconds)
    return max(end, reported_through) + STALL_SECONDS + ABANDON_SECONDS


def freed(lease: Lease, *, reported_through: int, horizon: int) -> SliceCount:
    """Return the slices until the horizon, or the end, that no leaf and no report speaks of."""
    spoken = max(lease.now(reported_through), plus(lease.first, lease.measured.through))
    return until(spoken, min(lease.now(horizon), lease.end))


def _dealt_out(lease: Lease, *, offer: Offer, freed: SliceCount) -> Released:
    paid = streamed(lease, offer=offer, freed=freed)
    left = SliceCount(paid.lease.funded - paid.lease.paid)
    return Released(
        lease=replace(paid.lease, released=True),
        host=paid.host,
        fee=paid.fee,
        refund=price(left, offer.rate),
        freed_cover=Wei(offer.cover - credit(lease.measured.breach, offer)),
    )
