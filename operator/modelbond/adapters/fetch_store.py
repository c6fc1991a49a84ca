"""Folders of models on disk: whole and proven, or not there."""

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from modelbond.adapters.fetch_volume import CHUNK_BYTES, storage_failures
from modelbond.errors import Refused
from modelbond.fetching.sums import SUMS_NAME, ListedFile, model_digest, parse

OnBytes = Callable[[int], None]


def proven_list(folder: Path, *, sums: Path, digest: str, on_bytes: OnBytes) -> bytes | None:
    """Return the SHA256SUMS when the folder holds exactly the digest's files: reads every byte.

    What cannot be read is not proven, so it is fetched anew.
    """
    try:
        content = sums.read_bytes()
        files = parse(content)
        whole = model_digest(content) == digest and _holds(folder, files, on_bytes=on_bytes)
    except (OSError, Refused):
        return None
    return content if whole else None


def remove_unlisted(folder: Path, files: Sequence[ListedFile]) -> None:
    """Remove what an earlier try left in the folder and the list does not name."""
    with storage_failures():
        for path in _files_in(folder) - {file.path for file in files}:
            (folder / path).unlink()


def copy_proven(
    source: Path, target: Path, *, files: Sequence[ListedFile], on_bytes: OnBytes
) -> bool:
    """Copy the listed files; False when the copied bytes are not those of the list."""
    return all(
        _copy(source / file.path, target / file.path, on_bytes=on_bytes) == file.sha256
        for file in files
    )


def publish(part: Path, final: Path, *, texts: dict[str, bytes]) -> None:
    """Add these files to a folder and give it its name in one step; an older one goes."""
    with storage_failures():
        for name, content in texts.items():
            (part / name).write_bytes(content)
        if final.exists():
            shutil.rmtree(final)
        part.rename(final)


@contextmanager
def only_writer(lock: Path, *, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold a lock that ends with this process; `on_wait` is called when another holds it."""
    with storage_failures():
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("a")
    with file:
        with storage_failures():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                on_wait()
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _holds(folder: Path, files: Sequence[ListedFile], *, on_bytes: OnBytes) -> bool:
    if _files_in(folder) - {SUMS_NAME} != {file.path for file in files}:
        return False
    return all(_sha256(folder / file.path, on_bytes=on_bytes) == file.sha256 for file in files)


def _files_in(folder: Path) -> set[str]:
    """Return all that is in the folder and is no folder: a link counts as a file."""
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return {str(path.relative_to(folder)) for path in found}


def _sha256(path: Path, *, on_bytes: OnBytes) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
        on_bytes(len(chunk))
    return digest.hexdigest()


def _copy(source: Path, target: Path, *, on_bytes: OnBytes) -> str:
    digest = hashlib.sha256()
    with storage_failures():
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            for chunk in _chunks(source):
                out.write(chunk)
                digest.update(chunk)
                on_bytes(len(chunk))
    return digest.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
