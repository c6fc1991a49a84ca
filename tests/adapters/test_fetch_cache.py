"""`modelbond fetch` with a cache, and on volumes that fail."""

import errno
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fakes.fetching import FILES, ONNX, Run, fetched, listed, lost, source
from fakes.file_server import FileServer, serving
from modelbond.fetching.sums import model_digest


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(target=tmp_path / "models")


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(source(FILES)) as running:
        yield running


def test_a_second_pod_is_served_from_the_cache(
    run: Run, server: FileServer, tmp_path: Path
) -> None:
    run.cache = tmp_path / "cache"
    assert fetched(run.fetch(server))
    server.requests.clear()
    other = Run(target=tmp_path / "other", cache=run.cache)
    assert fetched(other.fetch(server))
    assert other.in_place() == run.in_place()
    assert server.requests == []


def test_a_damaged_cache_is_filled_anew(run: Run, server: FileServer, tmp_path: Path) -> None:
    run.cache = tmp_path / "cache"
    run.fetch(server)
    kept = run.cache / model_digest(listed(FILES)).removeprefix("sha256:") / "model.onnx"
    kept.write_bytes(b"x" + ONNX[1:])
    other = Run(target=tmp_path / "other", cache=run.cache)
    assert fetched(other.fetch(server))
    assert other.in_place()["1/model.onnx"] == ONNX
    assert kept.read_bytes() == ONNX


def test_a_cached_file_that_cannot_be_read_is_fetched_anew(
    run: Run, server: FileServer, tmp_path: Path
) -> None:
    run.cache = tmp_path / "cache"
    run.fetch(server)
    kept = run.cache / model_digest(listed(FILES)).removeprefix("sha256:") / "model.onnx"
    kept.unlink()
    kept.symlink_to("nowhere")
    other = Run(target=tmp_path / "other", cache=run.cache)
    assert fetched(other.fetch(server))
    assert kept.read_bytes() == ONNX


def test_a_cache_that_cannot_be_locked_may_be_mended(
    run: Run, server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    run.cache = tmp_path / "cache"
    _, retriable, message = lost(run.fetch(server))
    assert retriable
    assert message == "the volume failed: No locks available"


def test_a_failed_fetch_leaves_nothing_that_looks_whole_in_the_cache(
    run: Run, server: FileServer, tmp_path: Path
) -> None:
    run.cache = tmp_path / "cache"
    del server.files["model.onnx"]
    assert not fetched(run.fetch(server))
    digest = model_digest(listed(FILES)).removeprefix("sha256:")
    assert not (run.cache / digest).exists()


def test_two_pods_that_want_one_model_download_it_once(
    run: Run, server: FileServer, tmp_path: Path
) -> None:
    run.cache = tmp_path / "cache"
    other = Run(target=tmp_path / "other", cache=run.cache)
    with ThreadPoolExecutor() as both:
        outcomes = [both.submit(each.fetch, server) for each in (run, other)]
        assert all(fetched(outcome.result()) for outcome in outcomes)
    assert sorted(server.paths()) == ["SHA256SUMS", "labels/en.txt", "model.onnx"]


def test_a_volume_that_takes_nothing_may_be_mended(run: Run, server: FileServer) -> None:
    run.target.write_text("a file where the volume should be")
    _, retriable, message = lost(run.fetch(server))
    assert retriable
    assert "volume" in message


def test_a_volume_that_fills_up_may_be_mended(run: Run, server: FileServer) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, before[1]))
    try:
        _, retriable, message = lost(run.fetch(server))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert retriable
    assert "volume" in message
    assert fetched(run.fetch(server))
