"""A clock that stands still until a test moves it."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(slots=True)
class ManualClock:
    """`time` is the wall clock in seconds since 1970; `behind` is taken off it for one watcher."""

    time: float

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)


@dataclass(slots=True)
class SkewedClock:
    """Another clock with a wall clock that is off by so much."""

    right: ManualClock
    ahead_seconds: float

    def monotonic(self) -> float:
        return self.right.monotonic()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.right.time + self.ahead_seconds, UTC)
