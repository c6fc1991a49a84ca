"""Rows of a watcher's ledger for tests."""

from modelbond.settlement.units import LeaseId, SliceIndex
from modelbond.sla.verdict import SliceReason, Verdict
from modelbond.watcher.ledger import SliceRow


def lease(number: int) -> LeaseId:
    """Return a lease's id."""
    return LeaseId(number.to_bytes(32, "big"))


def row(
    of: LeaseId,
    index: int,
    *,
    slice_seconds: int = 60,
    verdict: Verdict = Verdict.GOOD,
    failed: int = 0,
    reason: SliceReason = SliceReason.ANSWERED,
    best_ms: int | None = 12,
) -> SliceRow:
    """Return a row that says good unless told otherwise."""
    return SliceRow(
        lease=of,
        slice_seconds=slice_seconds,
        index=SliceIndex(index),
        verdict=verdict,
        probes=2,
        failed=failed,
        reason=reason,
        best_ms=best_ms,
    )
