"""What of another watcher's page is believed: only what a member of the frame's table signed."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from modelbond.errors import Refused
from modelbond.settlement.units import Address
from modelbond.sla.exchanged import (
    Page,
    Proposal,
    Seals,
    SignedCommitment,
    SignedReport,
    committed,
)
from modelbond.sla.frame_board import FrameBoard
from modelbond.sla.frames import proposer_place
from modelbond.sla.vector import SignedVector, vector_of

LONGEST_VECTOR_BYTES = 2 * 2**20
"""About 15,000 leases of 60 slices. All watchers must agree on what is too long."""

MOST_CHECKS = 160
"""Signatures of one page that are checked: that takes about a second."""

Item = SignedCommitment | SignedVector | Proposal | SignedReport


class Drop(StrEnum):
    """Why something of a page was left out."""

    STRANGER = "stranger"  # not in the frame's table
    FORGED = "forged"  # the signature is another's
    MALFORMED = "malformed"
    OVERSIZE = "oversize"
    EARLY = "early"  # of a round that has not begun
    OTHER_TURN = "other turn"  # somebody else proposes in that round
    SURPLUS = "surplus"  # two of that kind are known, and more prove nothing
    LATER = "later"  # too much at once: it is looked at when it is shown again


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What was new, in an order in which it can be added again, and what was left out."""

    new: tuple[Item, ...]
    dropped: Counter[Drop]

    @property
    def is_honest(self) -> bool:
        """Tell whether all of it can come from a watcher that does as it should."""
        return not self.dropped.keys() & {Drop.FORGED, Drop.MALFORMED, Drop.OVERSIZE}

    @property
    def is_whole(self) -> bool:
        """Tell whether showing the same page again would tell nothing new."""
        return not self.dropped.keys() & {Drop.EARLY, Drop.LATER}


def merge(board: FrameBoard, page: Page, *, at: float, last_round: int, seals: Seals) -> Merged:
    """Add to the board what counts of a page, as received then. Rounds are known up to that one."""
    merging = _Merging(board, at=at, last_round=last_round, seals=seals)
    new = tuple(one for one in _items(page) if merging.add(one))
    if page.malformed:
        merging.dropped[Drop.MALFORMED] += page.malformed
    return Merged(new=new, dropped=merging.dropped)


def _items(page: Page) -> Iterator[Item]:
    yield from page.commitments
    yield from page.vectors
    yield from page.proposals
    yield from page.signatures


def restore(board: FrameBoard, item: Item, *, at: float) -> bool:
    """Add to the board what was checked before, as received then; tell whether it was new."""
    match item:
        case SignedCommitment():
            return board.add_commitment(item, at=at)
        case SignedVector():
            return board.add_vector(item, at=at)
        case Proposal():
            return board.add_proposal(item, at=at)
        case SignedReport():
            return board.add_signature(item, at=at)
        case other:
            assert_never(other)


class _Merging:
    def __init__(self, board: FrameBoard, *, at: float, last_round: int, seals: Seals) -> None:
        self._board = board
        self._at = at
        self._last_round = last_round
        self._seals = seals
        self.dropped: Counter[Drop] = Counter()
        self._checks = 0

    def add(self, item: Item) -> bool:
        """Add it where it counts, and tell whether it was new."""
        if self._is_known(item):
            return False
        drop = self._objection(item)
        if drop is not None:
            self.dropped[drop] += 1
            return False
        return restore(self._board, item, at=self._at)

    def _is_known(self, item: Item) -> bool:
        """Tell whether the very same thing stands: signatures are costly to check."""
        match item:
            case SignedCommitment():
                return item in self._board.commitments(item.watcher)
            case SignedVector():
                return self._board.shown(committed(item, frame=self._board.frame)) == item
            case Proposal():
                return self._board.proposal(item.report.round) == item
            case SignedReport():
                return item in self._board.signatures_of(item.signer)
            case other:
                assert_never(other)

    def _objection(self, item: Item) -> Drop | None:
        match item:
            case SignedCommitment():
                return self._of_commitment(item)
            case SignedVector():
                return self._of_vector(item)
            case Proposal():
                return self._of_proposal(item)
            case SignedReport():
                return self._of_signature(item)
            case other:
                assert_never(other)

    def _of_commitment(self, one: SignedCommitment) -> Drop | None:
        if self._is_strange(one.watcher):
            return Drop.STRANGER
        if self._board.forked(one.watcher) and self._board.committed_at(one) is None:
            return Drop.SURPLUS
        return self._unless_sealed(lambda: self._seals.of_commitment(one))

    def _of_vector(self, one: SignedVector) -> Drop | None:
        if self._is_strange(one.watcher):
            return Drop.STRANGER
        if len(one.text) > LONGEST_VECTOR_BYTES:
            return Drop.OVERSIZE
        drop = self._of_commitment(committed(one, frame=self._board.frame))
        if drop is not None:
            return drop
        return None if self._is_of_this_frame(one) else Drop.MALFORMED

    def _is_of_this_frame(self, one: SignedVector) -> bool:
        try:
            said = vector_of(one.text)
        except Refused:
            return False
        told = (said.chain_id, said.tower, said.frame, said.watcher)
        return told == (self._seals.chain_id, self._seals.tower, self._board.frame, one.watcher)

    def _of_proposal(self, one: Proposal) -> Drop | None:
        drop = self._of_signature(one.signed)
        if drop is not None:
            return drop
        members, round_ = len(self._board.table), one.report.round
        turn = proposer_place(self._board.frame, round_=round_, members=members)
        if self._board.place_of(one.signed.signer) != turn:
            return Drop.OTHER_TURN
        watchers = [listed.watcher for listed in one.vectors]
        if len(set(watchers)) != len(watchers):
            return Drop.MALFORMED
        known = (listed for listed in one.vectors if not self._is_known(listed))
        return next((drop for drop in map(self._of_commitment, known) if drop is not None), None)

    def _of_signature(self, one: SignedReport) -> Drop | None:
        if self._is_strange(one.signer):
            return Drop.STRANGER
        if one.report.round > self._last_round:
            return Drop.EARLY
        if one in self._board.signatures_of(one.signer):
            return None
        if self._board.equivocated(one.signer, round_=one.report.round):
            return Drop.SURPLUS
        return self._unless_sealed(lambda: self._seals.of_report(one))

    def _unless_sealed(self, is_sealed: Callable[[], bool]) -> Drop | None:
        """Check a signature, if not too many of this page were checked before."""
        self._checks += 1
        if self._checks > MOST_CHECKS:
            return Drop.LATER
        return None if is_sealed() else Drop.FORGED

    def _is_strange(self, watcher: Address) -> bool:
        return self._board.place_of(watcher) is None
