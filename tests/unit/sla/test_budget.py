"""A lease's standing: shares of whole numbers, an honest error, and the time until it costs."""

import random
from collections.abc import Callable
from math import inf

import pytest

from modelbond.settlement.units import SliceCount
from modelbond.sla.budget import Budget, Counts, counts_of, standing

WEEK = Budget(period=SliceCount(10_080), allowance=SliceCount(10))
SLICE = 60
HOUR = 3600
DAY = 86_400


def test_a_lease_of_which_nothing_is_known_has_its_objective_and_its_whole_budget() -> None:
    seen = standing(WEEK, Counts())
    assert seen.objective == 1 - 10 / 10_080
    assert (seen.uptime, seen.uptime_error, seen.coverage) == (None, None, None)
    assert (seen.budget_remaining, seen.budget_remaining_ratio) == (10, 1.0)
    assert seen.time_to_slash_seconds == inf


def test_unknown_slices_lower_coverage_and_never_uptime() -> None:
    seen = standing(WEEK, Counts(good=90, unknown=30))
    assert (seen.uptime, seen.coverage) == (1.0, 0.75)


def test_excluded_slices_count_for_nothing() -> None:
    assert standing(WEEK, Counts(good=9, bad=1, excluded=500)).coverage == 1.0


def test_bad_slices_use_the_budget_up_and_then_go_below_it() -> None:
    assert standing(WEEK, Counts(good=5, bad=4)).budget_remaining_ratio == 0.6
    seen = standing(WEEK, Counts(good=5, bad=15))
    assert (seen.budget_remaining, seen.budget_remaining_ratio) == (-5, -0.5)


def test_a_lease_without_an_allowance_has_a_budget_until_its_first_bad_slice() -> None:
    strict = Budget(period=SliceCount(100), allowance=SliceCount(0))
    whole = standing(strict, Counts(good=5))
    assert (whole.budget_remaining_ratio, whole.time_to_slash_seconds) == (1.0, inf)
    spent = standing(strict, Counts(good=5, bad=1))
    assert (spent.budget_remaining_ratio, spent.time_to_slash_seconds) == (0.0, 0.0)


def test_the_time_to_slash_is_what_is_left_at_the_last_hours_rate() -> None:
    burning = Counts(good=60, bad=4, recent_bad=3, recent_seconds=HOUR)
    assert standing(WEEK, burning).time_to_slash_seconds == 6 * HOUR / 3
    assert standing(WEEK, Counts(good=60, bad=4)).time_to_slash_seconds == inf
    used_up = Counts(good=60, bad=10)
    assert standing(WEEK, used_up).time_to_slash_seconds == 0


def test_counts_come_from_the_letters_of_slices_in_their_order() -> None:
    counts = counts_of("xxggbbugbgu", slice_seconds=SLICE)
    assert counts == Counts(
        good=4, bad=3, unknown=2, excluded=2, outages=2, recent_bad=3, recent_seconds=11 * SLICE
    )
    assert counts_of("", slice_seconds=SLICE) == Counts()


def test_only_the_last_hour_burns() -> None:
    counts = counts_of("b" * 50 + "g" * 60, slice_seconds=SLICE)
    assert (counts.bad, counts.recent_bad, counts.recent_seconds) == (50, 0, HOUR)
    assert counts_of("gb", slice_seconds=2 * HOUR).recent_seconds == 2 * HOUR


def test_a_perfect_week_is_said_to_be_sure_to_about_a_slice_and_no_better() -> None:
    error = standing(WEEK, Counts(good=10_080)).uptime_error
    assert error is not None
    assert 1 < error * 10_080 < 1.5
    one = standing(WEEK, Counts(good=1)).uptime_error
    assert one == 1.0


Outage = tuple[float, float]
Judge = Callable[[int, list[Outage], random.Random], bool]


def down(moment: float, outages: list[Outage]) -> bool:
    return any(begin <= moment < end for begin, end in outages)


def one_watcher(index: int, outages: list[Outage], chance: random.Random) -> bool:
    return all(down((index + chance.random()) * SLICE, outages) for _ in range(2))


def evenly_spaced(index: int, outages: list[Outage], chance: random.Random) -> bool:
    phase = chance.random() / 2
    return all(down((index + phase + half) * SLICE, outages) for half in (0.0, 0.5))


def quorum(index: int, outages: list[Outage], chance: random.Random) -> bool:
    return sum(one_watcher(index, outages, chance) for _ in range(3)) >= 2


def week(chance: random.Random, *, every: int) -> list[Outage]:
    """Return the outages of a week: of two slices and more, begun at any moment."""
    outages, now = [], 0.0
    while True:
        begin = now + chance.expovariate(1 / every)
        now = begin + 2 * SLICE + chance.expovariate(1 / 260)
        if now > 7 * DAY:
            return outages
        outages.append((begin, now))


def seen_of(outages: list[Outage], judge: Judge, chance: random.Random) -> str:
    """Return the letters of the week, as probes at random moments find it."""
    letters = ["g"] * (7 * DAY // SLICE)
    for begin, end in outages:
        for index in range(int(begin // SLICE), int(end // SLICE) + 1):
            letters[index] = "b" if judge(index, outages, chance) else letters[index]
    return "".join(letters)


@pytest.mark.parametrize("judge", [one_watcher, evenly_spaced, quorum])
@pytest.mark.parametrize("every", [3 * DAY, DAY, DAY // 4])
def test_the_true_uptime_of_a_week_lies_within_the_stated_error(judge: Judge, every: int) -> None:
    chance, within, weeks = random.Random(every), 0, 200  # noqa: S311 - no secret
    for _ in range(weeks):
        outages = week(chance, every=every)
        seen = standing(WEEK, counts_of(seen_of(outages, judge, chance), slice_seconds=SLICE))
        assert seen.uptime is not None
        assert seen.uptime_error is not None
        true = 1 - sum(end - begin for begin, end in outages) / (7 * DAY)
        within += abs(true - seen.uptime) <= seen.uptime_error
    assert within >= 0.95 * weeks
