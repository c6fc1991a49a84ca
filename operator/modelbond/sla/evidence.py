"""What a report is computed from, and what came of it (docs/reference/evidence.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelbond.settlement.leaves import Leaf
from modelbond.settlement.offer import Offer
from modelbond.settlement.report import NO_ROOT
from modelbond.settlement.units import (
    Address,
    Digest,
    FrameIndex,
    LeaseId,
    SliceIndex,
    Wei,
)
from modelbond.sla.leases import OpenLease, Window
from modelbond.sla.quorum import Signer
from modelbond.sla.text import text_hash
from modelbond.sla.vector import SignedVector


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The reference block: the last with a time not after the frame's end."""

    number: int
    time: int
    hash: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A lease, counted through a frame. `bad` and `unknown` are those of the period `period`."""

    leaf: Leaf
    period: int = 0
    bad: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a report says of every open lease, and what each watcher was ever awarded."""

    leases: Mapping[LeaseId, Measured] = field(default_factory=dict)
    awarded: Mapping[Address, Wei] = field(default_factory=dict)


NOTHING_CARRIED = Result()


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """The report that this one follows: its root, its evidence, and what it said."""

    root: Digest = NO_ROOT
    data_hash: Digest = NO_ROOT
    result: Result = NOTHING_CARRIED


NO_REPORT = Previous()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A lease as it stood at the reference block."""

    offer: Offer
    first: SliceIndex
    end: SliceIndex
    settled: Leaf
    announced: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Everything that a tally is computed from. `vectors` are in the order of the table."""

    rules: Digest
    chain_id: int
    tower: Address
    bond: Address
    frame: FrameIndex
    frame_seconds: int
    block: Block
    previous: Previous
    table: tuple[Signer, ...]
    leases: Mapping[LeaseId, Facts]
    vectors: tuple[SignedVector, ...]

    @property
    def ends_at(self) -> int:
        """Return when the frame ends, in seconds since 1970."""
        return (self.frame + 1) * self.frame_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Inputs and what was computed from them, as a text with its hash."""

    inputs: Inputs
    result: Result
    text: str = field(repr=False)

    @property
    def hash(self) -> Digest:
        """Return the report's data hash."""
        return text_hash(self.text)


def facts_of(lease: OpenLease) -> Facts:
    """Return what evidence holds of a lease that is open."""
    return Facts(
        offer=lease.offer,
        first=lease.first,
        end=lease.end,
        settled=lease.settled,
        announced=lease.announced,
    )
