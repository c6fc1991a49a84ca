"""What a watcher saw: one row for each slice of each lease, written once, in whole numbers.

Rows are kept by the end of their slice: a frame's rows lie side by side, and so do those that are
old enough to go.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from modelbond.adapters.one_writer import OneWriterFile
from modelbond.errors import LedgerFailed
from modelbond.settlement.units import LeaseId, SliceIndex
from modelbond.sla.verdict import SliceReason, Verdict

_SCHEMA = """
CREATE TABLE IF NOT EXISTS leases (
  id INTEGER PRIMARY KEY,
  lease BLOB NOT NULL UNIQUE CHECK (length(lease) = 32),
  slice_seconds INTEGER NOT NULL CHECK (slice_seconds > 0),
  answered INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS slices (
  ends INTEGER NOT NULL,
  lease INTEGER NOT NULL REFERENCES leases (id),
  verdict TEXT NOT NULL CHECK (verdict IN ('g', 'b', 'u')),
  probes INTEGER NOT NULL CHECK (probes >= failed),
  failed INTEGER NOT NULL CHECK (failed >= 0),
  reason TEXT NOT NULL,
  best_ms INTEGER,
  PRIMARY KEY (ends, lease)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS slices_are_written_once BEFORE UPDATE ON slices
  BEGIN SELECT RAISE(ABORT, 'a slice is written once'); END;
"""
_ROWS = """
SELECT leases.lease, slice_seconds, ends / slice_seconds - 1,
       verdict, probes, failed, reason, best_ms
FROM slices JOIN leases ON leases.id = slices.lease
WHERE ends > ? AND ends <= ? ORDER BY ends, leases.lease
"""
FOREVER = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRow:
    """One slice as it was seen. `probes` were made, `failed` of them; `best_ms` answered."""

    lease: LeaseId
    slice_seconds: int
    index: SliceIndex
    verdict: Verdict
    probes: int
    failed: int
    reason: SliceReason
    best_ms: int | None

    @property
    def ends(self) -> int:
        """Return when the slice ended, in seconds since 1970."""
        return (self.index + 1) * self.slice_seconds


class SliceLedger:
    """The ledger of one watcher. One process writes it at a time; any number reads."""

    def __init__(self, path: Path) -> None:
        self._numbers: dict[LeaseId, int] = {}
        self._answered: set[LeaseId] = set()
        try:
            self._file = OneWriterFile(path, schema=_SCHEMA, busy="another watcher writes it")
        except (OSError, sqlite3.Error) as failure:
            raise LedgerFailed(f"{path}: {failure}") from failure
        self._rows = self._file.rows
        try:
            self._load()
        except sqlite3.Error as failure:
            self.close()
            raise LedgerFailed(f"{path}: {failure}") from failure

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the ledger back, once nothing is being written any more."""
        self._file.close()

    def append(self, rows: Sequence[SliceRow]) -> int:
        """Write the rows, all or none, and return how many were new: what stands is not changed.

        They are on the disk when it returns. LedgerFailed says that none of them is.
        """
        with self._transaction():
            values = [self._values(row) for row in rows]
            before = self._rows.total_changes
            self._rows.executemany(
                "INSERT INTO slices VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", values
            )
            return self._rows.total_changes - before

    def answered_leases(self) -> set[LeaseId]:
        """Return the leases whose endpoint ever gave the agreed answer."""
        with self._file.reading():
            return set(self._answered)

    def between(self, after: int, until: int) -> list[SliceRow]:
        """Return the rows of slices that ended after one moment and not after the other."""
        with self._reading():
            return [_row(found) for found in self._rows.execute(_ROWS, (after, until))]

    def prune(self, before: int) -> int:
        """Forget slices that ended before that moment; returns how many."""
        with self._transaction():
            return self._rows.execute("DELETE FROM slices WHERE ends < ?", (before,)).rowcount

    def _load(self) -> None:
        self._numbers.clear()
        self._answered.clear()
        kept = self._rows.execute("SELECT lease, id, answered FROM leases")
        for lease, number, answered in kept:
            self._numbers[LeaseId(lease)] = number
            if answered:
                self._answered.add(LeaseId(lease))

    def _values(self, row: SliceRow) -> tuple[int, int, str, int, int, str, int | None]:
        number = self._numbers.get(row.lease) or self._numbered(row)
        if row.verdict is Verdict.GOOD and row.lease not in self._answered:
            self._rows.execute("UPDATE leases SET answered = 1 WHERE id = ?", (number,))
            self._answered.add(row.lease)
        verdict, reason = row.verdict.value, row.reason.value
        return row.ends, number, verdict, row.probes, row.failed, reason, row.best_ms

    def _numbered(self, row: SliceRow) -> int:
        made = self._rows.execute(
            "INSERT INTO leases (lease, slice_seconds) VALUES (?, ?)",
            (row.lease, row.slice_seconds),
        )
        number = self._numbers[row.lease] = int(made.lastrowid or 0)
        return number

    @contextmanager
    def _reading(self) -> Iterator[None]:
        with self._file.reading():
            try:
                yield
            except sqlite3.Error as failure:
                raise LedgerFailed(f"the ledger cannot be read: {failure}") from failure

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._file.transaction(undone=self._remember):
                yield
        except sqlite3.Error as failure:
            raise LedgerFailed(f"the ledger cannot be written: {failure}") from failure

    def _remember(self) -> None:
        """Know no more than the disk does, after what was to be written was undone."""
        with suppress(sqlite3.Error):
            self._load()


def exported(path: Path, *, after: int = 0, until: int = FOREVER) -> Iterator[str]:
    """Yield the rows of a ledger as JSON, one a line; its watcher may write meanwhile."""
    try:
        rows = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            for found in rows.execute(_ROWS, (after, until)):
                yield line_of(_row(found))
        finally:
            rows.close()
    except sqlite3.Error as failure:
        raise LedgerFailed(f"{path} cannot be read: {failure}") from failure


def line_of(row: SliceRow) -> str:
    """Return a row as canonical JSON."""
    told = {
        "lease": f"0x{row.lease.hex()}",
        "sliceSeconds": row.slice_seconds,
        "slice": row.index,
        "verdict": row.verdict.value,
        "probes": row.probes,
        "failed": row.failed,
        "reason": row.reason.value,
        "bestMs": row.best_ms,
    }
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def _row(found: tuple[bytes, int, int, str, int, int, str, int | None]) -> SliceRow:
    lease, seconds, index, verdict, probes, failed, reason, best_ms = found
    return SliceRow(
        lease=LeaseId(lease),
        slice_seconds=seconds,
        index=SliceIndex(index),
        verdict=Verdict(verdict),
        probes=probes,
        failed=failed,
        reason=SliceReason(reason),
        best_ms=best_ms,
    )
