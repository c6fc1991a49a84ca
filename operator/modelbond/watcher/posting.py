"""Sending reports that have a quorum: one at a time each, and never twice the same."""

import asyncio
import logging
from collections.abc import Mapping

from modelbond.errors import ActionPending, ModelbondError, Reverted
from modelbond.ports.process import Clock
from modelbond.settlement.report import Report
from modelbond.watcher.reporting_metrics import POSTS
from modelbond.watcher.reporting_ports import PostPort, TowerPort

_log = logging.getLogger(__name__)


class Poster:
    """Holds the reports that are on their way. What was sent once is in the writer's ledger."""

    def __init__(
        self, *, tower: TowerPort, post: PostPort | None, clock: Clock, pause_seconds: float
    ) -> None:
        self._tower = tower
        self._post = post
        self._clock = clock
        self._pause_seconds = pause_seconds
        self._tasks: dict[Report, asyncio.Task[None]] = {}
        self._not_before: dict[Report, float] = {}

    @property
    def busy(self) -> frozenset[Report]:
        """Return the reports that are under way, or were refused a moment ago."""
        now = self._clock.monotonic()
        paused = {report for report, until in self._not_before.items() if now < until}
        return frozenset(paused | self._tasks.keys())

    def begin(self, report: Report, signatures: Mapping[int, bytes]) -> None:
        """Send the report, unless it is under way, or somebody was quicker."""
        if self._post is None or report in self.busy:
            return
        self._not_before = {
            one: until for one, until in self._not_before.items() if one.frame >= report.frame
        }
        task = asyncio.create_task(self._send(self._post, report, signatures))
        self._tasks[report] = task
        task.add_done_callback(lambda _: self._tasks.pop(report, None))

    async def close(self) -> None:
        """Leave what is under way to the ledger: the next process goes on with it."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _send(self, post: PostPort, report: Report, signatures: Mapping[int, bytes]) -> None:
        result = "failed"
        try:
            result = await self._outcome(post, report, signatures)
        except ModelbondError as failure:
            _log.warning("report is not posted", extra=_fields(report, failure))
        except Exception:  # noqa: BLE001 - the report is tried again, whatever it was
            _log.exception("posting a report failed", extra=_fields(report))
        finally:
            self._not_before[report] = self._clock.monotonic() + self._pause_seconds
            POSTS.labels(result).inc()

    async def _outcome(
        self, post: PostPort, report: Report, signatures: Mapping[int, bytes]
    ) -> str:
        """Return `posted`, or why not. A block that may still vanish is left to whoever is next."""
        if await self._tower.newest_frame() >= report.frame:
            return "others"
        try:
            await post.post(report, signatures)
        except ActionPending:
            return "pending"
        except Reverted as failure:
            _log.info("the tower takes no such report now", extra=_fields(report, failure))
            return "reverted"
        _log.info("report posted", extra=_fields(report))
        return "posted"


def _fields(report: Report, failure: Exception | None = None) -> dict[str, object]:
    fields: dict[str, object] = {
        "frame": report.frame,
        "round": report.round,
        "root": report.root.hex(),
    }
    return fields | ({"reason": str(failure)} if failure else {})
