"""From one report to the next: outages, the last hour's burn, and a new period's clean slate."""

from fakes.offers import leaf, offer
from modelbond.settlement.units import SliceCount
from modelbond.sla.budget import Counts
from modelbond.sla.evidence import Measured
from modelbond.sla.lease_history import LeaseHistory, counts_told, followed

OFFER = offer(period=SliceCount(1000))


def measured(
    through: int, *, bad: int = 0, unknown: int = 0, unearned: int | None = None, period: int = 0
) -> Measured:
    said = leaf(through, bad if unearned is None else unearned)
    return Measured(leaf=said, period=period, bad=bad, unknown=unknown)


def after(*reports: Measured, slice_seconds: int = 60) -> LeaseHistory:
    history = None
    for report in reports:
        history = followed(history, report, slice_seconds=slice_seconds)
    assert history is not None
    return history


def counts(*reports: Measured) -> Counts:
    return counts_told(after(*reports), OFFER)


def test_the_first_report_counts_and_does_not_burn() -> None:
    assert counts(measured(100, bad=7, unknown=3)) == Counts(good=90, bad=7, unknown=3, outages=1)
    assert counts(measured(100)) == Counts(good=100)


def test_what_a_report_adds_burns_for_an_hour() -> None:
    reports = [measured(60), measured(120, bad=5), measured(180, bad=5)]
    assert counts(*reports[:2]).recent_bad == 5
    assert counts(*reports[:2]).recent_seconds == 3600
    assert counts(*reports).recent_bad == 0
    assert counts(*reports).bad == 5


def test_short_frames_are_added_up_to_an_hour() -> None:
    reports = [measured(10 * number, bad=number) for number in range(20)]
    assert counts(*reports).recent_bad == 6
    assert counts(*reports).recent_seconds == 3600


def test_each_report_that_adds_bad_slices_is_an_outage() -> None:
    reports = [measured(60, bad=2), measured(120, bad=2), measured(180, bad=3)]
    assert counts(*reports[:2]).outages == 1
    assert counts(*reports).outages == 2


def test_a_new_period_begins_anew() -> None:
    reports = [measured(990, bad=9), measured(1050, bad=2, unknown=1, unearned=11, period=1)]
    assert counts(*reports) == Counts(
        good=47, bad=2, unknown=1, outages=1, recent_bad=2, recent_seconds=3600
    )


def test_the_same_report_again_and_an_older_one_change_nothing() -> None:
    history = after(measured(60), measured(120, bad=1))
    assert followed(history, measured(120, bad=1), slice_seconds=60) is history
    assert followed(history, measured(60), slice_seconds=60) is history


def test_grace_is_told_apart_from_good_slices_in_the_first_period() -> None:
    assert counts(measured(100, bad=4, unearned=14)).excluded == 10
    beyond = counts(measured(100, bad=4, unknown=60, unearned=24))
    assert beyond == Counts(good=26, bad=4, unknown=60, excluded=10, outages=1)


def test_a_settled_leaf_that_is_ahead_of_the_count_makes_no_negative_number() -> None:
    assert counts(measured(5, unearned=5)).good == 0
    ahead = counts(measured(3, bad=3, unknown=2))
    assert ahead.good == 0


def test_slices_of_hours_burn_by_their_own_length() -> None:
    history = after(measured(1), measured(2, bad=1), slice_seconds=7200)
    hours = offer(period=SliceCount(1000), slice_seconds=7200)
    assert counts_told(history, hours).recent_seconds == 7200
