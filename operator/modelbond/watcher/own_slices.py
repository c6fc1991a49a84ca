"""What this watcher measured of a frame, from its ledger's rows to the letters of its vector."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from modelbond.settlement.units import FrameIndex, LeaseId
from modelbond.sla.verdict import Verdict


class Row(Protocol):
    """A slice as it was measured."""

    @property
    def lease(self) -> LeaseId:
        """Return of which lease it is."""

    @property
    def slice_seconds(self) -> int:
        """Return how long it is."""

    @property
    def index(self) -> int:
        """Return its number since 1970."""

    @property
    def verdict(self) -> str:
        """Return its letter."""


class Rows(Protocol):
    """The ledger of slices."""

    def between(self, after: int, until: int) -> Iterable[Row]:
        """Return the rows of slices that ended after one moment and not after the other."""


class OwnSlices:
    """Implements OwnLedger. A frame is read once: its slices are those that ended in it."""

    def __init__(self, rows: Rows, *, frame_seconds: int) -> None:
        self._rows = rows
        self._frame_seconds = frame_seconds
        self._letters: dict[tuple[LeaseId, int], str] = {}

    def leases(self, frame: FrameIndex) -> Mapping[LeaseId, int]:
        """Return the leases that were measured in a frame, with the seconds of their slices."""
        begin = frame * self._frame_seconds
        rows = list(self._rows.between(begin, begin + self._frame_seconds))
        self._letters = {(row.lease, row.index): str(row.verdict) for row in rows}
        return {row.lease: row.slice_seconds for row in rows}

    def verdicts(self, lease: LeaseId, slices: range) -> str:
        """Return a letter for each slice of the frame that was read last."""
        unknown = Verdict.UNKNOWN.value
        return "".join(self._letters.get((lease, index), unknown) for index in slices)
