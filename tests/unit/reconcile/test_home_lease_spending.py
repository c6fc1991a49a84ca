"""Caps hold over days and restarts, and a payment counts once."""

import json

import pytest

from fakes.leased import TERMS
from modelbond.api.v1alpha1 import LeaseTerms
from modelbond.api.wire import read
from modelbond.errors import Refused
from modelbond.reconcile.home_lease_spending import (
    MOST_PAYMENTS,
    NOTHING_SPENT,
    SPENT,
    Payment,
    Spending,
    spending_of,
    spending_told,
)
from modelbond.settlement.units import Wei

MONDAY, TUESDAY = "2026-01-05", "2026-01-06"


def terms(*, daily: int, total: int) -> LeaseTerms:
    caps = {"dailySpendCap": str(daily), "totalSpendCap": str(total)}
    return read(LeaseTerms, {**TERMS, **caps})


def paid(spending: Spending, name: str, amount: int, *, day: str, total: int = 1000) -> Spending:
    payment = Payment(name=name, amount=Wei(amount))
    return spending.with_payment(payment, terms=terms(daily=100, total=total), day=day)


def test_a_payment_of_the_same_name_counts_once() -> None:
    once = paid(NOTHING_SPENT, "open", 60, day=MONDAY)
    assert paid(once, "open", 60, day=TUESDAY) is once
    assert (once.total, once.today, once.day) == (60, 60, MONDAY)


def test_a_new_day_has_the_daily_cap_anew_and_the_total_goes_on() -> None:
    monday = paid(NOTHING_SPENT, "open", 60, day=MONDAY)
    with pytest.raises(Refused, match="dailySpendCap: 60 more would make 120, over 100"):
        paid(monday, "top up", 60, day=MONDAY)
    tuesday = paid(monday, "top up", 60, day=TUESDAY)
    assert (tuesday.total, tuesday.today) == (120, 60)
    with pytest.raises(Refused, match="totalSpendCap: 60 more would make 180, over 179"):
        paid(tuesday, "again", 60, day="2026-01-07", total=179)


def test_what_never_happened_is_taken_out_of_its_day_alone() -> None:
    spent = paid(NOTHING_SPENT, "open/a/1", 60, day=MONDAY)
    spent = paid(spent, "top up", 10, day=TUESDAY)
    spent = paid(spent, "open/a/2", 20, day=TUESDAY)
    left = spent.without_others("open/a/", but="open/a/3")
    assert (left.total, left.today) == (10, 10)
    kept = spent.without_others("open/a/", but="open/a/2")
    assert (kept.total, kept.today) == (30, 30)


def test_what_was_written_down_is_read_again() -> None:
    spent = paid(paid(NOTHING_SPENT, "open", 60, day=MONDAY), "top up", 30, day=TUESDAY)
    assert spending_of({SPENT: spent.text}, {}) == spent
    told = spending_told(spent)
    assert told is not None
    assert (told.total, told.day, told.today) == ("90", TUESDAY, "30")
    assert spending_told(NOTHING_SPENT) is None


def test_only_the_last_payments_are_kept_by_name() -> None:
    spent = NOTHING_SPENT
    for number in range(MOST_PAYMENTS + 5):
        spent = paid(spent, f"top up/{number}", 1, day=MONDAY)
    assert len(spent.payments) == MOST_PAYMENTS
    assert spent.total == MOST_PAYMENTS + 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        json.dumps({"total": 7, "day": MONDAY, "today": "7", "payments": {}}),
        json.dumps({"total": "7", "day": 5, "today": "7", "payments": {}}),
        json.dumps({"total": "7", "day": MONDAY, "today": "7", "payments": {"a": "b"}}),
        json.dumps({"total": "7", "day": MONDAY, "today": "7", "payments": []}),
    ],
)
def test_where_the_annotation_is_lost_the_status_tells_the_sums(text: str) -> None:
    status = {"spending": {"total": "70", "day": MONDAY, "today": "7"}}
    found = spending_of({SPENT: text}, status)
    assert (found.total, found.day, found.today) == (70, MONDAY, 7)
    assert spending_of({SPENT: text}, {}) == NOTHING_SPENT
