"""What a frame's report is counted from: the chain at its reference block, and the last report."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from modelbond.errors import Refused
from modelbond.settlement.units import Address, Digest, FrameIndex, LeaseId
from modelbond.sla.evidence import NO_REPORT, Block, Evidence, Facts, Inputs, Previous
from modelbond.sla.evidence_text import evidence, evidence_of
from modelbond.sla.frames import MAX_LAG_FRAMES
from modelbond.sla.rules import RULES
from modelbond.sla.standing import Signers, Standing
from modelbond.sla.tally import tally, tree_of
from modelbond.sla.vector import SignedVector
from modelbond.watcher.evidence_store import EvidenceStore
from modelbond.watcher.reporting_ports import TowerPort

_log = logging.getLogger(__name__)

_KEPT_COUNTS = 4

Fetch = Callable[[Digest], Awaitable[str | None]]
"""Returns evidence of that hash from wherever it is, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Realm:
    """Which tower of which chain, and with what money."""

    chain_id: int
    tower: Address
    bond: Address
    frame_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """Why a frame cannot be counted now."""

    reason: str


class Grounds:
    """Reads what is final once, and counts in a thread of its own."""

    def __init__(
        self, realm: Realm, *, tower: TowerPort, store: EvidenceStore, fetch: Fetch
    ) -> None:
        self._realm = realm
        self._tower = tower
        self._store = store
        self._fetch = fetch
        self._blocks: dict[FrameIndex, Block] = {}
        self._leases: dict[FrameIndex, Mapping[LeaseId, Facts]] = {}
        self._previous: dict[Digest, Previous] = {}
        self._counts: dict[tuple[object, ...], Evidence] = {}

    async def block(self, frame: FrameIndex) -> Block | None:
        """Return a frame's reference block, once it is final."""
        if frame not in self._blocks:
            found = await self._tower.block_until((frame + 1) * self._realm.frame_seconds)
            if found is None:
                return None
            self._blocks[frame] = found
        return self._blocks[frame]

    async def inputs(
        self, frame: FrameIndex, *, standing: Standing, signers: Signers
    ) -> Inputs | NotYet:
        """Return all that a frame is counted from, but vectors."""
        block = await self.block(frame)
        if block is None:
            return NotYet(reason="no block after the frame's end is final")
        previous = await self._carried(standing)
        if previous is None:
            return NotYet(reason=f"the evidence {standing.data_hash.hex()} is missing everywhere")
        if frame not in self._leases:
            self._leases[frame] = await self._tower.leases(block.number)
        return Inputs(
            rules=RULES,
            chain_id=self._realm.chain_id,
            tower=self._realm.tower,
            bond=self._realm.bond,
            frame=frame,
            frame_seconds=self._realm.frame_seconds,
            block=block,
            previous=previous,
            table=signers.table,
            leases=self._leases[frame],
            vectors=(),
        )

    async def counted(self, inputs: Inputs, vectors: tuple[SignedVector, ...]) -> Evidence:
        """Return the evidence of a report with these vectors."""
        shown = tuple((one.commitment, one.signature) for one in vectors)
        key = inputs.frame, inputs.previous.data_hash, shown
        if key not in self._counts:
            wanted = replace(inputs, vectors=vectors)
            self._counts[key] = await asyncio.to_thread(_evidence, wanted)
            while len(self._counts) > _KEPT_COUNTS:
                del self._counts[next(iter(self._counts))]
        return self._counts[key]

    def forget(self, *, current: FrameIndex) -> None:
        """Drop what is kept of frames that are too old."""
        first = current - MAX_LAG_FRAMES
        self._blocks = {f: one for f, one in self._blocks.items() if f >= first}
        self._leases = {f: one for f, one in self._leases.items() if f >= first}

    async def _carried(self, standing: Standing) -> Previous | None:
        """Return what the standing report said, by its evidence; None where nobody has that."""
        if not standing.seq:
            return NO_REPORT
        if standing.data_hash not in self._previous:
            found = await self._evidence_of(standing)
            if found is None:
                return None
            self._previous = {
                standing.data_hash: Previous(
                    root=standing.root, data_hash=standing.data_hash, result=found.result
                )
            }
        return self._previous[standing.data_hash]

    async def _evidence_of(self, standing: Standing) -> Evidence | None:
        text = self._store.text(standing.data_hash) or await self._fetch(standing.data_hash)
        try:
            found = evidence_of(text) if text else None
        except Refused as failure:
            _log.error("evidence cannot be read", extra={"reason": str(failure)})
            return None
        if found is None:
            return None
        tree = tree_of(found.result, bond=self._realm.bond)
        if tree is None or tree.root != standing.root:
            _log.error("evidence has another root", extra={"hash": standing.data_hash.hex()})
            return None
        await asyncio.to_thread(self._store.keep, found)
        return found


def _evidence(inputs: Inputs) -> Evidence:
    return evidence(inputs, tally(inputs))
