"""Why a watcher does not sign a proposal: the reasons that it keeps and shows."""

from collections.abc import Iterator

from modelbond.settlement.report import Report
from modelbond.settlement.units import Address, Digest
from modelbond.sla.counting import Limits
from modelbond.sla.exchanged import Proposal, SignedCommitment
from modelbond.sla.frame_board import FrameBoard
from modelbond.sla.vector import SignedVector


def objection(
    proposal: Proposal, *, board: FrameBoard, limits: Limits, block: int, previous_root: Digest
) -> str | None:
    """Return why the proposal is not even counted again; None where it is to be."""
    report = proposal.report
    if report.reference_block != block:
        return f"its reference block is {report.reference_block}, it must be {block}"
    if report.previous_root != previous_root:
        return f"it follows {report.previous_root.hex()}, {previous_root.hex()} stands"
    objections = (
        *_of_too_many(proposal.vectors, board=board, limits=limits),
        *_of_too_few(proposal.vectors, board=board, limits=limits),
    )
    return objections[0] if objections else None


def vectors_of(proposal: Proposal, *, board: FrameBoard) -> tuple[SignedVector, ...]:
    """Return the vectors that a proposal names, in the order of the table."""
    shown = {listed.watcher: board.shown(listed) for listed in proposal.vectors}
    ordered = (shown.get(member.signer) for member in board.table)
    return tuple(vector for vector in ordered if vector is not None)


def difference(proposed: Report, counted: Report | None) -> str | None:
    """Return how what was counted again differs from what is proposed; None where it does not."""
    if counted is None:
        return "there is nothing to report"
    if proposed.root != counted.root:
        return f"its root is {proposed.root.hex()}, the tally's is {counted.root.hex()}"
    if proposed != counted:
        return f"its data hash is {proposed.data_hash.hex()}, it is {counted.data_hash.hex()}"
    return None


def _of_too_many(
    listed: tuple[SignedCommitment, ...], *, board: FrameBoard, limits: Limits
) -> Iterator[str]:
    for one in listed:
        at = board.committed_at(one)
        if board.forked(one.watcher):
            yield f"it takes the vector of {one.watcher}, who committed to two"
        elif at is None or at > limits.admitted_until:
            yield f"it takes the vector of {one.watcher}, whose commitment came too late"
        elif board.shown(one) is None:
            yield f"it takes the vector of {one.watcher}, which is not shown"


def _of_too_few(
    listed: tuple[SignedCommitment, ...], *, board: FrameBoard, limits: Limits
) -> Iterator[str]:
    taken: set[Address] = {one.watcher for one in listed}
    for vector in board.owed(limits):
        if vector.watcher not in taken:
            yield f"it leaves out the vector of {vector.watcher}, which came in time"
