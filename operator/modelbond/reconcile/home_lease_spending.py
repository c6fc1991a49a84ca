"""What a deployment paid into escrow: counted before it is paid, and once for each payment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from modelbond.api.v1alpha1 import LeaseTerms
from modelbond.api.v1alpha1 import Spending as Told
from modelbond.api.wire import read
from modelbond.errors import Refused
from modelbond.settlement.units import NO_WEI, Wei

SPENT = "modelbond.io/spent"
MOST_PAYMENTS = 64
_DAY_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment by its name. Paid again under that name it is the same one."""

    name: str
    amount: Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """Sums, and the last payments in them by name, each with its amount and day."""

    total: Wei = NO_WEI
    day: str = ""
    today: Wei = NO_WEI
    payments: Mapping[str, tuple[Wei, str]] = field(default_factory=dict)

    def counts(self, payment: Payment) -> bool:
        """Tell whether that payment is in the sums already."""
        return payment.name in self.payments

    def with_payment(self, payment: Payment, *, terms: LeaseTerms, day: str) -> "Spending":
        """Return the sums with a payment; Refused, naming the cap, where it would pass one."""
        if self.counts(payment):
            return self
        today = Wei(payment.amount + (self.today if day == self.day else 0))
        total = Wei(self.total + payment.amount)
        for name, amount, cap in (
            ("dailySpendCap", today, int(terms.daily_spend_cap)),
            ("totalSpendCap", total, int(terms.total_spend_cap)),
        ):
            if amount > cap:
                raise Refused(f"{name}: {payment.amount} more would make {amount}, over {cap}")
        kept = dict([*self.payments.items()][1 - MOST_PAYMENTS :])
        kept[payment.name] = (payment.amount, day)
        return Spending(total=total, day=day, today=today, payments=kept)

    def without_others(self, prefix: str, *, but: str) -> "Spending":
        """Return the sums without payments that never happened: those of the prefix but one."""
        gone = {n: one for n, one in self.payments.items() if n.startswith(prefix) and n != but}
        return replace(
            self,
            total=Wei(self.total - sum(amount for amount, _ in gone.values())),
            today=Wei(self.today - sum(amount for amount, day in gone.values() if day == self.day)),
            payments={name: one for name, one in self.payments.items() if name not in gone},
        )

    @property
    def text(self) -> str:
        """Return the annotation's text."""
        payments = {name: [str(amount), day] for name, (amount, day) in self.payments.items()}
        sums = {"total": str(self.total), "day": self.day, "today": str(self.today)}
        return json.dumps({**sums, "payments": payments})


NOTHING_SPENT = Spending()


def spending_of(annotations: Mapping[str, str], status: Mapping[str, Any]) -> Spending:
    """Return what was spent: by the annotation, or where that was lost, by the status."""
    noted = _noted(annotations.get(SPENT, ""))
    return noted if noted is not None else _told(status.get("spending"))


def spending_told(spending: Spending) -> Told | None:
    """Return what the status says; None before anything was spent."""
    if not spending.day:
        return None
    return Told(total=str(spending.total), day=spending.day, today=str(spending.today))


def _told(said: Any) -> Spending:
    try:
        told = read(Told, said)
    except Refused:
        return NOTHING_SPENT
    return Spending(total=Wei(int(told.total)), day=told.day, today=Wei(int(told.today)))


def _noted(text: str) -> Spending | None:
    try:
        said = json.loads(text)
        return Spending(
            total=_wei(said["total"]),
            day=_day(said["day"]),
            today=_wei(said["today"]),
            payments={
                str(name): (_wei(amount), _day(day))
                for name, (amount, day) in said["payments"].items()
            },
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _wei(text: Any) -> Wei:
    if not isinstance(text, str) or not text.isdecimal():
        raise ValueError("an amount is decimal digits")
    return Wei(int(text))


def _day(text: Any) -> str:
    if not isinstance(text, str) or len(text) != _DAY_DIGITS:
        raise ValueError("a day is YYYY-MM-DD")
    return text
