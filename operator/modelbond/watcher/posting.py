"""Sending reports that have a quorum: one at a time each, and never twice the same."""

import logging
from collections.abc import Mapping

from modelbond.errors import ActionPending, Reverted
from modelbond.ports.process import Clock
from modelbond.settlement.report import Report
from modelbond.watcher.attempts import Attempts
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
        self._attempts: Attempts[Report] = Attempts(
            "posting a report", clock=clock, pause_seconds=pause_seconds, outcomes=POSTS
        )

    @property
    def busy(self) -> frozenset[Report]:
        """Return the reports that are under way, or were refused a moment ago."""
        return self._attempts.busy

    def begin(self, report: Report, signatures: Mapping[int, bytes]) -> None:
        """Send the report, unless it is under way, or somebody was quicker."""
        if self._post is None or report in self.busy:
            return
        self._attempts.keep(lambda one: one.frame >= report.frame)
        sending = self._outcome(self._post, report, signatures)
        self._attempts.begin(report, sending, about=_fields(report))

    async def close(self) -> None:
        """Leave what is under way to the ledger: the next process goes on with it."""
        await self._attempts.close()

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
