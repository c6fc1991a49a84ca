"""The clock of the machine, behind the Clock port."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Real time."""

    def monotonic(self) -> float:
        """Return seconds that only grow."""
        return time.monotonic()

    def now(self) -> datetime:
        """Return the wall clock, UTC."""
        return datetime.now(UTC)
