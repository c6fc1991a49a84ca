"""A model from a row of untrusted servers: what one brought, the next builds on."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from modelbond.adapters import fetch_store
from modelbond.adapters.fetch_download import Download
from modelbond.adapters.fetch_http import CheckedHttp
from modelbond.adapters.fetch_progress import Progress
from modelbond.adapters.fetch_volume import PartFile
from modelbond.errors import Refused
from modelbond.fetching.backoff import Backoff
from modelbond.fetching.failures import NotAllowed, SourceTrouble, WrongBytes, WrongSize
from modelbond.fetching.outcome import NotFetched, SourceFailure, verdict
from modelbond.fetching.source_policy import split_url
from modelbond.fetching.sums import SUMS_LIMIT_BYTES, SUMS_NAME, ListedFile, model_digest
from modelbond.fetching.urls import file_url

Answer = TypeVar("Answer")
Accept = Callable[[bytes], Sequence[ListedFile]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a source is borne with, and the time and chance that this is measured by.

    A try that brought `gain_bytes` more than any before it starts the count of tries anew.
    """

    tries: int = 5
    gain_bytes: int = 64 * 1024
    backoff: Backoff = field(default_factory=Backoff)
    sleep: Callable[[float], None] = time.sleep
    fraction: Callable[[], float] = random.random


@dataclass(slots=True, kw_only=True)
class Sources:
    """The sources of one model. `accept` judges a proven SHA256SUMS and returns its files."""

    urls: Sequence[str]
    digest: str
    size_bytes: int
    accept: Accept
    http: CheckedHttp
    patience: Patience
    progress: Progress
    _sums: bytes | None = None

    def fill(self, folder: Path) -> bytes | NotFetched:
        """Bring all files into the folder; returns the SHA256SUMS that they were checked by.

        Refused when the model itself, whatever its source, breaks a rule.
        """
        failures = []
        for number, url in enumerate(self.urls, start=1):
            try:
                return self._from(url, folder=folder)
            except SourceTrouble as trouble:
                failures.append(_failure(url, trouble, number=number))
                self.progress.note(f"{failures[-1].source}: {trouble}; trying the next source")
        return verdict(failures)

    def _from(self, url: str, *, folder: Path) -> bytes:
        _check(url)
        if self._sums is None:
            self._sums = self._retried(lambda: self._list_of(url), gained=lambda: 0)
        files = self.accept(self._sums)
        fetch_store.remove_unlisted(folder, files)
        done = 0
        for file in files:
            done += self._file(file, url=url, folder=folder, done=done)
        if done != self.size_bytes:
            raise WrongSize(f"the files have {done} bytes, spec.model.size says {self.size_bytes}")
        return self._sums

    def _file(self, file: ListedFile, *, url: str, folder: Path, done: int) -> int:
        """Bring one file and return its size; `done` bytes of the model are there before it."""
        with PartFile(folder / file.path) as part:
            download = Download(
                http=self.http,
                url=file_url(url, file.path),
                part=part,
                sha256=file.sha256,
                limit_bytes=self.size_bytes - done,
                on_bytes=lambda size: self.progress.at(done + size),
            )
            self._retried(download.advance, gained=lambda: part.size)
            return part.size

    def _list_of(self, url: str) -> bytes:
        content = bytearray()
        with self.http.get(file_url(url, SUMS_NAME)) as answer:
            for chunk in answer.chunks():
                content += chunk
                if len(content) > SUMS_LIMIT_BYTES:
                    break
        if model_digest(content) != self.digest:
            raise WrongBytes(f"its {SUMS_NAME} is not the one that the digest names")
        return bytes(content)

    def _retried(self, step: Callable[[], Answer], *, gained: Callable[[], int]) -> Answer:
        """Try again while it may help. Only bytes beyond all earlier tries start the count anew."""
        attempt, most = 0, gained()
        while True:
            try:
                return step()
            except SourceTrouble as trouble:
                if gained() - most >= self.patience.gain_bytes:
                    attempt = 0
                most = max(most, gained())
                if not trouble.retriable or attempt + 1 >= self.patience.tries:
                    raise
                self._wait(attempt, trouble=trouble)
                attempt += 1

    def _wait(self, attempt: int, *, trouble: SourceTrouble) -> None:
        seconds = self.patience.backoff.delay_seconds(
            attempt,
            fraction=self.patience.fraction(),
            retry_after_seconds=trouble.retry_after_seconds,
        )
        self.progress.note(f"{trouble}; trying again in {seconds:.0f} s")
        self.patience.sleep(seconds)


def _check(url: str) -> None:
    """Raise NotAllowed for a URL that cannot be a source: the next one may be better."""
    try:
        file_url(url, SUMS_NAME)
    except Refused as refusal:
        raise NotAllowed(str(refusal)) from refusal


def _failure(url: str, trouble: SourceTrouble, *, number: int) -> SourceFailure:
    return SourceFailure(
        source=_place(url) or f"source {number}",
        reason=trouble.reason,
        message=str(trouble),
        retriable=trouble.retriable,
    )


def _place(url: str) -> str | None:
    """Return server and path, since several sources may lie on one server; None where unclear."""
    try:
        parts = split_url(url)
    except Refused:
        return None
    return f"{parts.netloc}{parts.path}".rstrip("/")
