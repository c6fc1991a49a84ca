"""Leases as the chain's events tell them: which are open, until when, and what is settled."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from modelbond.settlement.leaves import NOTHING_MEASURED, Leaf
from modelbond.settlement.offer import Offer
from modelbond.settlement.slices import plus
from modelbond.settlement.units import LeaseId, SliceCount, SliceIndex

Window = tuple[SliceIndex, SliceCount]
"""Announced maintenance: its first slice, and how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLease:
    """One lease that is not released. `noticed` is None while only dry escrow ends it."""

    offer: Offer
    first: SliceIndex
    funded: SliceCount
    noticed: SliceIndex | None = None
    settled: Leaf = NOTHING_MEASURED
    announced: tuple[Window, ...] = ()

    @property
    def end(self) -> SliceIndex:
        """Return where it ends as things stand: by notice, or by dry escrow."""
        dry = plus(self.first, self.funded)
        return dry if self.noticed is None else min(self.noticed, dry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A lease was opened and paid for."""

    lease: LeaseId
    offer: Offer
    first: SliceIndex
    slices: SliceCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A lease ends there: by notice, or because its cover is used up."""

    lease: LeaseId
    end: SliceIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class ToppedUp:
    """More slices were paid for."""

    lease: LeaseId
    slices: SliceCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """Maintenance was announced before it begins."""

    lease: LeaseId
    window: Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A final leaf was settled."""

    lease: LeaseId
    leaf: Leaf


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """All money of a lease was dealt out."""

    lease: LeaseId


Happening = Opened | Ending | ToppedUp | Announced | Settled | Released


def leases_after(
    before: Mapping[LeaseId, OpenLease], happenings: Iterable[Happening]
) -> dict[LeaseId, OpenLease]:
    """Return the open leases once these happenings, in the chain's order, are over."""
    leases = dict(before)
    for one in happenings:
        if isinstance(one, Opened):
            leases[one.lease] = OpenLease(offer=one.offer, first=one.first, funded=one.slices)
        elif isinstance(one, Released):
            leases.pop(one.lease, None)
        elif one.lease in leases:
            leases[one.lease] = _changed(leases[one.lease], one)
    return leases


def _changed(lease: OpenLease, one: Ending | ToppedUp | Announced | Settled) -> OpenLease:
    match one:
        case Ending(end=end):
            return replace(lease, noticed=end)
        case ToppedUp(slices=slices):
            return replace(lease, funded=SliceCount(lease.funded + slices))
        case Announced(window=window):
            return replace(lease, announced=(*lease.announced, window))
        case Settled(leaf=leaf):
            return replace(lease, settled=leaf)
        case other:
            assert_never(other)
