"""SHA256SUMS: the list of a model's files whose own hash is the model's digest."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from modelbond.errors import Refused

SUMS_NAME = "SHA256SUMS"
SUMS_LIMIT_BYTES = 4 * 1024 * 1024
FILES_LIMIT = 10_000

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# As coreutils does: a name with one of these is written escaped behind a leading backslash.
_ESCAPES = {b"\\": b"\\\\", b"\n": b"\\n", b"\r": b"\\r"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
    """One line of SHA256SUMS: a relative path and the hex sha256 of its content."""

    path: str
    sha256: str


def model_digest(sums: bytes | bytearray) -> str:
    """Return the model digest, `sha256:HEX`, of the bytes of a SHA256SUMS."""
    return f"sha256:{hashlib.sha256(sums).hexdigest()}"


def checked_digest(text: str) -> str:
    """Return the digest as given, or raise Refused when it is not `sha256:` and 64 hex digits."""
    if _DIGEST.fullmatch(text):
        return text
    raise Refused(f"digest {text!r} is not sha256: and 64 lower-case hex digits")


def render(digests: Mapping[bytes, str]) -> bytes:
    """Return the SHA256SUMS of files by path, byte for byte what coreutils' sha256sum prints.

    Keys are paths as the file system gives them, values hex digests.
    """
    return b"".join(_line(path, digests[path]) for path in sorted(digests))


def parse(content: bytes) -> tuple[ListedFile, ...]:
    """Return the files that a stranger's SHA256SUMS lists, or raise Refused with the line's number.

    Only the canonical form passes: sorted by path in bytes, each path once, relative and inside
    the folder. So one digest can mean one list only.
    """
    if len(content) > SUMS_LIMIT_BYTES:
        raise Refused(f"{SUMS_NAME} is larger than {SUMS_LIMIT_BYTES} bytes")
    if not content.endswith(b"\n"):
        raise Refused(f"{SUMS_NAME} is empty or its last line has no end")
    lines = content[:-1].split(b"\n")
    if len(lines) > FILES_LIMIT:
        raise Refused(f"{SUMS_NAME} lists more than {FILES_LIMIT} files")
    files = tuple(_listed(line, number=number) for number, line in enumerate(lines, start=1))
    _check_order([file.path for file in files])
    _check_no_file_is_a_folder([file.path for file in files])
    return files


def _line(path: bytes, digest: str) -> bytes:
    escaped = b"".join(_ESCAPES.get(bytes([byte]), bytes([byte])) for byte in path)
    mark = b"\\" if escaped != path else b""
    return mark + digest.encode() + b"  " + escaped + b"\n"


def _listed(line: bytes, *, number: int) -> ListedFile:
    try:
        match = _LINE.fullmatch(line.decode())
    except UnicodeDecodeError:
        match = None
    if match is None:
        raise Refused(f"{SUMS_NAME} line {number} is not 'DIGEST  PATH'")
    path = match[2]
    _check_path(path, number=number)
    return ListedFile(path=path, sha256=match[1])


def _check_path(path: str, *, number: int) -> None:
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        raise Refused(f"{SUMS_NAME} line {number}: the path leads outside the model's folder")
    if not path.isprintable() or "\\" in path or any(len(part.encode()) > 255 for part in parts):
        raise Refused(f"{SUMS_NAME} line {number}: the path holds characters that are not allowed")
    if path == SUMS_NAME:
        raise Refused(f"{SUMS_NAME} line {number} lists {SUMS_NAME} itself")


def _check_order(paths: Iterable[str]) -> None:
    encoded = [path.encode() for path in paths]
    if any(left >= right for left, right in pairwise(encoded)):
        raise Refused(f"{SUMS_NAME} is not sorted by path in bytes, or lists a path twice")


def _check_no_file_is_a_folder(paths: Iterable[str]) -> None:
    files = set(paths)
    for path in files:
        parts = path.split("/")
        if any("/".join(parts[:end]) in files for end in range(1, len(parts))):
            raise Refused(f"{SUMS_NAME} lists {path} inside a path that it lists as a file")
