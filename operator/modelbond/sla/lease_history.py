"""What one report after another tells of a lease: what its period holds, and how fast it burns.

A report counts, it does not list. So an outage here is a report in which bad slices were added, and
the last hour is the reports that reach into it.
"""

from dataclasses import dataclass

from modelbond.settlement.offer import Offer
from modelbond.sla.budget import Counts
from modelbond.sla.evidence import Measured

RECENT_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """What a report added: the lease's slices before and after it, and the bad ones of these."""

    before: int
    after: int
    bad: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseHistory:
    """The reports of a lease that were seen, as far as they matter."""

    last: Measured
    outages: int
    rises: tuple[Rise, ...] = ()


def followed(
    history: LeaseHistory | None, measured: Measured, *, slice_seconds: int
) -> LeaseHistory:
    """Return the history with what a report says; an older report, or the same, adds nothing.

    Of the first one nobody knows when its bad slices were: they are one outage and burn no more.
    """
    if history is None:
        return LeaseHistory(last=measured, outages=int(measured.bad > 0))
    before, after = history.last.leaf.through, measured.leaf.through
    if after <= before:
        return history
    anew = measured.period != history.last.period
    bad = measured.bad if anew else measured.bad - history.last.bad
    rises = (*history.rises, Rise(before=before, after=after, bad=bad))
    since = after - -(-RECENT_SECONDS // slice_seconds)
    return LeaseHistory(
        last=measured,
        outages=(0 if anew else history.outages) + (bad > 0),
        rises=tuple(rise for rise in rises if rise.after > since),
    )


def counts_told(history: LeaseHistory, offer: Offer) -> Counts:
    """Return the counts of the present period.

    Excluded slices are told apart in a lease's first period, where grace lies; later ones that were
    announced count as good here, as no report says in which period they were.
    """
    # Its hash is made at the import, by a library that nothing waits for which has no lease.
    from modelbond.sla.rules import UNKNOWN_EARNED_PERCENT

    measured = history.last
    counted = measured.leaf.through - measured.period * offer.period
    free = offer.period * UNKNOWN_EARNED_PERCENT // 100
    excluded = 0
    if measured.period == 0:
        unearned_unknown = max(measured.unknown - free, 0)
        excluded = max(measured.leaf.unearned - measured.bad - unearned_unknown, 0)
    good = counted - measured.bad - measured.unknown - excluded
    reach = history.rises[0].before if history.rises else measured.leaf.through
    return Counts(
        good=max(good, 0),
        bad=measured.bad,
        unknown=measured.unknown,
        excluded=excluded,
        outages=history.outages,
        recent_bad=sum(rise.bad for rise in history.rises),
        recent_seconds=(measured.leaf.through - reach) * offer.slice_seconds,
    )
