"""How long the event loop was away: that time is the watcher's own, never an endpoint's."""

import asyncio

from modelbond.ports.process import Clock

_STEP_SECONDS = 0.02


class Stalls:
    """Counts the seconds by which a short sleep comes back late."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counted = 0.0
        self._due: float | None = None

    @property
    def seconds(self) -> float:
        """Return all time lost so far, that of a stall which ends just now included."""
        if self._due is None:
            return self._counted
        return self._counted + max(self._clock.monotonic() - self._due, 0.0)

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            self._due = self._clock.monotonic() + _STEP_SECONDS
            await asyncio.sleep(_STEP_SECONDS)
            self._counted, self._due = self.seconds, None
