"""How long to wait before the next try: exponential, capped, spread by jitter."""

from collections.abc import Callable
from dataclasses import dataclass

Random = Callable[[], float]
"""Gives numbers in [0, 1): injected, so that tests know them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Doubles from `first_seconds` to `longest_seconds`; jitter only shortens, at most by half."""

    first_seconds: float
    longest_seconds: float

    def seconds(self, failures: int, *, random: Random) -> float:
        """Return the wait after that many failures in a row, counted from 1."""
        doublings = min(max(failures, 1) - 1, 32)
        whole: float = min(self.longest_seconds, self.first_seconds * 2.0**doublings)
        return whole * (0.5 + 0.5 * random())


TRANSIENT = Backoff(first_seconds=0.4, longest_seconds=60)
TERMINAL = Backoff(first_seconds=120, longest_seconds=900)
LINK = Backoff(first_seconds=4, longest_seconds=60)
