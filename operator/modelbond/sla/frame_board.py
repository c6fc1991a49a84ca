"""What is known of one frame, with when each thing was received: by one's own clock, once.

A watcher that signs two things where one is allowed has shown so by its own signatures. Both are
kept as the proof, and handed on; the third tells nothing new.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from modelbond.settlement.report import Report
from modelbond.settlement.units import Address, Digest, FrameIndex
from modelbond.sla.counting import Limits
from modelbond.sla.exchanged import Page, Proposal, SignedCommitment, SignedReport, committed
from modelbond.sla.quorum import Signer, quorum_of
from modelbond.sla.vector import SignedVector

KEPT_ROUNDS = 8
"""Rounds of a frame that are kept; of those without a quorum the oldest go first."""

_A_PROOF = 2

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Generic[Thing]):
    """Something, and when it came."""

    thing: Thing
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """A report with the signatures of a quorum, and when its quorum was reached here."""

    report: Report
    signatures: Mapping[Address, bytes]
    at: float


class FrameBoard:
    """One frame's commitments, vectors, proposals and signatures. Whoever adds has checked them.

    `add_...` tell whether it was new. Nothing that was added is ever changed; `revision` counts.
    """

    def __init__(self, frame: FrameIndex, *, table: Sequence[Signer]) -> None:
        self.frame = frame
        self.table = tuple(table)
        self.revision = 0
        self._commitments: dict[Address, list[Received[SignedCommitment]]] = {}
        self._vectors: dict[Digest, Received[SignedVector]] = {}
        self._proposals: dict[int, list[Proposal]] = {}
        self._signatures: dict[int, dict[Address, list[Received[SignedReport]]]] = {}

    @property
    def page(self) -> Page:
        """Return all that is known, to be handed on."""
        return Page(
            frame=self.frame,
            commitments=tuple(one.thing for all_ in self._commitments.values() for one in all_),
            vectors=tuple(one.thing for one in self._vectors.values()),
            proposals=tuple(one for all_ in self._proposals.values() for one in all_),
            signatures=tuple(one.thing for one in self._all_signatures()),
        )

    def place_of(self, watcher: Address) -> int | None:
        """Return a watcher's place in the frame's table; None for a stranger."""
        signers = [one.signer for one in self.table]
        return signers.index(watcher) if watcher in signers else None

    def add_commitment(self, one: SignedCommitment, *, at: float) -> bool:
        """Keep a commitment: the first stands, a second one shows that its watcher forked."""
        known = self._commitments.setdefault(one.watcher, [])
        digests = [each.thing.commitment for each in known]
        if one.commitment in digests or len(known) == _A_PROOF:
            return False
        known.append(Received(thing=one, at=at))
        self.revision += 1
        return True

    def add_vector(self, one: SignedVector, *, at: float) -> bool:
        """Keep a vector, with the commitment that it proves."""
        self.add_commitment(committed(one, frame=self.frame), at=at)
        digest = one.commitment
        kept = any(each.commitment.commitment == digest for each in self.commitments(one.watcher))
        if not kept or digest in self._vectors:
            return False
        self._vectors[digest] = Received(thing=one, at=at)
        self.revision += 1
        return True

    def add_proposal(self, one: Proposal, *, at: float) -> bool:
        """Keep a proposal with its proposer's signature, and the commitments that it lists."""
        for listed in one.vectors:
            self.add_commitment(listed, at=at)
        self.add_signature(one.signed, at=at)
        known = self._proposals.setdefault(one.report.round, [])
        if one.report in [each.report for each in known] or len(known) == _A_PROOF:
            return False
        known.append(one)
        self.revision += 1
        self._forget_rounds()
        return True

    def add_signature(self, one: SignedReport, *, at: float) -> bool:
        """Keep a signature: two of one round, over different reports, are an equivocation."""
        of_round = self._signatures.setdefault(one.report.round, {})
        known = of_round.setdefault(one.signer, [])
        if one.report in [each.thing.report for each in known] or len(known) == _A_PROOF:
            return False
        known.append(Received(thing=one, at=at))
        self.revision += 1
        self._forget_rounds()
        return True

    def commitments(self, watcher: Address) -> list[SignedCommitment]:
        """Return what that watcher committed to: two where it forked."""
        return [one.thing for one in self._commitments.get(watcher, ())]

    def forked(self, watcher: Address) -> bool:
        """Tell whether a watcher committed to two vectors: then none of them counts."""
        return len(self.commitments(watcher)) == _A_PROOF

    def committed_at(self, one: SignedCommitment) -> float | None:
        """Return when that commitment came; None where it never did."""
        for known in self._commitments.get(one.watcher, ()):
            if known.thing.commitment == one.commitment:
                return known.at
        return None

    def shown(self, one: SignedCommitment) -> SignedVector | None:
        """Return the vector behind a commitment, with the signature that is given."""
        known = self._vectors.get(one.commitment.commitment)
        if known is None or known.thing.watcher != one.watcher:
            return None
        vector = known.thing
        return SignedVector(
            watcher=vector.watcher, text=vector.text, salt=vector.salt, signature=one.signature
        )

    def owed(self, limits: Limits) -> tuple[SignedVector, ...]:
        """Return the vectors that no proposal may leave out, in the order of the table."""
        return tuple(
            vector.thing
            for vector, at in self._single_vectors()
            if at <= limits.owed_until and vector.at <= limits.cut_off
        )

    def chosen(self, limits: Limits) -> tuple[SignedVector, ...]:
        """Return the vectors that a proposer takes, in the order of the table."""
        return tuple(
            vector.thing for vector, at in self._single_vectors() if at <= limits.chosen_until
        )

    @property
    def has_vectors(self) -> bool:
        """Tell whether anybody showed what it saw of this frame."""
        return bool(self._vectors)

    def proposal(self, round_: int) -> Proposal | None:
        """Return the first proposal of a round."""
        known = self._proposals.get(round_)
        return known[0] if known else None

    def signatures_of(self, signer: Address) -> list[SignedReport]:
        """Return all that is known to be signed by that watcher."""
        return [one.thing for one in self._all_signatures() if one.thing.signer == signer]

    def equivocated(self, signer: Address, *, round_: int) -> bool:
        """Tell whether that watcher signed two reports of that round."""
        return len(self._signatures.get(round_, {}).get(signer, ())) == _A_PROOF

    def equivocations(self) -> dict[Address, tuple[SignedReport, SignedReport]]:
        """Return a proof for each watcher that signed two reports of one round."""
        return {
            signer: (known[0].thing, known[1].thing)
            for of_round in self._signatures.values()
            for signer, known in of_round.items()
            if len(known) == _A_PROOF
        }

    def complete(self, *, barred: frozenset[int] = frozenset()) -> list[Complete]:
        """Return the reports that a quorum signed, newest round first; barred places are none."""
        rounds = sorted(self._signatures, reverse=True)
        found = (self._complete_of(round_, barred=barred) for round_ in rounds)
        return [one for one in found if one is not None]

    def _complete_of(self, round_: int, *, barred: frozenset[int]) -> Complete | None:
        by_report: dict[Report, list[Received[SignedReport]]] = {}
        for place, member in enumerate(self.table):
            if place not in barred:
                for one in self._signatures[round_].get(member.signer, ()):
                    by_report.setdefault(one.thing.report, []).append(one)
        for report, signed in by_report.items():
            reached = self._reached(signed)
            if reached is not None:
                signatures = {one.thing.signer: one.thing.signature for one in signed}
                return Complete(report=report, signatures=signatures, at=reached)
        return None

    def _reached(self, signed: Iterable[Received[SignedReport]]) -> float | None:
        """Return when these signatures became a quorum."""
        weights, weight = {one.signer: one.weight for one in self.table}, 0
        for one in sorted(signed, key=lambda one: one.at):
            weight += weights[one.thing.signer]
            if weight >= quorum_of(self.table):
                return one.at
        return None

    def _single_vectors(self) -> Iterable[tuple[Received[SignedVector], float]]:
        """Yield the vectors of watchers with one commitment, with when that came."""
        for member in self.table:
            known = self._commitments.get(member.signer, ())
            if len(known) != 1:
                continue
            vector = self._vectors.get(known[0].thing.commitment.commitment)
            if vector is not None:
                yield vector, known[0].at

    def _all_signatures(self) -> Iterable[Received[SignedReport]]:
        for of_round in self._signatures.values():
            for known in of_round.values():
                yield from known

    def _forget_rounds(self) -> None:
        while len(self._signatures) > KEPT_ROUNDS:
            older = sorted(self._signatures)[:-1]
            open_ = [one for one in older if self._complete_of(one, barred=frozenset()) is None]
            oldest = (open_ or older)[0]
            self._signatures.pop(oldest)
            self._proposals.pop(oldest, None)
