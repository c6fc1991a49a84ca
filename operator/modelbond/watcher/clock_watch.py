"""Whether the wall clock can be trusted: slices are named by it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from modelbond.ports.process import Clock

_log = logging.getLogger(__name__)

JUMP_SECONDS = 1.0
OFFSET_SECONDS = 1.0

Offset = Callable[[], float | None]
"""Returns how many seconds the wall clock is ahead of a source of time; None without a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment: the monotonic clock, and by how much the wall clock is ahead of it."""

    monotonic: float
    ahead: float


class ClockWatch:
    """Compares the wall clock with the monotonic one at every look, and with others' time.

    No source of time is no news: the chain may be down, and the clock is what it was.
    """

    def __init__(self, clock: Clock, *, offset: Offset) -> None:
        self._clock = clock
        self._offset = offset
        self._last = self._now()
        self._trouble: float | None = None

    def mark(self) -> Mark:
        """Look, and return this moment."""
        self.look()
        return self._last

    def ok_since(self, mark: Mark) -> bool:
        """Look, and tell whether the clock kept right since that moment."""
        self.look()
        drift = abs(self._last.ahead - mark.ahead)
        calm = self._trouble is None or self._trouble < mark.monotonic
        return calm and drift <= JUMP_SECONDS

    def look(self) -> None:
        """Take the time. Whoever waits looks several times a second."""
        now, last = self._now(), self._last
        self._last = now
        if abs(now.ahead - last.ahead) > JUMP_SECONDS:
            self._distrust("the wall clock jumped", now.ahead - last.ahead)
        offset = self._offset()
        if offset is not None and abs(offset) > OFFSET_SECONDS:
            self._distrust("the wall clock is off", offset)

    def _distrust(self, why: str, seconds: float) -> None:
        if self._trouble is None or self._last.monotonic - self._trouble > 60:
            _log.error(why, extra={"seconds": round(seconds, 3)})
        self._trouble = self._last.monotonic

    def _now(self) -> Mark:
        monotonic = self._clock.monotonic()
        return Mark(monotonic=monotonic, ahead=self._clock.now().timestamp() - monotonic)
