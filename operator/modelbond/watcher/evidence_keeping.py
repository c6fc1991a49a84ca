"""That evidence is there as long as somebody may ask: a signer who cannot serve it is visible."""

import logging
from collections.abc import Sequence

from modelbond.errors import Refused
from modelbond.ports.process import Clock
from modelbond.settlement.units import Digest, FrameIndex
from modelbond.sla.evidence_text import evidence_of
from modelbond.sla.standing import Standing
from modelbond.watcher.evidence_store import EvidenceStore
from modelbond.watcher.grounds import Fetch
from modelbond.watcher.reporting_metrics import EVIDENCE_MISSING

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 60.0
_LEAST_FRAMES = 128


class EvidenceKeeping:
    """Mends what is missing from other watchers, and removes what is old.

    `retention_seconds` is at least the tower's window and the longest period of a lease. What the
    standing report says is kept for ever: the next one goes on from it.
    """

    def __init__(
        self,
        store: EvidenceStore,
        *,
        fetch: Fetch,
        retention_seconds: int,
        frame_seconds: int,
        clock: Clock,
    ) -> None:
        self._store = store
        self._fetch = fetch
        self._frames = max(_LEAST_FRAMES, -(-retention_seconds // frame_seconds))
        self._clock = clock
        self._next_try = 0.0
        self.missing: tuple[Digest, ...] = ()

    async def look(
        self, signed: Sequence[Digest], *, standing: Standing, current: FrameIndex
    ) -> None:
        """Get what is missing from others, now and then: what was signed, and what stands."""
        wanted = [*signed, standing.data_hash] if standing.seq else signed
        now = self._clock.monotonic()
        if self._missing(wanted) and now >= self._next_try:
            self._next_try = now + _PAUSE_SECONDS
            for data_hash in self._missing(wanted):
                await self._mend(data_hash)
        self.missing = self._missing(signed)
        EVIDENCE_MISSING.set(len(self.missing))
        self._store.prune(before=FrameIndex(current - self._frames), keep={standing.data_hash})

    def _missing(self, wanted: Sequence[Digest]) -> tuple[Digest, ...]:
        return tuple(one for one in wanted if one not in self._store)

    async def _mend(self, data_hash: Digest) -> None:
        text = await self._fetch(data_hash)
        if text is None:
            _log.error("nobody has this evidence", extra={"hash": data_hash.hex()})
            return
        try:
            self._store.keep(evidence_of(text))
        except Refused as failure:
            _log.error("evidence cannot be read", extra={"reason": str(failure)})
