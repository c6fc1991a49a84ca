"""Waiting in tests: poll with a deadline, never a sleep of a chosen length."""

import asyncio
import time
from collections.abc import Callable


async def until(happened: Callable[[], object], *, within_seconds: float = 10) -> None:
    """Return once it happened; TimeoutError when it does not in time."""
    async with asyncio.timeout(within_seconds):
        while not happened():  # noqa: ASYNC110 - fakes have no event for everything
            await asyncio.sleep(0.002)


def eventually(happens: Callable[[], object], *, within_seconds: float = 10) -> bool:
    """Tell whether it happens in time."""
    deadline = time.monotonic() + within_seconds
    while not happens():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
