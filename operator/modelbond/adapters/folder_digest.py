"""The SHA256SUMS of a folder on disk."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modelbond.errors import Refused
from modelbond.fetching.sums import SUMS_NAME, model_digest, render


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderDigest:
    """What a ModelDeployment says about a model's folder."""

    sums: bytes
    size_bytes: int

    @property
    def digest(self) -> str:
        """Return the model digest, `sha256:HEX`."""
        return model_digest(self.sums)


def folder_digest(folder: Path) -> FolderDigest:
    """Read every file below the folder but its own SHA256SUMS; Refused where one is no file."""
    if not folder.is_dir():
        raise Refused(f"{folder} is not a folder")
    digests: dict[bytes, str] = {}
    size = 0
    for path in _files_below(folder):
        digest, length = _read(path)
        size += length
        digests[os.fsencode(path.relative_to(folder))] = digest
    if not digests:
        raise Refused(f"{folder} holds no files")
    return FolderDigest(sums=render(digests), size_bytes=size)


def _read(path: Path) -> tuple[str, int]:
    """Return the file's sha256 in hex and its length."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error


def _files_below(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root, onerror=_raised):
        for name in [*folders, *files]:
            path = Path(folder, name)
            if path.is_symlink():
                raise Refused(f"{path} is a link: put the file itself in its place")
            if name in files and path != root / SUMS_NAME:
                yield _plain(path)


def _plain(path: Path) -> Path:
    if path.is_file():
        return path
    raise Refused(f"{path} is neither a file nor a folder")


def _raised(error: OSError) -> None:
    raise Refused(f"{error.filename} cannot be read: {error.strerror}")
