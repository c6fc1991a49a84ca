"""Actions that go on while nobody waits for them: asked again, they say how they ended."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from modelbond.errors import ActionPending

Ended = TypeVar("Ended")


class UnderWay:
    """One task for each named action. Finality takes minutes, and who asks has seconds."""

    def __init__(self, *, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    async def ended(self, name: str, act: Callable[[], Awaitable[Ended]]) -> Ended:
        """Begin the action unless it is under way; return how it ended, or ActionPending."""
        task = self._tasks.get(name)
        if task is None:
            task = self._tasks[name] = asyncio.ensure_future(_run(act))
        done, _ = await asyncio.wait({task}, timeout=self._patience_seconds)
        if not done:
            raise ActionPending(once=name, what="sent, not final yet")
        self._tasks.pop(name, None)
        result: Ended = task.result()
        return result

    async def close(self) -> None:
        """Wait for nothing any more; what was begun is in the ledger and goes on after a start."""
        tasks = [*self._tasks.values()]
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(act: Callable[[], Awaitable[Ended]]) -> Ended:
    return await act()
