"""The watcher's part in reports: at each look it sees what is true, decides, and acts.

Nothing that matters is only in memory: the boards, the signing record and the evidence are on the
disk, and everything else is read again.
"""

import asyncio
import logging
from dataclasses import dataclass, replace

from modelbond.errors import ChainUnreachable
from modelbond.ports.process import Clock
from modelbond.settlement.units import Address, FrameIndex
from modelbond.sla.beyond import Held
from modelbond.sla.evidence import Inputs
from modelbond.sla.frame_board import FrameBoard
from modelbond.sla.frames import MAX_LAG_FRAMES
from modelbond.sla.line import open_frames, passed_over, patience_seconds
from modelbond.sla.reporting import Ground, Situation, Wait, next_step, to_post
from modelbond.sla.standing import Signers, Standing
from modelbond.watcher.board import Boards
from modelbond.watcher.evidence_keeping import EvidenceKeeping
from modelbond.watcher.exchange import Exchange
from modelbond.watcher.frame_outcomes import FrameOutcomes
from modelbond.watcher.grounds import Grounds, NotYet
from modelbond.watcher.posting import Poster
from modelbond.watcher.proving import Prover, seen_on
from modelbond.watcher.record_keeper import RecordKeeper
from modelbond.watcher.reporting_acts import Acts
from modelbond.watcher.reporting_ports import TowerPort

_log = logging.getLogger(__name__)

