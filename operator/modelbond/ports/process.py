"""What controllers need of the process that they run in: time, tasks, meters; and what they are."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time. Silence is measured on `monotonic`, never on what others wrote."""

    def monotonic(self) -> float:
        """Seconds that only grow."""

    def now(self) -> datetime:
        """Return the wall clock, UTC, for what people read."""


Wait = Callable[[int], float]
"""Tells how many seconds to wait after that many failures in a row, counted from 1."""


class Supervisor(Protocol):
    """Keeps named tasks alive: one that ends or raises is logged, counted and started again."""

    def start(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Start the task; a name that runs already is stopped first."""

    def stop(self, name: str) -> None:
        """Cancel the task; unknown names are fine."""


class HomeMeter(Protocol):
    """What a home counts as it happens."""

    def declined(self, reason: str) -> None:
        """Count an order that was not taken."""

    def ready_after(self, seconds: float) -> None:
        """Take note of a placement that became ready for the first time."""


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more to do until something changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Reconcile once more after that many seconds."""

    seconds: float


Outcome = Done | Again


class Controller(Protocol):
    """One idea that is reconciled by key."""

    async def reconcile(self, key: str) -> Outcome:
        """Observe, plan, act, write status. Raises typed errors; the worker classifies them."""
