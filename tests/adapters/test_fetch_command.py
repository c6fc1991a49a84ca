"""`modelbond fetch` as the process that the kubelet starts and stops."""

import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.file_server import FileServer, serving, silent
from modelbond.fetching.sums import model_digest, render

CONTENT = b"weights"


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving({"model.onnx": CONTENT, "SHA256SUMS": sums()}) as running:
        yield running


def sums() -> bytes:
    return render({b"model.onnx": hashlib.sha256(CONTENT).hexdigest()})


def fetch(server: FileServer, folder: Path) -> subprocess.Popen[str]:
    (folder / "termination-log").touch()
    (folder / "sources").write_text("https://models.example.org/\n127.0.0.0/8\n")
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "modelbond", "fetch"),
            *("--digest", model_digest(sums()), "--size", str(len(CONTENT))),
            *("--source", server.url, "--allow-from", str(folder / "sources"), "--format", "onnx"),
            *("--model-name", "magika", "--target", str(folder / "models")),
            *("--cache", str(folder / "cache")),
            *("--termination-log", str(folder / "termination-log")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_ends_with_0_tells_its_progress_and_leaves_its_outcome(
    server: FileServer, tmp_path: Path
) -> None:
    out, err = fetch(server, tmp_path).communicate(timeout=30)
    assert json.loads(out.splitlines()[-1]) == {"done": 7, "total": 7}, err
    told = json.loads((tmp_path / "termination-log").read_text())
    assert told == {"digest": model_digest(sums()), "bytes": 7}
    assert (tmp_path / "models" / "magika" / "1" / "model.onnx").read_bytes() == CONTENT


def test_it_ends_with_2_where_the_bytes_are_wrong(server: FileServer, tmp_path: Path) -> None:
    server.files["model.onnx"] = b"tamperd"
    process = fetch(server, tmp_path)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "sha256 is another" in err
    told = json.loads((tmp_path / "termination-log").read_text())
    assert (told["reason"], told["retriable"]) == ("DigestMismatch", False)


def test_it_ends_at_once_when_its_pod_is_deleted(server: FileServer, tmp_path: Path) -> None:
    server.faults["model.onnx"] = [silent(5)]
    process = fetch(server, tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=4)
    assert process.returncode == 128 + signal.SIGTERM
