"""What is tried on chain: one task at a time for each key, and the next one after a pause."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Hashable, Mapping
from typing import Generic, TypeVar

from prometheus_client import Counter

from modelbond.errors import ModelbondError
from modelbond.ports.process import Clock

_log = logging.getLogger(__name__)

Key = TypeVar("Key", bound=Hashable)


class Attempts(Generic[Key]):
    """Holds what is under way, and counts how it ended. `what` names it in logs."""

    def __init__(self, what: str, *, clock: Clock, pause_seconds: float, outcomes: Counter) -> None:
        self._what = what
        self._clock = clock
        self._pause_seconds = pause_seconds
        self._outcomes = outcomes
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._not_before: dict[Key, float] = {}

    @property
    def under_way(self) -> frozenset[Key]:
        """Return what is being tried."""
        return frozenset(self._tasks)

    @property
    def busy(self) -> frozenset[Key]:
        """Return what is being tried, or must wait."""
        now = self._clock.monotonic()
        waiting = {key for key, until in self._not_before.items() if now < until}
        return frozenset(waiting | self._tasks.keys())

    def wait(self, key: Key, *, seconds: float) -> None:
        """Let a key that is new wait so long before its first attempt."""
        self._not_before.setdefault(key, self._clock.monotonic() + seconds)

    def keep(self, wanted: Callable[[Key], bool]) -> None:
        """Forget how long all others have to wait."""
        self._not_before = {key: until for key, until in self._not_before.items() if wanted(key)}

    def begin(
        self, key: Key, attempt: Coroutine[None, None, str], *, about: Mapping[str, object]
    ) -> None:
        """Try it. The attempt returns how it went, by a label of the counter."""
        task = asyncio.create_task(self._run(key, attempt, about))
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))

    async def close(self) -> None:
        """Leave what is under way to the ledger: the next process goes on with it."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(
        self, key: Key, attempt: Coroutine[None, None, str], about: Mapping[str, object]
    ) -> None:
        result = "failed"
        try:
            result = await attempt
        except ModelbondError as failure:
            fields = {"what": self._what, **about, "reason": str(failure)}
            _log.warning("not done, tried again", extra=fields)
        except Exception:  # noqa: BLE001 - it is tried again, whatever it was
            _log.exception("failed, tried again", extra={"what": self._what, **about})
        self._not_before[key] = self._clock.monotonic() + self._pause_seconds
        self._outcomes.labels(result).inc()
