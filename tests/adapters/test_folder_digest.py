"""`modelbond digest` beside the coreutils that it must agree with."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modelbond.adapters.folder_digest import folder_digest
from modelbond.cli.digest import EXAMPLES
from modelbond.errors import Refused

ODD_NAMES = [
    b"model.onnx",
    b"a b",
    b"a",
    b"Z",
    b"z",
    b"-rf",
    b"new\nline",
    b"return\r",
    b"back\\slash",
    b"'quoted\"",
    "ünïcode".encode(),
    b"not\xffutf8",
    b" leading",
    b"trailing ",
    b".hidden",
    b"sub/SHA256SUMS",
    b"sub/deep/er",
    b"sub.txt",
]


def folder_with(root: Path, names: list[bytes]) -> Path:
    for number, name in enumerate(names):
        path = Path(os.fsdecode(os.path.join(os.fsencode(root), name)))  # noqa: PTH118 - bytes
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * number)
    return root


def by_coreutils(folder: Path) -> str:
    command = EXAMPLES.partition("with coreutils:\n")[2]
    script = command.strip().removeprefix("cd model && ")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return "sha256:" + done.stdout.split()[0]


def test_the_digest_is_what_the_printed_coreutils_command_gives_with_odd_names_too(
    tmp_path: Path,
) -> None:
    found = folder_digest(folder_with(tmp_path, ODD_NAMES))
    assert by_coreutils(tmp_path) == found.digest
    assert (tmp_path / "SHA256SUMS").read_bytes() == found.sums


def test_coreutils_accept_what_digest_writes(tmp_path: Path) -> None:
    found = folder_digest(folder_with(tmp_path, ODD_NAMES))
    (tmp_path / "SHA256SUMS").write_bytes(found.sums)
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=True)


def test_a_list_that_lies_there_already_changes_nothing(tmp_path: Path) -> None:
    before = folder_digest(folder_with(tmp_path, [b"model.onnx"]))
    (tmp_path / "SHA256SUMS").write_bytes(b"stale")
    assert folder_digest(tmp_path) == before


def test_the_size_is_that_of_all_files(tmp_path: Path) -> None:
    assert folder_digest(folder_with(tmp_path, ODD_NAMES)).size_bytes == sum(range(18))


def test_a_link_is_refused_and_named(tmp_path: Path) -> None:
    folder_with(tmp_path, [b"model.onnx"])
    (tmp_path / "link").symlink_to("model.onnx")
    with pytest.raises(Refused, match="link is a link"):
        folder_digest(tmp_path)


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Refused, match="neither a file nor a folder"):
        folder_digest(tmp_path)


@contextmanager
def without_the_rights_of_root() -> Iterator[None]:
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_cannot_be_read_is_refused_and_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = folder_with(Path(name), [b"model.onnx"])
        folder.chmod(0o755)
        (folder / "model.onnx").chmod(0)
        with (
            without_the_rights_of_root(),
            pytest.raises(Refused, match=r"model\.onnx cannot be read: Permission denied"),
        ):
            folder_digest(folder)


def test_an_empty_or_absent_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no files"):
        folder_digest(tmp_path)
    with pytest.raises(Refused, match="not a folder"):
        folder_digest(tmp_path / "absent")
