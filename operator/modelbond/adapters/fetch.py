"""A model into a Triton repository, from cache or sources, once its bytes are proven."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelbond.adapters import fetch_store
from modelbond.adapters.fetch_http import CheckedHttp
from modelbond.adapters.fetch_progress import Progress
from modelbond.adapters.fetch_sources import Patience, Sources
from modelbond.api.conditions import Reason
from modelbond.errors import Refused
from modelbond.fetching.failures import StorageError
from modelbond.fetching.formats import check_files
from modelbond.fetching.outcome import Fetched, NotFetched, Outcome
from modelbond.fetching.sums import SUMS_NAME, ListedFile, parse
from modelbond.fetching.triton_config import CONFIG_NAME, MODEL_VERSION, triton_config


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOrder:
    """Which model, and where it goes: `repository` is Triton's, `cache` one home's own."""

    digest: str
    size_bytes: int
    sources: Sequence[str]
    format_name: str
    model_name: str
    repository: Path
    cache: Path | None = None


class Fetch:
    """Fetches one model: `run` leaves the whole model, or none."""

    def __init__(
        self, order: ModelOrder, *, http: CheckedHttp, patience: Patience, progress: Progress
    ) -> None:
        self._order = order
        self._progress = progress
        self._sources = Sources(
            urls=order.sources,
            digest=order.digest,
            size_bytes=order.size_bytes,
            accept=self._accepted,
            http=http,
            patience=patience,
            progress=progress,
        )

    def run(self) -> Outcome:
        """Put the model in place and say how it ended; raises nothing that a source can cause."""
        try:
            return self._run()
        except Refused as refusal:
            return NotFetched(reason=Reason.FETCH_FAILED, message=str(refusal), retriable=False)
        except StorageError as failure:
            return NotFetched(reason=Reason.FETCH_FAILED, message=str(failure), retriable=True)

    def _run(self) -> Outcome:
        order = self._order
        config = triton_config(model_name=order.model_name, format_name=order.format_name)
        final = order.repository / order.model_name
        if self._proven(final / MODEL_VERSION, sums=final / SUMS_NAME) is None:
            part = order.repository / f".{order.model_name}.part"
            sums = self._fill(part / MODEL_VERSION)
            if isinstance(sums, NotFetched):
                return sums
            texts = {SUMS_NAME: sums, CONFIG_NAME: config.encode()}
            fetch_store.publish(part, final, texts=texts)
        self._progress.end()
        return Fetched(digest=order.digest, size_bytes=order.size_bytes)

    def _fill(self, folder: Path) -> bytes | NotFetched:
        if self._order.cache is None:
            return self._sources.fill(folder)
        return self._fill_by_cache(folder, cache=self._order.cache)

    def _fill_by_cache(self, folder: Path, *, cache: Path) -> bytes | NotFetched:
        """Complete the cache as its only writer, then copy from it with every byte checked."""
        kept = cache / self._order.digest.removeprefix("sha256:")
        with fetch_store.only_writer(kept.with_suffix(".lock"), on_wait=self._say_waiting):
            sums = self._proven(kept, sums=kept / SUMS_NAME) or self._kept(kept)
            if isinstance(sums, NotFetched):
                return sums
            self._progress.at(0)
            copied = fetch_store.copy_proven(
                kept, folder, files=self._accepted(sums), on_bytes=self._progress.add
            )
        if copied:
            return sums
        raise StorageError("the cache changed while it was read")

    def _kept(self, kept: Path) -> bytes | NotFetched:
        part = kept.with_suffix(".part")
        sums = self._sources.fill(part)
        if isinstance(sums, bytes):
            fetch_store.publish(part, kept, texts={SUMS_NAME: sums})
        return sums

    def _proven(self, folder: Path, *, sums: Path) -> bytes | None:
        self._progress.at(0)
        return fetch_store.proven_list(
            folder, sums=sums, digest=self._order.digest, on_bytes=self._progress.add
        )

    def _accepted(self, sums: bytes) -> tuple[ListedFile, ...]:
        files = parse(sums)
        check_files([file.path for file in files], format_name=self._order.format_name)
        return files

    def _say_waiting(self) -> None:
        self._progress.note("another fetch fills the cache with this model; waiting for it")
