"""What each step moves, with amounts: rate 1,000 of which 50 fee, credit 3,000, cover 1,000,000."""

import pytest

from fakes.offers import leaf, offer
from modelbond.errors import Refused
from modelbond.settlement.accounts import (
    Bond,
    Released,
    abandoned,
    abandoned_at,
    freed,
    released,
    settled,
    streamed,
)
from modelbond.settlement.lease import Lease, opened
from modelbond.settlement.money import breach_that_uses_up_the_cover, credit
from modelbond.settlement.units import SliceCount, Wei

MINUTE, DAY = 60, 86_400
NOON = 1_800_000_000
TERMS = offer()
OVER = NOON + 1_000 * MINUTE
END = NOON + 200 * MINUTE


@pytest.fixture
def lease() -> Lease:
    return opened(TERMS, slices=SliceCount(200), time=NOON)


def after(lease: Lease, *counts: int) -> Lease:
    return settled(lease, leaf(*counts), offer=TERMS, reported_through=OVER).lease


def test_a_leaf_credits_what_is_new_in_breach(lease: Lease) -> None:
    first = settled(lease, leaf(100, 20, 10), offer=TERMS, reported_through=OVER)
    second = settled(first.lease, leaf(120, 25, 14), offer=TERMS, reported_through=OVER)
    assert (first.credited, second.credited) == (30_000, 12_000)


def test_a_leaf_without_new_breach_credits_nothing(lease: Lease) -> None:
    assert settled(lease, leaf(100, 20), offer=TERMS, reported_through=OVER).credited == 0


def test_a_leaf_that_counts_more_than_has_passed_is_refused(lease: Lease) -> None:
    with pytest.raises(Refused, match="11 slices are counted, 10 have passed"):
        settled(lease, leaf(11), offer=TERMS, reported_through=NOON + 10 * MINUTE + 59)


def test_a_leaf_that_takes_back_is_refused(lease: Lease) -> None:
    with pytest.raises(Refused, match="is behind"):
        settled(after(lease, 10, 5, 1), leaf(10, 4, 1), offer=TERMS, reported_through=OVER)


def test_the_cover_is_the_most_and_its_use_ends_the_lease(lease: Lease) -> None:
    terms = offer(credit_per_slice=400_000)
    done = settled(lease, leaf(50, 10, 3), offer=terms, reported_through=OVER)
    assert done.credited == 1_000_000
    assert done.lease.length == 50
    assert breach_that_uses_up_the_cover(terms) == 3
    assert credit(SliceCount(2), terms) < terms.cover == credit(SliceCount(3), terms)


def test_a_cover_that_was_used_up_before_does_not_move_the_end(lease: Lease) -> None:
    terms = offer(credit_per_slice=1_000_000)
    done = settled(lease, leaf(50, 1, 1), offer=terms, reported_through=OVER).lease
    again = settled(done, leaf(50, 1, 1), offer=terms, reported_through=OVER)
    assert (again.lease, again.credited) == (done, 0)


def test_the_stream_pays_what_is_earned_once(lease: Lease) -> None:
    first = streamed(after(lease, 100, 20), offer=TERMS)
    assert (first.host, first.fee) == (80 * 950, 80 * 50)
    again = streamed(first.lease, offer=TERMS)
    assert (again.host, again.fee) == (0, 0)


def test_what_a_stall_freed_is_netted_against_later_leaves(lease: Lease) -> None:
    gap = freed(lease, reported_through=NOON, horizon=NOON + 100 * MINUTE)
    paid = streamed(lease, offer=TERMS, freed=gap)
    assert paid.host == 100 * 950
    measured = after(paid.lease, 120, 40)
    assert streamed(measured, offer=TERMS).host == 0
    assert streamed(after(measured, 150, 40), offer=TERMS).host == 10 * 950


def test_freed_is_what_neither_leaf_nor_report_speaks_of(lease: Lease) -> None:
    measured = after(lease, 30)
    at = NOON + 100 * MINUTE
    assert freed(measured, reported_through=NOON, horizon=at) == 70
    assert freed(measured, reported_through=NOON + 60 * MINUTE, horizon=at) == 40
    assert freed(measured, reported_through=at, horizon=NOON) == 0
    assert freed(measured, reported_through=NOON, horizon=OVER) == 170


def test_release_deals_out_all_of_a_measured_lease(lease: Lease) -> None:
    paid = streamed(after(lease, 100, 20, 4), offer=TERMS).lease
    done = released(after(paid, 200, 40, 10), offer=TERMS)
    assert (done.host, done.fee) == (80 * 950, 80 * 50)
    assert done.refund == 40 * 1_000
    assert done.freed_cover == 1_000_000 - 30_000
    assert done.lease.released


def test_release_waits_for_the_last_leaf(lease: Lease) -> None:
    with pytest.raises(Refused, match="199 slices of 200"):
        released(after(lease, 199), offer=TERMS)


def dealt(done: Released) -> tuple[int, int, int]:
    return done.host, done.refund, done.freed_cover


def test_a_silent_tower_holds_nothing_up_for_more_than_a_stall_and_a_week(lease: Lease) -> None:
    measured = after(lease, 30, 10, 2)
    at = abandoned_at(measured, reported_through=NOON + 30 * MINUTE)
    assert at == END + 8 * DAY
    with pytest.raises(Refused, match=f"possible at {at}"):
        abandoned(measured, offer=TERMS, reported_through=NOON + 30 * MINUTE, time=at - 1)
    done = abandoned(measured, offer=TERMS, reported_through=NOON + 30 * MINUTE, time=at)
    assert dealt(done) == ((20 + 170) * 950, 10 * 1_000, 1_000_000 - 6_000)


def test_slices_that_were_reported_and_never_settled_are_not_earned_by_silence(
    lease: Lease,
) -> None:
    later = END + DAY
    at = abandoned_at(lease, reported_through=later)
    assert at == later + 8 * DAY
    done = abandoned(lease, offer=TERMS, reported_through=later, time=at)
    assert dealt(done) == (0, 200 * 1_000, 1_000_000)


def test_what_covers_do_not_reserve_of_a_bond_is_free() -> None:
    assert Bond(total=Wei(10), reserved=Wei(4)).free == 6
