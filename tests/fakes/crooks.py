"""What a watcher that does not keep to the rules shows, signed with its key past any record."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fakes.watchers import FRAME, Watcher
from modelbond.settlement.report import Report, tower_domain
from modelbond.settlement.units import FrameIndex
from modelbond.sla.evidence import Inputs
from modelbond.sla.exchanged import Proposal, SignedCommitment, SignedReport, committed
from modelbond.sla.standing import Signers
from modelbond.sla.tally import report_of
from modelbond.sla.vector import (
    Commitment,
    SignedVector,
    Vector,
    commitment_of,
    watcher_domain,
)


def sign(watcher: Watcher, report: Report) -> SignedReport:
    realm = watcher.realm
    domain = tower_domain(chain_id=realm.chain_id, contract=realm.tower)
    signature = watcher.key.sign_typed(report.typed_data(domain))
    return SignedReport(signer=watcher.address, report=report, signature=signature)


def vector(
    watcher: Watcher, letters: str, *, salt: bytes = bytes(32), frame: FrameIndex = FRAME
) -> SignedVector:
    """Return a vector over the leases that this watcher measures, with a salt of one's choice."""
    realm = watcher.realm
    seen = Vector(
        chain_id=realm.chain_id,
        tower=realm.tower,
        frame=frame,
        watcher=watcher.address,
        leases=dict.fromkeys(watcher.seen.measured, letters),
    )
    commitment = Commitment(frame=frame, commitment=commitment_of(salt=salt, text=seen.text))
    domain = watcher_domain(chain_id=realm.chain_id, tower=realm.tower)
    signature = watcher.key.sign_typed(commitment.typed_data(domain))
    return SignedVector(watcher=watcher.address, text=seen.text, salt=salt, signature=signature)


def commitment(one: SignedVector, *, frame: FrameIndex = FRAME) -> SignedCommitment:
    return committed(one, frame=frame)


async def report(
    watcher: Watcher, vectors: Sequence[SignedVector], *, round_: int, frame: FrameIndex = FRAME
) -> Report:
    """Return the right report over these vectors, on what this watcher sees of the chain."""
    parts, standing = watcher.parts.reporter._parts, watcher.parts.reporter.standing
    assert standing is not None
    signers = Signers(table=watcher.board(frame).table)
    inputs = await parts.grounds.inputs(frame, standing=standing, signers=signers)
    assert isinstance(inputs, Inputs), inputs
    made = report_of(await parts.grounds.counted(inputs, tuple(vectors)), round_=round_)
    assert made is not None
    return made


async def proposal(
    watcher: Watcher,
    vectors: Sequence[SignedVector],
    *,
    round_: int,
    frame: FrameIndex = FRAME,
    **changes: Any,
) -> Proposal:
    """Return a proposal over these vectors, with the report changed as told."""
    made = replace(await report(watcher, vectors, round_=round_, frame=frame), **changes)
    listed = tuple(commitment(one, frame=frame) for one in vectors)
    return Proposal(signed=sign(watcher, made), vectors=listed)


def shown(watcher: Watcher, *, frame: FrameIndex = FRAME) -> list[SignedVector]:
    """Return the vectors that stand on a watcher's board, in the order of the table."""
    vectors = {one.watcher: one for one in watcher.board(frame).page.vectors}
    signers = [one.signer for one in watcher.board(frame).table]
    return [vectors[one] for one in signers if one in vectors]
