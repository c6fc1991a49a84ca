"""Standing: worse slices never look better, and unknown ones never cost."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from modelbond.settlement.units import SliceCount
from modelbond.sla.budget import Budget, Counts, counts_of, standing

budgets = st.integers(1, 50_000).flatmap(
    lambda period: st.builds(
        Budget,
        period=st.just(SliceCount(period)),
        allowance=st.integers(0, period).map(SliceCount),
    )
)
verdicts = st.text("gbux", max_size=300)


@given(budgets, verdicts, st.data())
def test_a_slice_that_turns_bad_never_lengthens_the_time_to_slash(
    budget: Budget, letters: str, data: st.DataObject
) -> None:
    turned = data.draw(st.integers(0, max(len(letters) - 1, 0)))
    worse = letters[:turned] + "b" + letters[turned + 1 :]
    before = standing(budget, counts_of(letters or "g", slice_seconds=60))
    after = standing(budget, counts_of(worse, slice_seconds=60))
    assert after.time_to_slash_seconds <= before.time_to_slash_seconds
    assert after.budget_remaining <= before.budget_remaining
    assert after.budget_remaining_ratio <= before.budget_remaining_ratio


@given(budgets, verdicts)
def test_unknown_slices_cost_no_budget_and_no_uptime(budget: Budget, letters: str) -> None:
    counts = counts_of(letters, slice_seconds=60)
    without = replace(counts, unknown=0)
    assert standing(budget, counts).uptime == standing(budget, without).uptime
    assert standing(budget, counts).budget_remaining == standing(budget, without).budget_remaining


@given(budgets, verdicts)
def test_shares_are_shares(budget: Budget, letters: str) -> None:
    seen = standing(budget, counts_of(letters, slice_seconds=60))
    for share in (seen.objective, seen.uptime, seen.uptime_error, seen.coverage):
        assert share is None or 0 <= share <= 1
    assert seen.time_to_slash_seconds >= 0


@given(verdicts, st.integers(1, 7200))
def test_every_slice_is_counted_once(letters: str, slice_seconds: int) -> None:
    counts: Counts = counts_of(letters, slice_seconds=slice_seconds)
    assert counts.known + counts.unknown + counts.excluded == len(letters)
    assert counts.outages <= counts.bad
    assert counts.recent_bad <= counts.bad


@given(budgets, st.integers(1, 1000), st.integers(0, 100))
def test_more_outages_never_make_uptime_surer(budget: Budget, good: int, outages: int) -> None:
    counts = Counts(good=good, bad=outages + 1, outages=outages)
    once = standing(budget, counts).uptime_error
    more = standing(budget, replace(counts, outages=outages + 1)).uptime_error
    assert once is not None
    assert more is not None
    assert more >= once
