"""What this watcher signed: on the disk before any signature leaves, and never taken back.

For each frame that may still be reported it holds the highest round that was signed, with the
whole report (ADR 6), and the one vector that was committed to. Only a higher round is signed, or
the very same report again: so this key cannot sign two contents of one round, whatever is killed.
A frame that is forgotten because it is too old is below the floor, and never signed again.
"""

from collections.abc import Mapping
from pathlib import Path

from modelbond.adapters.one_writer import OneWriterFile
from modelbond.errors import Refused
from modelbond.settlement.report import Report
from modelbond.settlement.units import Address, Digest, FrameIndex
from modelbond.sla.vector import SignedVector

_SCHEMA = """
CREATE TABLE IF NOT EXISTS owner (
  chain_id INTEGER NOT NULL, tower TEXT NOT NULL, signer TEXT NOT NULL, floor INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS signed (
  frame INTEGER PRIMARY KEY,
  round INTEGER NOT NULL,
  reference_block INTEGER NOT NULL,
  previous_root BLOB NOT NULL,
  root BLOB NOT NULL,
  data_hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS rounds_only_rise BEFORE UPDATE ON signed WHEN NEW.round <= OLD.round
  BEGIN SELECT RAISE(ABORT, 'a round was signed already'); END;
CREATE TABLE IF NOT EXISTS vectors (
  frame INTEGER PRIMARY KEY, text TEXT NOT NULL, salt BLOB NOT NULL, signature BLOB NOT NULL
) STRICT;
"""
_SIGNED = "frame, round, reference_block, previous_root, root, data_hash"


class SigningRecord:
    """The record of one key on one tower. One process holds it at a time."""

    def __init__(self, path: Path, *, chain_id: int, tower: Address, signer: Address) -> None:
        self._file = OneWriterFile(path, schema=_SCHEMA, busy="another watcher signs with this key")
        self._rows = self._file.rows
        self._signer = signer
        try:
            self._claim((chain_id, tower, signer))
        except Refused:
            self.close()
            raise

    def close(self) -> None:
        """Give the record back."""
        self._file.close()

    @property
    def floor(self) -> int:
        """Return the frame up to which nothing is signed any more."""
        with self._file.reading():
            (floor,) = self._rows.execute("SELECT floor FROM owner").fetchone()
            return int(floor)

    def signed(self) -> Mapping[FrameIndex, Report]:
        """Return the highest round of each frame, as it was signed."""
        with self._file.reading():
            rows = self._rows.execute(f"SELECT {_SIGNED} FROM signed ORDER BY frame").fetchall()  # noqa: S608 - a constant
        return {report.frame: report for report in map(_report, rows)}

    def admit(self, report: Report) -> None:
        """Write down that this report is signed now; Refused where it must not be.

        It is on the disk when this returns: only then may the key be used.
        """
        numbers = report.frame, report.round, report.reference_block
        row = (*numbers, report.previous_root, report.root, report.data_hash)
        with self._file.transaction():
            (floor,) = self._rows.execute("SELECT floor FROM owner").fetchone()
            found = self._rows.execute(
                f"SELECT {_SIGNED} FROM signed WHERE frame = ?",  # noqa: S608 - a constant
                (report.frame,),
            ).fetchone()
            if found and _report(found) == report:
                return
            _refuse_what_is_behind(report, floor=floor, known=_report(found) if found else None)
            self._rows.execute(
                f"INSERT INTO signed ({_SIGNED}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - a constant
                " ON CONFLICT (frame) DO UPDATE SET round = excluded.round,"
                " reference_block = excluded.reference_block, root = excluded.root,"
                " previous_root = excluded.previous_root, data_hash = excluded.data_hash",
                row,
            )

    def vector(self, frame: FrameIndex) -> SignedVector | None:
        """Return the vector that was committed to for a frame."""
        with self._file.reading():
            found = self._rows.execute(
                "SELECT text, salt, signature FROM vectors WHERE frame = ?", (frame,)
            ).fetchone()
        if found is None:
            return None
        text, salt, signature = found
        return SignedVector(watcher=self._signer, text=text, salt=salt, signature=signature)

    def keep_vector(self, frame: FrameIndex, vector: SignedVector) -> SignedVector:
        """Write a vector down unless the frame has one, and return the one that stands."""
        with self._file.transaction():
            self._rows.execute(
                "INSERT INTO vectors VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (frame, vector.text, vector.salt, vector.signature),
            )
        return self.vector(frame) or vector

    def raise_floor(self, floor: int) -> None:
        """Forget the frames up to that one: none of them is signed any more."""
        with self._file.transaction():
            self._rows.execute("UPDATE owner SET floor = MAX(floor, ?)", (floor,))
            self._rows.execute("DELETE FROM signed WHERE frame <= ?", (floor,))
            self._rows.execute("DELETE FROM vectors WHERE frame <= ?", (floor,))

    def _claim(self, owner: tuple[int, Address, Address]) -> None:
        with self._file.transaction():
            found = self._rows.execute("SELECT chain_id, tower, signer FROM owner").fetchone()
            if found is None:
                self._rows.execute("INSERT INTO owner VALUES (?, ?, ?, -1)", owner)
            elif found != owner:
                raise Refused(f"the signing record belongs to {found}, not to {owner}")


def _refuse_what_is_behind(report: Report, *, floor: int, known: Report | None) -> None:
    what = f"frame {report.frame}, round {report.round}"
    if report.frame <= floor:
        raise Refused(f"{what}: nothing up to frame {floor} is signed any more")
    if known is not None and report.round <= known.round:
        raise Refused(f"{what}: round {known.round} of it was signed already")


def _report(row: tuple[int, int, int, bytes, bytes, bytes]) -> Report:
    frame, round_, block, previous, root, data_hash = row
    return Report(
        frame=FrameIndex(frame),
        round=round_,
        reference_block=block,
        previous_root=Digest(previous),
        root=Digest(root),
        data_hash=Digest(data_hash),
    )
