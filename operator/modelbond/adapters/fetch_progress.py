"""How far a fetch is, as one JSON line on stdout now and then; what went wrong on stderr."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

INTERVAL_SECONDS = 2.0


@dataclass(slots=True, kw_only=True)
class Progress:
    """Bytes done of a known total. The operator reads the last line, so lines are few."""

    total_bytes: int
    out: TextIO
    notes: TextIO
    monotonic: Callable[[], float]
    _done: int = 0
    _told_at: float | None = None

    def add(self, size: int) -> None:
        """Count so many bytes more."""
        self.at(self._done + size)

    def at(self, done: int) -> None:
        """Set the bytes done, and tell when two seconds passed since it was told."""
        self._done = done
        now = self.monotonic()
        if self._told_at is None or now - self._told_at >= INTERVAL_SECONDS:
            self._tell(now)

    def end(self) -> None:
        """Tell that all is done, at once."""
        self._done = self.total_bytes
        self._tell(self.monotonic())

    def note(self, text: str) -> None:
        """Say on stderr what a person who reads the log needs to know."""
        self.notes.write(f"modelbond fetch: {text}\n")
        self.notes.flush()

    def _tell(self, now: float) -> None:
        self._told_at = now
        self.out.write(json.dumps({"done": self._done, "total": self.total_bytes}) + "\n")
        self.out.flush()
