"""What watchers sign of a frame, and how a posted report is named."""

from dataclasses import dataclass
from typing import Any

from modelbond.settlement.encoding import Value
from modelbond.settlement.typed import Domain, Struct
from modelbond.settlement.units import Address, Digest, FrameIndex

REPORT = Struct(
    name="Report",
    fields=(
        ("frame", "uint40"),
        ("round", "uint16"),
        ("referenceBlock", "uint64"),
        ("previousRoot", "bytes32"),
        ("root", "bytes32"),
        ("dataHash", "bytes32"),
    ),
)
NO_ROOT = Digest(bytes(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One proposal for a frame. `previous_root` is NO_ROOT for a tower's first."""

    frame: FrameIndex
    round: int
    reference_block: int
    previous_root: Digest
    root: Digest
    data_hash: Digest

    def values(self) -> dict[str, Value]:
        """Return the fields under the contract's names, in its order."""
        return {
            "frame": self.frame,
            "round": self.round,
            "referenceBlock": self.reference_block,
            "previousRoot": self.previous_root,
            "root": self.root,
            "dataHash": self.data_hash,
        }

    def typed_data(self, domain: Domain) -> dict[str, Any]:
        """Return what a watcher signs, as wallets take it."""
        return REPORT.message(self.values(), domain=domain)

    def digest(self, domain: Domain) -> Digest:
        """Return the hash that is signed."""
        return REPORT.digest(self.values(), domain=domain)

    def equivocates(self, other: "Report") -> bool:
        """Tell whether who signed both can be slashed: same frame and round, another content."""
        same_turn = (self.frame, self.round) == (other.frame, other.round)
        return same_turn and self != other


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRef:
    """Names a posted report, with everything but its root; times in seconds since 1970."""

    seq: int
    frame: FrameIndex
    round: int
    posted_at: int

    def values(self) -> dict[str, Value]:
        """Return the fields under the contract's names."""
        return {
            "seq": self.seq,
            "frame": self.frame,
            "round": self.round,
            "postedAt": self.posted_at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Through when a tower's newest report speaks, and until when a stall freed the streams.

    In seconds since 1970.
    """

    reported_through: int
    stalled_through: int


RING = 64
"""A tower remembers so many reports; older ones prove nothing (WatchTower.sol)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Shows that a leaf stands in a posted report: its siblings up to that report's root."""

    report: ReportRef
    path: tuple[Digest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalReport:
    """A report past its window, that nobody can veto any more. It speaks `through` that moment."""

    ref: ReportRef
    root: Digest
    data_hash: Digest
    through: int


NO_PROOF = Proof(report=ReportRef(seq=0, frame=FrameIndex(0), round=0, posted_at=0), path=())
"""Stands where the contract needs none: the lease is measured through its end already."""


def tower_domain(*, chain_id: int, contract: Address) -> Domain:
    """Return the domain in which reports are signed."""
    return Domain(name="WatchTower", version="1", chain_id=chain_id, contract=contract)
