"""Rows on their way to the disk: it may be slow or full, and probes go on."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from modelbond.errors import LedgerFailed
from modelbond.sla.verdict import Verdict
from modelbond.watcher.judging import Batch
from modelbond.watcher.ports import Meter, Rows

_log = logging.getLogger(__name__)

_BATCHES_WAITING = 4


class Writing:
    """Writes batches one after the other. What the disk does not take is lost, and said so."""

    def __init__(self, rows: Rows, *, meter: Meter) -> None:
        self._rows, self._meter = rows, meter
        self._waiting: asyncio.Queue[Batch] = asyncio.Queue(_BATCHES_WAITING)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="slices")
        self._under_way: tuple[Batch, Future[int]] | None = None

    def put(self, batch: Batch) -> None:
        """Have a batch written; it is lost where too many wait for a disk that hangs."""
        try:
            self._waiting.put_nowait(batch)
        except asyncio.QueueFull:
            self._lose(batch, "the disk is too slow")

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            batch = await self._waiting.get()
            written = self._thread.submit(self._append, batch)
            self._under_way = batch, written
            # A thread is not cancelled with the task that waits for it: `finish` has the rest.
            await asyncio.wait({asyncio.wrap_future(written)})
            self._under_way = None
            self._note(batch, written.result)

    def finish(self) -> None:
        """Wait for what is under way, and write what waits, now."""
        self._thread.shutdown(wait=True)
        if self._under_way is not None:
            batch, written = self._under_way
            self._note(batch, written.result)
        while not self._waiting.empty():
            batch = self._waiting.get_nowait()
            self._note(batch, partial(self._append, batch))

    def _append(self, batch: Batch) -> int:
        return self._rows.append([row for _, row in batch])

    def _note(self, batch: Batch, written: Callable[[], int]) -> None:
        try:
            new = written()
        except LedgerFailed as failure:
            self._lose(batch, str(failure))
            return
        if new < len(batch):
            # A clock that was set back, or a second watcher's rows: what stands, stands.
            _log.error("slices had a row already", extra={"slices": len(batch) - new})
        for target, row in batch:
            self._meter.slice(target, row.verdict)

    def _lose(self, batch: Batch, why: str) -> None:
        _log.error("slices are lost, and so unknown", extra={"slices": len(batch), "error": why})
        self._meter.lost(len(batch))
        for target, _ in batch:
            self._meter.slice(target, Verdict.UNKNOWN)
