import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from magika import Magika

from images import magika_features, models
from modelbond.adapters.folder_digest import folder_digest

REPOSITORY = Path(__file__).parents[2]
PYTHON = b"import sys\n\n\ndef main() -> None:\n    print(sys.argv)\n\n\nmain()\n"
JSON = b'{"kind": "ModelDeployment", "spec": {"replicas": 2, "model": {"size": 3163737}}}\n'
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10\x00\x00\x00\x10\x08\x06" + bytes(5000)


@pytest.fixture(scope="module")
def session() -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(models.magika().path / models.WEIGHTS)


@pytest.mark.parametrize(
    "content",
    [PYTHON, JSON, PNG, (REPOSITORY / "Makefile").read_bytes() * 3, b"  \n a \n", b"\xff\xfe", b""],
    ids=["python", "json", "png", "longer than a block", "too short", "too short, binary", "empty"],
)
def test_a_file_is_classified_as_the_magika_library_does(
    session: onnxruntime.InferenceSession, content: bytes
) -> None:
    def infer(tensors: dict[str, Any]) -> dict[str, Any]:
        asked = tensors[magika_features.INPUT]
        array = np.array(asked["data"], np.int32).reshape(asked["shape"])
        scores = session.run([magika_features.OUTPUT], {magika_features.INPUT: array})[0]
        return {magika_features.OUTPUT: scores.tolist()}

    expected = Magika().identify_bytes(content)
    label, score = magika_features.classify(infer, content)
    assert label == str(expected.output.label)
    assert score == pytest.approx(expected.score, abs=1e-4)


@pytest.mark.parametrize("make", [models.magika, models.tiny])
def test_a_models_folder_satisfies_coreutils_and_has_the_digest_that_fetch_expects(
    make: Callable[[], models.ModelFolder],
) -> None:
    model = make()
    found = folder_digest(model.path)
    assert (model.digest, model.size) == (found.digest, found.size_bytes)
    subprocess.run(["sha256sum", "--check", "--strict", models.SUMS], check=True, cwd=model.path)


def test_the_tampered_folder_has_the_sums_of_the_honest_one_and_other_weights() -> None:
    honest, tampered = models.tiny().path, models.tampered()
    assert (honest / models.SUMS).read_bytes() == (tampered / models.SUMS).read_bytes()
    assert (honest / models.WEIGHTS).read_bytes() != (tampered / models.WEIGHTS).read_bytes()


def test_the_tiny_model_doubles_any_number_of_rows() -> None:
    session = onnxruntime.InferenceSession(models.tiny().path / models.WEIGHTS)
    rows = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert session.run(["y"], {"x": rows})[0].tolist() == (rows * 2).tolist()


def test_the_code_uses_none_of_the_client_classes_that_the_image_leaves_out() -> None:
    generated = re.compile(
        r"\bclient\.(api\b|[A-Z]\w*Api\b)|\bimport \(?[^)\n]*\b[A-Z]\w+V\d\w*Api\b"
    )
    sources = (REPOSITORY / "operator" / "modelbond").rglob("*.py")
    assert [path.name for path in sources if generated.search(path.read_text())] == []


# In Python: a shell cannot trap the SIGQUIT that its parent ignores for background commands.
FAKE_NGINX = f"""#!{sys.executable} -S
import os, signal, sys

def note(word):
    with open(os.environ["SEEN"], "a") as file:
        file.write(word + " ")

def end(*_):
    note("ended")
    sys.exit(0)

signal.signal(signal.SIGHUP, lambda *_: note("reloaded"))
signal.signal(signal.SIGQUIT, end)
note("started")
while True:
    signal.pause()
"""
READ_ONCE = "  include @/tls/tokens.conf;\n  ssl_certificate @/tls/tls.crt;\n"
READ_ANEW = "  ssl_certificate @/tls/$pair.crt;\n"


def within_seconds(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Edge:
    """The edge's script on a folder of its own, with an nginx that notes its signals."""

    def __init__(self, folder: Path) -> None:
        self.tls = folder / "tls"
        self.seen = folder / "seen"
        self.said = folder / "said"
        self.process: subprocess.Popen[bytes] | None = None
        self.tls.mkdir()
        self.seen.touch()
        (folder / "nginx").write_text(FAKE_NGINX)
        (folder / "nginx").chmod(0o755)

    def start(self, configuration: str) -> None:
        folder = self.tls.parent
        (folder / "nginx.conf").write_text(configuration.replace("@", str(folder)))
        path = f"{folder}:{os.environ['PATH']}"
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                ["sh", str(REPOSITORY / "operator" / "edge.sh"), str(folder)],
                env={"PATH": path, "SEEN": str(self.seen), "TMPDIR": str(folder)},
                stderr=said,
            )

    def issue(self, certificate: str) -> None:
        for name in ("tls.key", "tokens.conf"):
            (self.tls / name).write_text(name)
        (self.tls / "tls.crt").write_text(certificate)

    def has_seen(self, *signals: str) -> bool:
        return within_seconds(10, lambda: self.seen.read_text().split() == list(signals))

    def waits(self) -> bool:
        return within_seconds(10, lambda: "waiting" in self.said.read_text())

    def stop(self) -> int:
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=10)


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[Edge]:
    edge = Edge(tmp_path)
    yield edge
    if edge.process and edge.process.poll() is None:
        edge.process.kill()
        edge.process.wait()


def test_the_edge_waits_for_its_certificate_and_stops_gracefully(edge: Edge) -> None:
    edge.start(READ_ONCE)
    assert edge.waits()
    edge.issue("first")
    assert edge.has_seen("started")
    assert edge.stop() == 0
    assert edge.has_seen("started", "ended")


def test_the_edge_ends_at_once_when_it_is_stopped_before_a_certificate_came(edge: Edge) -> None:
    edge.start(READ_ONCE)
    assert edge.waits()
    assert edge.stop() == 0
    assert edge.has_seen()


def test_the_edge_reloads_for_a_certificate_that_nginx_reads_only_once(edge: Edge) -> None:
    edge.issue("first")
    edge.start(READ_ONCE)
    assert edge.has_seen("started")
    edge.issue("second")
    assert edge.has_seen("started", "reloaded")
    assert edge.stop() == 0


def test_the_edge_never_reloads_for_a_certificate_that_nginx_reads_anew(edge: Edge) -> None:
    edge.issue("first")
    edge.start(READ_ANEW)
    assert edge.has_seen("started")
    edge.issue("second")
    (edge.tls.parent / "nginx.conf").write_text(READ_ONCE.replace("@", str(edge.tls.parent)))
    assert edge.has_seen("started", "reloaded")
    assert edge.stop() == 0
