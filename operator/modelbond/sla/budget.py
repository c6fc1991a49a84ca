"""What people see of a lease's period: uptime with its error, coverage, what is left of the budget.

Nothing here is ever money: whole numbers come in, and what goes out is for eyes and alerts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, sqrt

from modelbond.settlement.units import SliceCount

SURE = 1.96
"""Standard deviations on either side that hold 95 % of what chance does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a lease allows in a period of so many slices."""

    period: SliceCount
    allowance: SliceCount

    @property
    def objective(self) -> float:
        """Return the least uptime without a breach."""
        return 1 - self.allowance / self.period


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What was counted of the present period; an outage is a run of bad slices.

    `recent_bad` of them lie in the last `recent_seconds`, by which the present burn is judged.
    """

    good: int = 0
    bad: int = 0
    unknown: int = 0
    excluded: int = 0
    outages: int = 0
    recent_bad: int = 0
    recent_seconds: int = 0

    @property
    def known(self) -> int:
        """Return the slices of which somebody can say how they were."""
        return self.good + self.bad


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a lease stands. None where nothing is known yet: no number is better than a wrong one."""

    objective: float
    uptime: float | None
    uptime_error: float | None
    coverage: float | None
    budget_remaining: int
    budget_remaining_ratio: float
    time_to_slash_seconds: float


def counts_of(verdicts: Sequence[str], *, slice_seconds: int, recent_seconds: int = 3600) -> Counts:
    """Return the counts of a period so far, from its slices' letters in their order."""
    recent = min(-(-recent_seconds // slice_seconds), len(verdicts))
    begins = sum(before != "b" and now == "b" for before, now in pairwise(["g", *verdicts]))
    return Counts(
        good=verdicts.count("g"),
        bad=verdicts.count("b"),
        unknown=verdicts.count("u"),
        excluded=verdicts.count("x"),
        outages=begins,
        recent_bad=verdicts[len(verdicts) - recent :].count("b"),
        recent_seconds=recent * slice_seconds,
    )


def standing(budget: Budget, counts: Counts) -> Standing:
    """Return how the lease stands in its present period."""
    expected = counts.known + counts.unknown
    left = budget.allowance - counts.bad
    return Standing(
        objective=budget.objective,
        uptime=counts.good / counts.known if counts.known else None,
        uptime_error=_uptime_error(counts),
        coverage=counts.known / expected if expected else None,
        budget_remaining=left,
        budget_remaining_ratio=_ratio_left(left, budget=budget),
        time_to_slash_seconds=_time_to_slash(left, counts=counts),
    )


def _uptime_error(counts: Counts) -> float | None:
    """Return how far the time that was really up may be from the share of good slices.

    Sampling at an interval, here a slice, errs in the downtime by interval x sqrt(outages / 6),
    one standard deviation. And a slice is good when one of its probes succeeded: that hides up to
    half a slice of each outage, to the host's advantage. One outage more than was seen is taken,
    since none seen is not none. tests/unit/sla/test_budget.py holds this against schedules.
    """
    if not counts.known:
        return None
    outages = counts.outages + 1
    slices = outages / 2 + SURE * sqrt(outages / 6)
    return min(slices / counts.known, 1.0)


def _ratio_left(left: int, *, budget: Budget) -> float:
    if budget.allowance:
        return left / budget.allowance
    return 0.0 if left < 0 else 1.0


def _time_to_slash(left: int, *, counts: Counts) -> float:
    """Return when the first slice in breach is due if the last hour's rate goes on."""
    if left <= 0 < counts.bad:
        return 0.0
    if not counts.recent_bad:
        return inf
    return left * counts.recent_seconds / counts.recent_bad
