"""A lease covers whole slices, and ends by notice, by dry escrow or when its cover is used up."""

from typing import Any

import pytest

from fakes.offers import leaf, offer
from modelbond.errors import Refused
from modelbond.settlement.lease import Lease, opened, succeeded
from modelbond.settlement.units import SliceCount

MINUTE = 60
NOON = 1_800_000_000  # the beginning of slice 30,000,000


def lease(*, slices: int = 200, time: int = NOON, **changes: Any) -> Lease:
    return opened(offer(**changes), slices=SliceCount(slices), time=time)


def test_a_lease_begins_with_the_first_whole_slice() -> None:
    assert lease(time=NOON).first == NOON // MINUTE
    assert lease(time=NOON + 1).first == NOON // MINUTE + 1
    assert lease(time=NOON + 59).first == NOON // MINUTE + 1


def test_without_notice_it_ends_where_its_escrow_is_dry() -> None:
    made = lease()
    assert made.end == made.dry == made.first + 200
    assert made.length == 200


def test_notice_ends_it_that_much_later() -> None:
    closed = lease().with_notice(NOON + 10 * MINUTE)
    assert closed.end == closed.first + 10 + 60


def test_notice_does_not_outlast_the_escrow() -> None:
    closed = lease().with_notice(NOON + 199 * MINUTE)
    assert closed.end == closed.first + 200


def test_notice_before_the_first_slice_can_leave_a_lease_short() -> None:
    closed = lease(time=NOON + 1, notice=SliceCount(1)).with_notice(NOON + 2)
    assert closed.length == 0


def test_notice_is_given_once() -> None:
    closed = lease().with_notice(NOON)
    with pytest.raises(Refused, match="has it already"):
        closed.with_notice(NOON)


def test_a_lease_that_ended_takes_neither_notice_nor_money() -> None:
    over = NOON + 200 * MINUTE
    with pytest.raises(Refused, match="ended at slice 30000200"):
        lease().with_notice(over)
    with pytest.raises(Refused, match="ended at slice 30000200"):
        lease().with_funds(SliceCount(100), time=over)


def test_money_moves_the_dry_end() -> None:
    assert lease().with_funds(SliceCount(50), time=NOON).length == 250


def test_money_that_would_not_last_for_the_notice_is_refused() -> None:
    late = NOON + 195 * MINUTE
    with pytest.raises(Refused, match="15 would be left, the notice is 60"):
        lease().with_funds(SliceCount(10), time=late)
    assert lease().with_funds(SliceCount(55), time=late).length == 255


@pytest.mark.parametrize(("prepayment", "notice", "needed"), [(120, 60, 120), (10, 60, 60)])
def test_opening_prepays_the_notice_at_least(prepayment: int, notice: int, needed: int) -> None:
    terms = {"prepayment": SliceCount(prepayment), "notice": SliceCount(notice)}
    assert lease(slices=needed, **terms).funded == needed
    with pytest.raises(Refused, match=f"opening needs {needed}"):
        lease(slices=needed - 1, **terms)


def test_only_whole_slices_inside_the_lease_have_elapsed() -> None:
    made = lease()
    assert made.elapsed(NOON - 1) == 0
    assert made.elapsed(NOON + 59) == 0
    assert made.elapsed(NOON + 10 * MINUTE) == 10
    assert made.elapsed(NOON + 1000 * MINUTE) == 200


def test_a_newer_epoch_gives_the_older_lease_its_notice_and_no_more() -> None:
    older = lease()
    assert succeeded(older, time=NOON) == older.with_notice(NOON)


def test_a_newer_epoch_does_not_prolong_what_ends_already() -> None:
    closed = lease().with_notice(NOON)
    assert succeeded(closed, time=NOON + 30 * MINUTE) == closed
    assert succeeded(lease(), time=NOON + 300 * MINUTE) == lease()


def test_a_new_lease_is_measured_nowhere() -> None:
    assert lease().measured == leaf(0)