_LEAST_PAUSE_SECONDS, _MOST_PAUSE_SECONDS = 0.25, 2.0
_LOOKS_A_STEP = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a reporter is put together from."""

    me: Address
    frame_seconds: int
    tower: TowerPort
    boards: Boards
    exchange: Exchange
    keeper: RecordKeeper
    grounds: Grounds
    keeping: EvidenceKeeping
    poster: Poster
    prover: Prover
    acts: Acts
    outcomes: FrameOutcomes
    clock: Clock


class Reporter:
    """Takes part in the reports of one tower, frame after frame."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._began_at = self._now()
        self._signers: dict[FrameIndex, Signers] = {}
        self._tried_since: dict[FrameIndex, float] = {}
        self._on_chain: list[Held] = []
        self.standing: Standing | None = None
        self.waits: dict[FrameIndex, str] = {}
        self.chain_trouble = "the chain was not asked yet"

    async def run(self) -> None:
        """Look again and again, for ever: meant for a Supervisor."""
        step = self._parts.boards.times(FrameIndex(0)).step
        pause = min(_MOST_PAUSE_SECONDS, max(_LEAST_PAUSE_SECONDS, step / _LOOKS_A_STEP))
        while True:
            await self.tick()
            await asyncio.sleep(pause)

    def frames(self) -> list[FrameIndex]:
        """Return the frames that are to be reported, as far as is known."""
        reported = self.standing.frame if self.standing else FrameIndex(-1)
        return open_frames(
            reported=reported, now=self._now(), frame_seconds=self._parts.frame_seconds
        )

    async def tick(self) -> None:
        """Look once at every open frame, and do what is due."""
        await self._read_chain()
        self._examine_record()
        self._forget_old()
        self._parts.prover.look(seen_on(self._parts.boards, me=self._parts.me))
        waits: dict[FrameIndex, str] = {}
        first: FrameIndex | None = None
        for frame in self.frames():
            board = self._parts.boards.get(frame)
            if board is None:
                waits[frame] = "no table of signers is known for it"
                continue
            ground, inputs = await self._ground(frame, first=first)
            passed_over = await self._is_passed_over(board, ground, inputs)
            if first is None and not passed_over:
                first = frame
            if ground is not None:
                ground = replace(ground, passed_over=passed_over)
            waits[frame] = await self._step(board, ground, inputs)
        self.waits = waits
        self._parts.outcomes.lags(list(waits))
        await self._keep_evidence()

    async def _step(self, board: FrameBoard, ground: Ground | None, inputs: Inputs | None) -> str:
        step = next_step(self._situation(board, ground))
        if isinstance(step, Wait):
            return step.reason
        await self._parts.acts.act(step, board=board, inputs=inputs)
        return f"did {type(step).__name__}"

    async def _read_chain(self) -> None:
        """Read what stands and who signs; what was read last stays known while it is away."""
        try:
            standing = await self._parts.tower.standing()
            if standing != self.standing:  # a frame that was vetoed is tried from the start again
                self._tried_since.clear()
            self.standing = standing
            self._on_chain = await self._parts.tower.signed_by_this_key()
            self._parts.outcomes.stands(self.standing)
            await self._read_tables()
        except ChainUnreachable as failure:
            self.chain_trouble = str(failure)
            self._tried_since.clear()
        else:
            self.chain_trouble = ""
        for frame in self._ended():
            if frame in self._signers:
                self._parts.boards.begin(frame, self._signers[frame].table)

    async def _read_tables(self) -> None:
        """Know the tables of the last frames, and of the next: the chain may be away by then."""
        ended = self._ended()
        ahead = range(self._current(), self._current() + MAX_LAG_FRAMES)
        wanted = [one for one in ended if self._parts.boards.get(one) is None]
        for frame in [*wanted, *(FrameIndex(one) for one in ahead if one not in self._signers)]:
            signers = await self._parts.tower.signers(frame)
            if signers is not None:
                self._signers[frame] = signers

    def _examine_record(self) -> None:
        self._parts.keeper.examine(
            [*self._parts.boards.held(self._parts.me), *self._on_chain],
            all_asked=self.standing is not None and self._parts.exchange.asked,
            current=self._current(),
        )

    async def _ground(
        self, frame: FrameIndex, *, first: FrameIndex | None
    ) -> tuple[Ground | None, Inputs | None]:
        """Return what the chain says for a frame, and what it is counted from."""
        if self.standing is None or self.chain_trouble:
            return None, None
        if first is not None:
            return Ground(standing=self.standing, waits_for=f"frame {first} comes first"), None
        try:
            return await self._read_ground(frame, self.standing)
        except ChainUnreachable as failure:
            self.chain_trouble = str(failure)
            return None, None

    async def _read_ground(
        self, frame: FrameIndex, standing: Standing
    ) -> tuple[Ground, Inputs | None]:
        signers = await self._parts.tower.signers(frame)
        if signers is None:
            return Ground(standing=standing, waits_for="its table of signers is gone"), None
        inputs = await self._parts.grounds.inputs(frame, standing=standing, signers=signers)
        if isinstance(inputs, NotYet):
            return Ground(standing=standing, waits_for=inputs.reason), None
        if _is_empty(inputs):
            self._parts.outcomes.is_empty(frame)
            return Ground(standing=standing, waits_for="there is nothing to report"), inputs
        self._tried_since.setdefault(frame, self._parts.clock.monotonic())
        block = inputs.block.number
        return Ground(standing=standing, block=block, barred=signers.barred), inputs

    async def _is_passed_over(
        self, board: FrameBoard, ground: Ground | None, inputs: Inputs | None
    ) -> bool:
        if ground is None or inputs is None:
            return False
        now = self._parts.clock.monotonic()
        step = self._parts.boards.times(board.frame).step
        return passed_over(
            empty=_is_empty(inputs),
            complete=bool(to_post(board, ground)),
            has_vectors=board.has_vectors,
            is_last=not await self._can_follow(FrameIndex(board.frame + 1)),
            tried_seconds=now - self._tried_since.get(board.frame, now),
            patience=patience_seconds(members=len(board.table), step=step),
        )

    async def _can_follow(self, frame: FrameIndex) -> bool:
        """Tell whether that frame can be reported already."""
        if frame >= self._current() or self.chain_trouble:
            return False
        return await self._parts.grounds.block(frame) is not None

    async def _keep_evidence(self) -> None:
        if self.standing is not None and not self.chain_trouble:
            signed = await self._parts.tower.signed_hashes()
            await self._parts.keeping.look(signed, standing=self.standing, current=self._current())

    def _situation(self, board: FrameBoard, ground: Ground | None) -> Situation:
        pen = self._parts.keeper.pen
        signed = pen.record.signed().get(board.frame) if pen else None
        return Situation(
            now=self._now(),
            began_at=self._began_at,
            me=self._parts.me,
            times=self._parts.boards.times(board.frame),
            board=board,
            own=pen.record.vector(board.frame) if pen else None,
            ground=ground,
            signed_round=signed.round if signed else 0,
            sealed=self._parts.keeper.sealed,
            recounted=self._parts.acts.recounted(board.frame),
            posting=self._parts.poster.busy,
        )

    def _forget_old(self) -> None:
        current = self._current()
        self._parts.boards.forget(current=current)
        self._parts.grounds.forget(current=current)
        self._parts.acts.forget(current=current)
        if self._parts.keeper.pen is not None:
            self._parts.keeper.pen.record.raise_floor(current - MAX_LAG_FRAMES - 1)
        for kept in (self._signers, self._tried_since):
            for frame in [one for one in kept if one < current - MAX_LAG_FRAMES]:
                kept.pop(frame)

    def _ended(self) -> list[FrameIndex]:
        """Return the frames that are not too old to be reported, were none reported yet."""
        return open_frames(
            reported=FrameIndex(-1), now=self._now(), frame_seconds=self._parts.frame_seconds
        )

    def _current(self) -> FrameIndex:
        return FrameIndex(int(self._now()) // self._parts.frame_seconds)

    def _now(self) -> float:
        return self._parts.clock.now().timestamp()


def _is_empty(inputs: Inputs) -> bool:
    return not inputs.leases and not inputs.previous.result.awarded
