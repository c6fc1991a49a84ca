"""What the measuring loop needs from the rest of the watcher, as protocols."""

from collections.abc import Sequence
from typing import Protocol

from modelbond.settlement.units import LeaseId
from modelbond.sla.canary import Canary
from modelbond.sla.verdict import Probe, ProbeReason, Verdict
from modelbond.watcher.ledger import SliceRow
from modelbond.watcher.target import Target


class Meter(Protocol):
    """Where the numbers that people look at go."""

    def slice(self, target: Target, verdict: Verdict) -> None:
        """Count a slice that is over."""

    def expected(self, target: Target, slices: int) -> None:
        """Count slices of the target that are over, judged or not."""

    def probe(self, target: Target, reason: ProbeReason, seconds: float) -> None:
        """Count a probe and how long it took."""

    def late(self, seconds: float) -> None:
        """Observe by how much a probe began after its moment."""

    def lost(self, slices: int) -> None:
        """Count slices that were measured and could not be written: they are unknown."""


class Asker(Protocol):
    """Makes one probe."""

    async def probe(self, target: Target, canary: Canary) -> Probe:
        """Ask once and judge the answer."""


class Rows(Protocol):
    """Where slices are written down."""

    def append(self, rows: Sequence[SliceRow]) -> int:
        """Write all rows or none; LedgerFailed says none. Returns how many were new."""

    def answered_leases(self) -> set[LeaseId]:
        """Return the leases whose endpoint ever gave the agreed answer."""
