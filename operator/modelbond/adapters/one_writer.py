"""A SQLite file of which there is one writer: locked for a process, on the disk when it says so."""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from modelbond.errors import LedgerBusy


class OneWriterFile:
    """One file, made if it is missing, that only its owner can read.

    `busy` says who else holds it, in the LedgerBusy that is raised then. What is done with `rows`
    is done within `reading` or `transaction`.
    """

    def __init__(self, path: Path, *, schema: str, busy: str) -> None:
        self._lock_file = _held(path, busy=busy)
        self._mutex = threading.Lock()
        try:
            os.close(
                os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            )  # SQLite's own files copy its mode
            self.rows = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self.rows.execute("PRAGMA journal_mode = WAL")
            self.rows.execute("PRAGMA synchronous = FULL")
            self.rows.execute("PRAGMA foreign_keys = ON")
            self.rows.executescript(schema)
        except BaseException:
            os.close(self._lock_file)
            raise

    def close(self) -> None:
        """Give the file back, once nothing is read or written any more."""
        with self._mutex:  # SQLite does not survive it otherwise
            self.rows.close()
        os.close(self._lock_file)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Keep other threads out."""
        with self._mutex:
            yield

    @contextmanager
    def transaction(self, *, undone: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Let all of it happen, or nothing; it is on the disk when the block ends.

        `undone` is called when nothing happened, before anybody else looks.
        """
        with self._mutex:
            self.rows.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.rows.execute("COMMIT")
            except BaseException:
                if self.rows.in_transaction:  # a full disk may have ended it
                    self.rows.execute("ROLLBACK")
                undone()
                raise


def _held(path: Path, *, busy: str) -> int:
    """Lock the file for this process; the lock goes with the process, however it ends."""
    lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise LedgerBusy(f"{path}: {busy}") from None
    return lock
