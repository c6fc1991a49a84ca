"""Waiting for what must become true, with a deadline and a reason when it does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
PAUSE_SECONDS = 0.2


def eventually(look: Callable[[], Found], *, within_seconds: float, what: str) -> Found:
    """Return the first truthy value of `look`. Raises TimeoutError that names what was awaited."""
    deadline = time.monotonic() + within_seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_seconds:g} s: {what}; last seen: {found!r}")
        time.sleep(PAUSE_SECONDS)
    return found
