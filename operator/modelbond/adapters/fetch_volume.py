"""Bytes on a volume that may be full or broken."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from modelbond.fetching.failures import StorageError

CHUNK_BYTES = 256 * 1024


@contextmanager
def storage_failures() -> Iterator[None]:
    """Turn the file system's errors into StorageError."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"the volume failed: {error.strerror}") from error


class PartFile:
    """A file that grows, with the hash of what it holds. What an earlier process left counts."""

    def __init__(self, path: Path) -> None:
        with storage_failures():
            path.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: a full volume says so at the write that it refuses.
            self._file = path.open("a+b", buffering=0)
            self._reread()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        """Return the hex sha256 of what was written so far."""
        return self._hash.hexdigest()

    def append(self, chunk: bytes) -> None:
        """Write the next bytes; StorageError when the volume does not take them."""
        with storage_failures():
            rest = memoryview(chunk)
            while rest:
                rest = rest[self._file.write(rest) :]
        self._hash.update(chunk)
        self.size += len(chunk)

    def restart(self) -> None:
        """Forget all bytes."""
        with storage_failures():
            self._file.truncate(0)
            self._reread()

    def _reread(self) -> None:
        self._hash = hashlib.sha256()
        self.size = 0
        self._file.seek(0)
        while chunk := self._file.read(CHUNK_BYTES):
            self._hash.update(chunk)
            self.size += len(chunk)
