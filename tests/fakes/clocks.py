"""Clocks of a test's own: one that stands still until it is moved, one that leaps ahead."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

# Turns of the loop in which everything that was woken has come to wait again.
_TURNS = 6


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


@dataclass(slots=True)
class LeapingClock:
    """A clock that leaps from one moment that somebody waits for to the next: a week in seconds.

    `time` is both clocks', in seconds since 1970. Only its own `sleep` takes time.
    """

    time: float
    _waiting: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for that moment to come."""
        woken = asyncio.get_running_loop().create_future()
        due = self.time + max(seconds, 0.0)
        heapq.heappush(self._waiting, (due, next(self._numbers), woken))
        await woken

    async def leap_to(self, time: float, *, idle: Callable[[], bool]) -> None:
        """Let it become that moment; it leaps on whenever nothing outside the loop is under way."""
        await _settled(idle)
        while self._waiting and self._waiting[0][0] <= time:
            due, _, woken = heapq.heappop(self._waiting)
            self.time = max(self.time, due)
            if not woken.done():
                woken.set_result(None)
                await _settled(idle)
        self.time = time


async def _settled(idle: Callable[[], bool]) -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    while not idle():  # noqa: ASYNC110 - a thread writes, which has no event
        await asyncio.sleep(0)
