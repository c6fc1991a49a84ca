"""The boards on the disk, so that a watcher that is started again knows when what came.

A vector counts only if its commitment came in time, and that is known to who was there. What a
power cut takes from the end of this file is merely not known: nothing depends on more.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modelbond.errors import Refused
from modelbond.settlement.units import FrameIndex, address
from modelbond.sla.exchanged import Page, Proposal, SignedCommitment
from modelbond.sla.merging import Item
from modelbond.sla.page_text import page_of, page_text
from modelbond.sla.quorum import Signer
from modelbond.sla.vector import SignedVector

_SCHEMA = """
CREATE TABLE IF NOT EXISTS frames (frame INTEGER PRIMARY KEY, signers TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS items (
  frame INTEGER NOT NULL, at REAL NOT NULL, page TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS items_by_frame ON items (frame);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One item as it was received."""

    item: Item
    at: float


class BoardStore:
    """One file. Each item is a page with one entry, so what reads pages reads it again."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        self._rows = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._rows.execute("PRAGMA journal_mode = WAL")
        self._rows.execute("PRAGMA synchronous = NORMAL")
        self._rows.executescript(_SCHEMA)

    def close(self) -> None:
        """Give the file back."""
        self._rows.close()

    def frames(self) -> Iterator[tuple[FrameIndex, tuple[Signer, ...]]]:
        """Yield the frames that are kept, with their tables."""
        for frame, signers in self._rows.execute("SELECT frame, signers FROM frames").fetchall():
            table = tuple(Signer(signer=address(one), weight=n) for one, n in json.loads(signers))
            yield FrameIndex(frame), table

    def items(self, frame: FrameIndex) -> Iterator[Kept]:
        """Yield what is kept of a frame, in the order in which it came."""
        found = self._rows.execute(
            "SELECT at, page FROM items WHERE frame = ? ORDER BY rowid", (frame,)
        ).fetchall()
        for at, page in found:
            for item in _items(page):
                yield Kept(item=item, at=at)

    def begin(self, frame: FrameIndex, table: tuple[Signer, ...]) -> None:
        """Keep a frame's table."""
        signers = json.dumps([[one.signer, one.weight] for one in table])
        self._rows.execute(
            "INSERT INTO frames VALUES (?, ?) ON CONFLICT DO NOTHING", (frame, signers)
        )

    def keep(self, frame: FrameIndex, items: tuple[Item, ...], *, at: float) -> None:
        """Keep what came of a frame."""
        self._rows.execute("BEGIN")
        self._rows.executemany(
            "INSERT INTO items VALUES (?, ?, ?)",
            [(frame, at, page_text(_page(frame, item))) for item in items],
        )
        self._rows.execute("COMMIT")

    def forget(self, *, before: FrameIndex) -> None:
        """Remove older frames."""
        self._rows.execute("DELETE FROM items WHERE frame < ?", (before,))
        self._rows.execute("DELETE FROM frames WHERE frame < ?", (before,))


def _page(frame: FrameIndex, item: Item) -> Page:
    if isinstance(item, SignedCommitment):
        return Page(frame=frame, commitments=(item,))
    if isinstance(item, SignedVector):
        return Page(frame=frame, vectors=(item,))
    if isinstance(item, Proposal):
        return Page(frame=frame, proposals=(item,))
    return Page(frame=frame, signatures=(item,))


def _items(page: str) -> tuple[Item, ...]:
    try:
        read = page_of(page)
    except Refused:  # another version wrote it
        return ()
    return (*read.commitments, *read.vectors, *read.proposals, *read.signatures)
