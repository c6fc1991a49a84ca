"""Long steps that show their progress, and artefacts that are built once and kept by content."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

REPORT_INTERVAL_SECONDS = 15.0
REFRESH_INTERVAL_SECONDS = 0.5
TAIL_LINES = 30


class StepFailed(Exception):
    """A step's command ended with an error; its log says why and the hint what to try next."""

    def __init__(self, *, title: str, log: Path, code: int, hint: str) -> None:
        super().__init__(f"{title} failed with code {code}; log: {log}; next: {hint}")
        self.title = title
        self.log = log
        self.code = code
        self.hint = hint


def cache_root() -> Path:
    """Return the folder, outside any checkout, that everything built or downloaded lives in."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "modelbond"


def say(text: str) -> None:
    """Write one line of progress to stderr."""
    print(text, file=sys.stderr, flush=True)


def run(
    title: str,
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    hint: str,
) -> None:
    """Run a command with its output in `log` and its elapsed time on stderr.

    `env` is added to this process's environment. Raises StepFailed after printing the tail of the
    log and the hint. The command is a process group of its own that ends with this process.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            # A parent that is killed outright takes its command with it.
            ["setpriv", "--pdeathsig", "TERM", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
        try:
            code = _wait(process, progress=_Progress(title, sys.stderr))
        except BaseException:
            _end(process)
            raise
    if code != 0:
        _explain(log=log, hint=hint)
        raise StepFailed(title=title, log=log, code=code, hint=hint)


def built(name: str, key: str, build: Callable[[Path], None]) -> Path:
    """Return the folder of an artefact, made by `build(folder)` when the cache lacks it.

    The folder appears under its final name only when it is complete. Two processes that want the
    same artefact build it once; what a killed build left behind goes before the next one starts.
    """
    root = cache_root()
    folder = root / f"{name}-{key[:12]}"
    if folder.is_dir():
        return folder
    half_built = root / f".{folder.name}.part"
    with _locked(root / "locks" / f"{folder.name}.lock"):
        if folder.is_dir():
            return folder
        shutil.rmtree(half_built, ignore_errors=True)
        half_built.mkdir(parents=True)
        try:
            build(half_built)
            half_built.rename(folder)
        finally:
            shutil.rmtree(half_built, ignore_errors=True)
    return folder


def digest_of(*parts: str | bytes | Path) -> str:
    """Return the hex sha256 over texts, bytes, and the names and contents of files and folders."""
    digest = hashlib.sha256()
    for part in parts:
        for piece in _pieces(part):
            digest.update(len(piece).to_bytes(8, "big"))
            digest.update(piece)
    return digest.hexdigest()


class _Progress:
    """One line that is rewritten on a terminal, or a line now and then elsewhere."""

    def __init__(self, title: str, stream: TextIO) -> None:
        self._title = title
        self._stream = stream
        self._started = time.monotonic()
        self._reported = self._started
        self._rewrites = stream.isatty()

    @property
    def elapsed_seconds(self) -> float:
        return time.monotonic() - self._started

    def tick(self) -> None:
        now = time.monotonic()
        if self._rewrites:
            self._stream.write(f"\r{self._title}: {self.elapsed_seconds:.0f} s ")
            self._stream.flush()
        elif now - self._reported >= REPORT_INTERVAL_SECONDS:
            self._reported = now
            self._line(f"{self._title}: {self.elapsed_seconds:.0f} s")

    def end(self, outcome: str) -> None:
        if self._rewrites:
            self._stream.write("\r")
        self._line(f"{self._title}: {outcome} after {self.elapsed_seconds:.1f} s")

    def _line(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()


def _wait(process: subprocess.Popen[bytes], *, progress: _Progress) -> int:
    while True:
        try:
            code = process.wait(timeout=REFRESH_INTERVAL_SECONDS)
        except subprocess.TimeoutExpired:
            progress.tick()
        else:
            progress.end("done" if code == 0 else "FAILED")
            return code


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=5)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _explain(*, log: Path, hint: str) -> None:
    lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    say("\n".join(f"    {line}" for line in lines))
    say(f"    log:  {log}\n    next: {hint}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _pieces(part: str | bytes | Path) -> Iterator[bytes]:
    match part:
        case str():
            yield part.encode()
        case bytes():
            yield part
        case Path() if part.is_dir():
            for path in sorted(path for path in part.rglob("*") if path.is_file()):
                yield str(path.relative_to(part)).encode()
                yield path.read_bytes()
        case Path():
            yield part.read_bytes()
