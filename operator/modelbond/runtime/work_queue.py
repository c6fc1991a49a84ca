"""A keyed work queue: a key waits once, is never worked on twice at a time, and is never lost."""

import asyncio
import heapq
import random as system_random

from modelbond.ports.process import Clock
from modelbond.runtime import metrics
from modelbond.runtime.backoff import TRANSIENT, Backoff, Random


class WorkQueue:
    """Implements ports.Queue; workers `get` a key, then say `done`.

    A key added while it is worked on is worked on once more afterwards. Of several wishes to come
    back later the earliest wins: the reconcile then says anew when it wants to be seen again.
    """

    def __init__(self, name: str, *, clock: Clock, random: Random = system_random.random) -> None:
        self._clock = clock
        self._random = random
        self._waiting: dict[str, float] = {}
        self._active: set[str] = set()
        self._again: set[str] = set()
        self._due: dict[str, float] = {}
        self._due_heap: list[tuple[float, str]] = []
        self._failures: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._depth = metrics.QUEUE_DEPTH.labels(name)
        self._adds = metrics.QUEUE_ADDS.labels(name)
        self._retries = metrics.QUEUE_RETRIES.labels(name)
        self._waited = metrics.QUEUE_SECONDS.labels(name)

    def add(self, key: str) -> None:
        """Ask for the key to be reconciled soon."""
        if key in self._active:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting[key] = self._clock.monotonic()
            self._adds.inc()
            self._depth.set(len(self._waiting))
            self._wake.set()

    def add_after(self, key: str, seconds: float) -> None:
        """Ask for the key to be reconciled once that time passed."""
        if seconds <= 0:
            self._due.pop(key, None)
            self.add(key)
            return
        due = self._clock.monotonic() + seconds
        if due < self._due.get(key, float("inf")):
            self._due[key] = due
            heapq.heappush(self._due_heap, (due, key))
            self._wake.set()

    def retry(
        self, key: str, *, backoff: Backoff = TRANSIENT, at_least_seconds: float | None = None
    ) -> float:
        """Ask for another try after a failure; return in how many seconds it comes."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        seconds = max(backoff.seconds(failures, random=self._random), at_least_seconds or 0)
        self._retries.inc()
        self.add_after(key, seconds)
        return seconds

    def forget(self, key: str) -> None:
        """Let the next failure of the key start with the shortest wait again."""
        self._failures.pop(key, None)

    async def get(self) -> str:
        """Wait for a key and take it; it is active until `done`."""
        while (key := self.take()) is None:
            self._wake.clear()
            try:
                async with asyncio.timeout(self._seconds_to_next()):
                    await self._wake.wait()
            except TimeoutError:
                continue
        return key

    def take(self) -> str | None:
        """Take the key that waits longest, or None where none is ready."""
        self._ripen()
        key = next(iter(self._waiting), None)
        if key is None:
            return None
        self._waited.observe(self._clock.monotonic() - self._waiting.pop(key))
        self._depth.set(len(self._waiting))
        self._active.add(key)
        return key

    def done(self, key: str) -> None:
        """Give back a key that `get` or `take` handed out."""
        self._active.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)

    def _ripen(self) -> None:
        now = self._clock.monotonic()
        while self._due_heap and self._due_heap[0][0] <= now:
            due, key = heapq.heappop(self._due_heap)
            if self._due.get(key) == due:
                del self._due[key]
                self.add(key)

    def _seconds_to_next(self) -> float | None:
        if not self._due_heap:
            return None
        return max(0.0, self._due_heap[0][0] - self._clock.monotonic())
