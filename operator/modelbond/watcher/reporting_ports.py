"""What the reporting half needs from the rest of the watcher and from the chain, as protocols."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from modelbond.settlement.report import Report
from modelbond.settlement.units import Address, Digest, FrameIndex, LeaseId, Wei
from modelbond.sla.beyond import Held
from modelbond.sla.evidence import Block, Facts
from modelbond.sla.standing import Signers, Standing


class TowerPort(Protocol):
    """The chain as a watcher of one tower sees it; ChainUnreachable where it does not."""

    async def standing(self) -> Standing:
        """Return the newest report that stands in a finalized block, or how the tower began."""

    async def newest_frame(self) -> FrameIndex:
        """Return the frame of the newest report at the head of the chain, final or not."""

    async def signers(self, frame: FrameIndex) -> Signers | None:
        """Return who signs a frame; None while no table is known for it."""

    async def block_until(self, time: int) -> Block | None:
        """Return the last block not after that time; None while no later one is final."""

    async def leases(self, block: int) -> Mapping[LeaseId, Facts]:
        """Return this tower's leases that are open at a finalized block."""

    async def signed_by_this_key(self) -> list[Held]:
        """Return the reports on chain that bear this watcher's signature, vetoed ones as well."""

    async def signed_hashes(self) -> list[Digest]:
        """Return the data hashes of the standing reports that this watcher signed."""

    async def stake_of(self, signer: Address) -> Wei:
        """Return what is at stake for a signer where the chain is final."""


class PostPort(Protocol):
    """Sends with this watcher's paying key."""

    async def post(self, report: Report, signatures: Mapping[int, bytes]) -> None:
        """Send a report, and return once it is final; a second call joins the first."""

    async def prove_equivocation(
        self, one: Report, other: Report, *, signature: bytes, other_signature: bytes
    ) -> None:
        """Prove that one key signed both reports of one round, likewise."""


class OwnLedger(Protocol):
    """What this watcher measured."""

    def leases(self, frame: FrameIndex) -> Mapping[LeaseId, int]:
        """Return the leases that were measured in a frame, with the seconds of their slices."""

    def verdicts(self, lease: LeaseId, slices: range) -> str:
        """Return one letter for each of these slices: g, b, or u where nothing is known."""


class FrameOutcome(StrEnum):
    """What became of a frame."""

    REPORTED = "reported"
    EMPTY = "empty"
    MISSED = "missed"


class ReportMeter(Protocol):
    """Where the numbers that people look at go."""

    def report_lag(self, frames: int) -> None:
        """Show how many frames ended that no report on chain speaks of."""

    def frame(self, result: FrameOutcome) -> None:
        """Count a frame that is over."""
