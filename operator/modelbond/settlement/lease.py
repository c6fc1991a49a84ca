"""A lease in time: which slices it covers, and what ends it."""

from dataclasses import dataclass, replace

from modelbond.errors import Refused
from modelbond.settlement.leaves import NOTHING_MEASURED, Leaf
from modelbond.settlement.offer import Offer
from modelbond.settlement.slices import at_rounded_down, at_rounded_up, plus, until
from modelbond.settlement.units import NO_SLICES, SliceCount, SliceIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What ModelBond stores of a lease. `noticed` is None while only dry escrow ends it."""

    first: SliceIndex
    noticed: SliceIndex | None
    funded: SliceCount
    slice_seconds: int
    notice: SliceCount
    epoch: int
    released: bool = False
    measured: Leaf = NOTHING_MEASURED
    paid: SliceCount = NO_SLICES

    @property
    def dry(self) -> SliceIndex:
        """Return where the escrow is used up."""
        return plus(self.first, self.funded)

    @property
    def end(self) -> SliceIndex:
        """Return where it ends as things stand; its last slice is the one before."""
        return self.dry if self.noticed is None else min(self.noticed, self.dry)

    @property
    def length(self) -> SliceCount:
        """Return how many slices it covers as things stand."""
        return until(self.first, self.end)

    def now(self, time: int) -> SliceIndex:
        """Return the slice of that moment."""
        return at_rounded_down(time, slice_seconds=self.slice_seconds)

    def elapsed(self, through: int) -> SliceCount:
        """Return its whole slices until that moment: a leaf must not count more."""
        return until(self.first, min(self.now(through), self.end))

    def runs(self, time: int) -> bool:
        """Tell whether its end is still to come."""
        return self.now(time) < self.end

    def with_notice(self, time: int) -> "Lease":
        """Return it with notice given now: it ends that much later, if nothing ends it before."""
        if self.noticed is not None:
            raise Refused(f"notice: the lease has it already and ends at slice {self.noticed}")
        self._refuse_ended(time)
        return replace(self, noticed=plus(self.now(time), self.notice))

    def with_funds(self, slices: SliceCount, *, time: int) -> "Lease":
        """Return it with more slices paid for: what is left must last for the notice at least."""
        self._refuse_ended(time)
        richer = replace(self, funded=SliceCount(self.funded + slices))
        left = until(self.now(time), richer.dry)
        if left < self.notice:
            raise Refused(f"slices: {left} would be left, the notice is {self.notice}")
        return richer

    def _refuse_ended(self, time: int) -> None:
        if not self.runs(time):
            raise Refused(f"the lease ended at slice {self.end}")


def opened(offer: Offer, *, slices: SliceCount, time: int) -> Lease:
    """Return the lease that opening makes: it begins with the first slice wholly inside it."""
    needed = max(offer.prepayment, offer.notice)
    if slices < needed:
        raise Refused(f"slices: {slices} are paid for, opening needs {needed}")
    return Lease(
        first=at_rounded_up(time, slice_seconds=offer.slice_seconds),
        noticed=None,
        funded=slices,
        slice_seconds=offer.slice_seconds,
        notice=offer.notice,
        epoch=offer.epoch,
    )


def succeeded(older: Lease, *, time: int) -> Lease:
    """Return the older lease of a slot once a newer epoch is open: it has its notice, no more."""
    if older.noticed is not None or not older.runs(time):
        return older
    return older.with_notice(time)
