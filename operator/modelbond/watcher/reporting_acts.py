"""What a reporter does once it is decided: write down, sign, show, send."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from modelbond.errors import Refused
from modelbond.settlement.units import FrameIndex
from modelbond.sla.evidence import Inputs
from modelbond.sla.exchanged import Proposal, SignedReport, committed
from modelbond.sla.frame_board import Complete, FrameBoard
from modelbond.sla.frames import MAX_LAG_FRAMES, frame_slices
from modelbond.sla.objections import difference
from modelbond.sla.reporting import (
    Commit,
    Post,
    Propose,
    Refuse,
    Show,
    Sign,
    Step,
    Wait,
    signatures_to_post,
)
from modelbond.sla.tally import report_of
from modelbond.sla.vector import SALT_BYTES, SignedVector, Vector
from modelbond.watcher.board import Boards
from modelbond.watcher.evidence_store import EvidenceStore
from modelbond.watcher.grounds import Grounds, Realm
from modelbond.watcher.pen import Pen
from modelbond.watcher.posting import Poster
from modelbond.watcher.record_keeper import RecordKeeper
from modelbond.watcher.reporting_metrics import REFUSALS, SIGNATURES
from modelbond.watcher.reporting_ports import OwnLedger

_log = logging.getLogger(__name__)

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What acts are done with."""

    realm: Realm
    boards: Boards
    keeper: RecordKeeper
    store: EvidenceStore
    grounds: Grounds
    poster: Poster
    ledger: OwnLedger
    random_bytes: RandomBytes = secrets.token_bytes


class Acts:
    """Carries steps out. Evidence is on the disk before a signature stands for it."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._recounted: dict[FrameIndex, dict[int, str]] = {}

    def recounted(self, frame: FrameIndex) -> Mapping[int, str]:
        """Return the rounds whose proposal came out otherwise when it was counted again."""
        return self._recounted.get(frame, {})

    def forget(self, *, current: FrameIndex) -> None:
        """Drop what is kept of frames that are too old."""
        for frame in [one for one in self._recounted if one < current - MAX_LAG_FRAMES]:
            del self._recounted[frame]

    async def act(self, step: Step, *, board: FrameBoard, inputs: Inputs | None) -> None:
        """Do it. What the record refuses is not done."""
        try:
            await self._do(step, board=board, inputs=inputs)
        except Refused as refusal:
            _log.error("the record refuses", extra={"reason": str(refusal)})

    async def _do(self, step: Step, *, board: FrameBoard, inputs: Inputs | None) -> None:
        match step:
            case Commit():
                await self._commit(board)
            case Show(vector=vector):
                self._tools.boards.publish(board.frame, vector)
            case Propose():
                await self._propose(step, board, _given(inputs))
            case Sign():
                await self._sign(step, board, _given(inputs))
            case Refuse(round=round_, reason=reason):
                self._refuse(board.frame, round_, reason)
            case Post(complete=complete):
                self._post(complete, board)
            case Wait():
                pass
            case other:
                assert_never(other)

    async def _commit(self, board: FrameBoard) -> None:
        text = await asyncio.to_thread(self._vector_text, board.frame)
        salt = self._tools.random_bytes(SALT_BYTES)
        vector = await asyncio.to_thread(self._pen.commit, board.frame, text=text, salt=salt)
        self._tools.boards.publish(board.frame, committed(vector, frame=board.frame))

    async def _propose(self, step: Propose, board: FrameBoard, inputs: Inputs) -> None:
        signed = await self._counted_and_signed(step.vectors, inputs, round_=step.round)
        listed = tuple(committed(one, frame=board.frame) for one in step.vectors)
        self._tools.boards.publish(board.frame, Proposal(signed=signed, vectors=listed))

    async def _sign(self, step: Sign, board: FrameBoard, inputs: Inputs) -> None:
        proposed = step.proposal.report
        evidence = await self._tools.grounds.counted(inputs, step.vectors)
        reason = difference(proposed, report_of(evidence, round_=proposed.round))
        if reason:
            self._recounted.setdefault(board.frame, {})[proposed.round] = reason
            self._refuse(board.frame, proposed.round, reason)
            return
        signed = await self._counted_and_signed(step.vectors, inputs, round_=proposed.round)
        self._tools.boards.publish(board.frame, signed)
        self._tools.boards.refuse(board.frame, proposed.round, "")

    async def _counted_and_signed(
        self, vectors: tuple[SignedVector, ...], inputs: Inputs, *, round_: int
    ) -> SignedReport:
        evidence = await self._tools.grounds.counted(inputs, vectors)
        report = report_of(evidence, round_=round_)
        if report is None:
            raise Refused(f"frame {inputs.frame}: there is nothing to report")
        await asyncio.to_thread(self._tools.store.keep, evidence)
        signed = await asyncio.to_thread(self._pen.sign, report)
        SIGNATURES.inc()
        _log.info("report signed", extra={"frame": report.frame, "round": round_})
        return signed

    def _refuse(self, frame: FrameIndex, round_: int, reason: str) -> None:
        if self._tools.boards.refusals(frame).get(round_) != reason:
            REFUSALS.inc()
        self._tools.boards.refuse(frame, round_, reason)

    def _post(self, complete: Complete, board: FrameBoard) -> None:
        signatures = signatures_to_post(complete, table=board.table)
        self._tools.poster.begin(complete.report, signatures)

    def _vector_text(self, frame: FrameIndex) -> str:
        realm, ledger = self._tools.realm, self._tools.ledger
        seen = {
            lease: ledger.verdicts(
                lease,
                frame_slices(frame, frame_seconds=realm.frame_seconds, slice_seconds=slice_seconds),
            )
            for lease, slice_seconds in ledger.leases(frame).items()
        }
        return Vector(
            chain_id=realm.chain_id,
            tower=realm.tower,
            frame=frame,
            watcher=self._pen.signer,
            leases=seen,
        ).text

    @property
    def _pen(self) -> Pen:
        pen = self._tools.keeper.pen
        if pen is None or self._tools.keeper.sealed:
            raise Refused(self._tools.keeper.sealed or "there is no signing record")
        return pen


def _given(inputs: Inputs | None) -> Inputs:
    if inputs is None:
        raise Refused("the frame cannot be counted yet")
    return inputs
