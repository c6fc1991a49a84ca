"""A fetch with little patience, and a model that is quickly made."""

import hashlib
import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fakes.file_server import FileServer
from modelbond.adapters.fetch import Fetch, ModelOrder
from modelbond.adapters.fetch_http import CheckedHttp, Timeouts
from modelbond.adapters.fetch_pace import Pace
from modelbond.adapters.fetch_progress import Progress
from modelbond.adapters.fetch_sources import Patience
from modelbond.api.conditions import Reason
from modelbond.fetching.outcome import Fetched, NotFetched, Outcome
from modelbond.fetching.source_policy import SourcePolicy
from modelbond.fetching.sums import model_digest, render

ONNX = hashlib.shake_128(b"a model").digest(700_000)
FILES = {"labels/en.txt": b"text\nimage\n", "model.onnx": ONNX}


def listed(files: Mapping[str, bytes]) -> bytes:
    return render({path.encode(): hashlib.sha256(data).hexdigest() for path, data in files.items()})


def source(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {**files, "SHA256SUMS": listed(files)}


@dataclass(slots=True, kw_only=True)
class Run:
    """One fetch with little patience: waits are noted and take no time."""

    target: Path
    files: Mapping[str, bytes] = field(default_factory=lambda: FILES)
    allow: tuple[str, ...] = ("127.0.0.0/8",)
    cache: Path | None = None
    size: int | None = None
    pace: Pace = field(default_factory=Pace)
    waits: list[float] = field(default_factory=list)
    out: io.StringIO = field(default_factory=io.StringIO)
    notes: io.StringIO = field(default_factory=io.StringIO)

    def fetch(self, *sources: FileServer | str) -> Outcome:
        size = sum(map(len, self.files.values())) if self.size is None else self.size
        patience = Patience(sleep=self.waits.append)
        order = ModelOrder(
            digest=model_digest(listed(self.files)),
            size_bytes=size,
            sources=[place if isinstance(place, str) else place.url for place in sources],
            format_name="onnx",
            model_name="magika",
            repository=self.target,
            cache=self.cache,
        )
        progress = Progress(
            total_bytes=size, out=self.out, notes=self.notes, monotonic=time.monotonic
        )
        http = CheckedHttp(
            SourcePolicy.parse(self.allow),
            timeouts=Timeouts(connect_seconds=2, silence_seconds=0.3),
            pace=self.pace,
        )
        return Fetch(order, http=http, patience=patience, progress=progress).run()

    def in_place(self) -> dict[str, bytes]:
        root = self.target / "magika"
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file()
        }


def fetched(outcome: Outcome) -> bool:
    return isinstance(outcome, Fetched)


def lost(outcome: Outcome) -> tuple[Reason, bool, str]:
    assert isinstance(outcome, NotFetched)
    return outcome.reason, outcome.retriable, outcome.message
