"""Wait for a fact with a deadline; say what was seen last when it does not come."""

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def eventually(
    look: Callable[[], Seen], holds: Callable[[Seen], object], *, within_seconds: float
) -> Seen:
    """Return the first thing seen for which `holds`; an error while looking is not yet."""
    deadline = time.monotonic() + within_seconds
    last: object = "nothing"
    while time.monotonic() < deadline:
        try:
            seen = look()
            if holds(seen):
                return seen
            last = seen
        except Exception as error:  # noqa: BLE001 - whatever it was, the last one is reported
            last = repr(error)
        time.sleep(0.25)
    raise AssertionError(f"not within {within_seconds:.0f} s; last seen: {last}")


def always(
    look: Callable[[], Seen], holds: Callable[[Seen], object], *, for_seconds: float
) -> None:
    """Fail as soon as the fact stops holding before the time is over."""
    deadline = time.monotonic() + for_seconds
    while time.monotonic() < deadline:
        seen = look()
        assert holds(seen), f"did not hold: {seen}"
        time.sleep(0.5)
