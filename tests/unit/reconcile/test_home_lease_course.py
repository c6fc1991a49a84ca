"""What is due for a lease on chain, decided from its final state alone."""

from dataclasses import replace
from typing import Any

from fakes.offers import leaf, offer
from modelbond.reconcile.home_lease_course import (
    Abandon,
    Claim,
    Close,
    Course,
    Release,
    Settle,
    Step,
    TopUp,
    steps,
    wants_report,
)
from modelbond.settlement.lease import Lease, opened
from modelbond.settlement.units import SliceCount, Wei

OFFER = offer(grace=SliceCount(0))
START = 1_000_000 * 60
DAY = 86_400


def lease(**changes: Any) -> Lease:
    return replace(opened(OFFER, slices=SliceCount(1000), time=START), **changes)


def due(now: int = START, **facts: Any) -> tuple[Step, ...]:
    held = facts.pop("lease", lease())
    return steps(Course(offer=OFFER, lease=held, now=now, **facts))


def after(slices: int) -> int:
    return START + slices * 60


def test_a_running_lease_needs_nothing_until_less_than_half_of_a_prepayment_is_left() -> None:
    assert due(after(500), prepay=SliceCount(1000)) == ()
    assert due(after(501), prepay=SliceCount(1000)) == (
        TopUp(slices=SliceCount(1000), once="1000"),
    )


def test_where_nobody_is_known_to_pay_on_nothing_is_paid_and_nothing_ended() -> None:
    assert due(after(900)) == ()


def test_only_a_word_ends_a_lease_and_only_once() -> None:
    assert due(unwanted=True, prepay=SliceCount(1000)) == (Close(),)
    noticed = lease(noticed=lease().now(after(60)))
    assert due(unwanted=True, lease=noticed) == ()
    assert due(after(1000), unwanted=True) == ()


def test_a_leaf_is_settled_when_it_credits_more_and_only_then() -> None:
    assert due(after(60), measured=leaf(60, 12, 2)) == (Settle(leaf=leaf(60, 12, 2)),)
    assert due(after(60), measured=leaf(60, 12, 0)) == ()
    settled = lease(measured=leaf(60, 12, 2))
    assert due(after(90), lease=settled, measured=leaf(60, 12, 2)) == ()
    assert due(after(90), lease=settled, measured=leaf(50, 12, 1)) == ()


def test_beyond_the_cover_nothing_more_is_settled() -> None:
    used_up = lease(measured=leaf(400, 400, 334))
    assert due(after(500), lease=used_up, measured=leaf(450, 450, 384)) == ()


def test_an_ended_lease_is_released_by_the_leaf_through_its_end() -> None:
    assert due(after(1000), measured=leaf(999)) == ()
    assert due(after(1000), measured=leaf(1000, 3)) == (Release(leaf=leaf(1000, 3), proven=True),)
    assert due(after(999), measured=leaf(1000, 3)) == ()


def test_a_lease_whose_last_leaf_is_settled_needs_no_proof() -> None:
    settled = lease(measured=leaf(1000, 3))
    assert due(after(1000), lease=settled) == (Release(leaf=leaf(1000, 3), proven=False),)


def test_an_ended_lease_that_is_not_measured_through_is_settled_first() -> None:
    assert due(after(1000), measured=leaf(900, 20, 2)) == (Settle(leaf=leaf(900, 20, 2)),)


def test_a_silent_tower_is_waited_for_eight_days() -> None:
    late = after(1000) + 8 * DAY
    assert due(late - 1, reported_through=0) == ()
    assert due(late, reported_through=0) == (Abandon(),)
    assert due(late, reported_through=0, measured=leaf(900)) == (Abandon(),)
    assert due(late, reported_through=late - DAY) == ()
    assert due(late) == ()


def test_a_released_lease_leaves_only_money_to_claim() -> None:
    done = lease(released=True, measured=leaf(1000, 3))
    assert due(after(2000), lease=done, unwanted=True, measured=leaf(1000, 9, 9)) == ()
    assert due(after(2000), lease=done, claimable=Wei(7)) == (Claim(once="1000/3/0/released"),)


def test_what_is_credited_is_claimed_by_the_name_of_what_credited_it() -> None:
    assert due(claimable=Wei(1)) == (Claim(once="0/0/0/running"),)
    later = lease(measured=leaf(60, 12, 2))
    assert due(claimable=Wei(1), lease=later) == (Claim(once="60/12/2/running"),)


def test_through_when_the_tower_speaks_matters_only_for_an_ended_lease() -> None:
    assert not wants_report(lease(), now=after(999))
    assert wants_report(lease(), now=after(1000))
    assert not wants_report(lease(released=True), now=after(1000))
