"""Workers: take a key, reconcile it, and let no failure end the loop."""

import asyncio
import logging
from collections.abc import Callable
from typing import assert_never

from modelbond.errors import Bug, TerminalError, TransientError
from modelbond.ports.process import Again, Clock, Controller, Done, Outcome, Supervisor
from modelbond.runtime import metrics
from modelbond.runtime.backoff import TERMINAL
from modelbond.runtime.supervisor import is_being_cancelled
from modelbond.runtime.work_queue import WorkQueue

_log = logging.getLogger(__name__)

RECONCILE_DEADLINE_SECONDS = 120.0


class Workers:
    """A fixed number of workers on one queue for one controller."""

    def __init__(
        self, name: str, *, queue: WorkQueue, controller: Controller, clock: Clock, count: int
    ) -> None:
        self.name = name
        self._queue = queue
        self._controller = controller
        self._clock = clock
        self._count = count
        self._since: dict[str, float] = {}
        metrics.RECONCILE_ERRORS.labels(name)
        metrics.BUGS.labels(name)
        metrics.WORKERS.labels(name).set(count)
        self._active = metrics.ACTIVE_WORKERS.labels(name)

    @property
    def task_names(self) -> tuple[str, ...]:
        """Return the names of the supervised tasks."""
        return tuple(f"worker/{self.name}/{number}" for number in range(self._count))

    def start(self, supervisor: Supervisor) -> None:
        """Start all workers as supervised tasks."""
        for name in self.task_names:
            supervisor.start(name, self.run)

    def longest_seconds(self) -> float:
        """Return for how long the slowest reconcile at present has been going on."""
        now = self._clock.monotonic()
        return max((now - since for since in self._since.values()), default=0.0)

    async def run(self) -> None:
        """Work for ever."""
        while True:
            key = await self._queue.get()
            try:
                await self._reconcile(key)
            finally:
                self._since.pop(key, None)
                self._queue.done(key)

    async def _reconcile(self, key: str) -> None:
        began = self._since[key] = self._clock.monotonic()
        self._active.inc()
        try:
            async with asyncio.timeout(RECONCILE_DEADLINE_SECONDS):
                outcome = await self._controller.reconcile(key)
        except asyncio.CancelledError:
            if is_being_cancelled():
                raise
            self._failed(key, Bug("a task that the reconcile waited for was cancelled"))
        except Exception as failure:  # noqa: BLE001 - nothing may end a worker
            self._failed(key, failure)
        else:
            self._succeeded(key, outcome)
        finally:
            seconds = self._clock.monotonic() - began
            self._active.dec()
            metrics.RECONCILE_SECONDS.labels(self.name).observe(seconds)
            metrics.WORK_SECONDS.labels(self.name).observe(seconds)

    def _succeeded(self, key: str, outcome: Outcome) -> None:
        self._queue.forget(key)
        match outcome:
            case Done():
                metrics.RECONCILES.labels(self.name, "success").inc()
            case Again(seconds=seconds):
                metrics.RECONCILES.labels(self.name, "requeue_after").inc()
                self._queue.add_after(key, seconds)
            case _:
                assert_never(outcome)

    def _failed(self, key: str, failure: Exception) -> None:
        metrics.RECONCILES.labels(self.name, "error").inc()
        metrics.RECONCILE_ERRORS.labels(self.name).inc()
        match failure:
            case TransientError():
                wait = self._queue.retry(key, at_least_seconds=failure.retry_after_seconds)
                self._say(_log.warning, "reconcile failed, will retry", key, failure, wait)
            case TerminalError():
                metrics.TERMINAL_ERRORS.labels(self.name).inc()
                wait = self._queue.retry(key, backoff=TERMINAL)
                self._say(_log.error, "reconcile needs somebody to act", key, failure, wait)
            case _:
                metrics.BUGS.labels(self.name).inc()
                wait = self._queue.retry(key)
                self._say(_log.exception, "reconcile hit a bug", key, failure, wait)

    def _say(
        self, log: Callable[..., None], message: str, key: str, failure: Exception, wait: float
    ) -> None:
        fields = {
            "controller": self.name,
            "key": key,
            "error": type(failure).__name__,
            "detail": str(failure),
            "retry_seconds": round(wait, 1),
        }
        log(message, extra=fields)
