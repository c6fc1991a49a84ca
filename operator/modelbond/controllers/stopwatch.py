"""How long something has been so, on the monotonic clock, by key."""

from modelbond.ports.process import Clock


class Stopwatch:
    """Runs for a key while it is told so, and starts anew after it was not."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[str, float] = {}

    def seconds(self, key: str, *, running: bool) -> float:
        """Return the seconds since it has been running without a break; 0 when it is not."""
        if not running:
            self._since.pop(key, None)
            return 0.0
        now = self._clock.monotonic()
        return now - self._since.setdefault(key, now)
