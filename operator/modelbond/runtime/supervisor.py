"""Named long-lived tasks: one that ends or raises is logged, counted and started again."""

import asyncio
import logging
import random as system_random
from collections.abc import Awaitable, Callable

from modelbond.ports.process import Clock
from modelbond.runtime import metrics
from modelbond.runtime.backoff import Backoff, Random

_log = logging.getLogger(__name__)

_RESTART = Backoff(first_seconds=0.4, longest_seconds=30)
_STEADY_SECONDS = 60.0

Run = Callable[[], Awaitable[None]]


def is_being_cancelled() -> bool:
    """Tell whether the current task was asked to end, or only met the end of another task."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class TaskSupervisor:
    """Implements ports.Supervisor on asyncio tasks."""

    def __init__(self, *, clock: Clock, random: Random = system_random.random) -> None:
        self._clock = clock
        self._random = random
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    def start(self, name: str, run: Run) -> None:
        """Start the task; one that runs under this name is stopped first."""
        if self._closed:
            return
        predecessor = self._cancel(name)
        task = asyncio.create_task(self._keep(name, run, after=predecessor), name=name)
        self._tasks[name] = task

    def stop(self, name: str) -> None:
        """Cancel the task; unknown names are fine."""
        self._cancel(name)

    def running(self, name: str) -> bool:
        """Tell whether the task is there and not over."""
        task = self._tasks.get(name)
        return task is not None and not task.done()

    async def close(self, *, grace_seconds: float) -> None:
        """Cancel all tasks, and wait for them as long as that."""
        self._closed = True
        for name in list(self._tasks):
            self._cancel(name)
        if self._ending:
            await asyncio.wait(self._ending, timeout=grace_seconds)

    def _cancel(self, name: str) -> asyncio.Task[None] | None:
        task = self._tasks.pop(name, None)
        if task is None or task.done():
            return None
        task.cancel()
        # The event loop holds tasks weakly: one that is ending needs an owner.
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        return task

    async def _keep(self, name: str, run: Run, *, after: asyncio.Task[None] | None) -> None:
        if after is not None:
            await asyncio.wait({after})
        failures = 0
        while True:
            began = self._clock.monotonic()
            await self._run_once(name, run)
            metrics.TASK_RESTARTS.labels(_family(name)).inc()
            steady = self._clock.monotonic() - began > _STEADY_SECONDS
            failures = 1 if steady else failures + 1
            await asyncio.sleep(_RESTART.seconds(failures, random=self._random))

    async def _run_once(self, name: str, run: Run) -> None:
        try:
            await run()
        except asyncio.CancelledError:
            if is_being_cancelled():
                raise
            _log.warning("task met a stray cancellation", extra={"task": name})
        except Exception:  # noqa: BLE001 - a supervised task outlives every failure
            _log.exception("task failed, will be started again", extra={"task": name})
        else:
            _log.warning("task ended, will be started again", extra={"task": name})


def _family(name: str) -> str:
    """Return what tasks of one sort share: the rest of a name is an object's, without bound."""
    return name.replace("/", " ").partition(" ")[0]
