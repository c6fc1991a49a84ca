"""What watchers show each other of a frame. All of it is signed, so anybody may hand it on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from modelbond.settlement.report import Report, tower_domain
from modelbond.settlement.units import Address, Digest, FrameIndex
from modelbond.sla.vector import Commitment, SignedVector, watcher_domain

Recover = Callable[[Digest, bytes], Address | None]
"""Returns whose signature it is; None where it is nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCommitment:
    """A commitment with its watcher's signature: who it is from, and nothing of the vector."""

    watcher: Address
    commitment: Commitment
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReport:
    """A report with one watcher's signature."""

    signer: Address
    report: Report
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A report as its proposer signed it, and the vectors of which it is the tally.

    The commitments are listed with the signatures that the proposer has of them: a watcher can sign
    one commitment twice, and the evidence, which is hashed, holds one of the two.
    """

    signed: SignedReport
    vectors: tuple[SignedCommitment, ...]

    @property
    def report(self) -> Report:
        """Return what is proposed."""
        return self.signed.report


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What one watcher shows of a frame. `refusals` are its reasons, by round."""

    frame: FrameIndex
    commitments: tuple[SignedCommitment, ...] = ()
    vectors: tuple[SignedVector, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    signatures: tuple[SignedReport, ...] = ()
    refusals: tuple[tuple[int, str], ...] = ()
    malformed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seals:
    """Checks signatures: of one chain and one tower."""

    chain_id: int
    tower: Address
    recover: Recover

    def holds(self, one: SignedCommitment | SignedReport) -> bool:
        """Tell whether it is signed by whom it names."""
        if isinstance(one, SignedCommitment):
            return self.of_commitment(one)
        return self.of_report(one)

    def of_commitment(self, one: SignedCommitment) -> bool:
        """Tell whether its watcher signed it."""
        domain = watcher_domain(chain_id=self.chain_id, tower=self.tower)
        return self.recover(one.commitment.digest(domain), one.signature) == one.watcher

    def of_report(self, one: SignedReport) -> bool:
        """Tell whether its signer signed it."""
        domain = tower_domain(chain_id=self.chain_id, contract=self.tower)
        return self.recover(one.report.digest(domain), one.signature) == one.signer


def committed(vector: SignedVector, *, frame: FrameIndex) -> SignedCommitment:
    """Return the commitment that a shown vector proves."""
    return SignedCommitment(
        watcher=vector.watcher,
        commitment=Commitment(frame=frame, commitment=vector.commitment),
        signature=vector.signature,
    )


def signed_parts(page: Page) -> Iterator[SignedCommitment | SignedReport]:
    """Yield everything of a page that is signed."""
    yield from page.commitments
    yield from (committed(one, frame=page.frame) for one in page.vectors)
    for proposal in page.proposals:
        yield proposal.signed
        yield from proposal.vectors
    yield from page.signatures
