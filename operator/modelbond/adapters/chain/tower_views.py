"""What a WatchTower says at the finalized block: its terms, tables, seats and standing reports."""

from collections.abc import Iterable
from dataclasses import dataclass

from web3.types import BlockIdentifier

from modelbond.adapters.chain.contract import Contract, Event
from modelbond.errors import Reverted
from modelbond.settlement.report import RING, Progress, ReportRef
from modelbond.settlement.units import Address, Digest, FrameIndex, Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What never changes in a tower."""

    asset: Address
    frame_seconds: int
    window_seconds: int
    stake: Wei
    bounty: Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A signer of a table. Its place is its bit among the signers of a report."""

    signer: Address
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """What is staked for a signer. `leaves_at` is None while the seat is not being left."""

    staker: Address
    stake: Wei
    leaves_at: int | None
    slashed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A report that stands, as it was posted."""

    ref: ReportRef
    root: Digest
    data_hash: Digest
    reference_block: int
    signers: int

    def signed_at(self, place: int) -> bool:
        """Tell whether the signer of that place of its frame's table signed it."""
        return bool(self.signers >> place & 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The reports that stand, oldest first, and the block from which to read on.

    `posted` are the last ones that were posted, also those that were vetoed since.
    """

    standing: tuple[Posted, ...] = ()
    next_block: int = 0
    posted: tuple[Posted, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A tower's newest report by number and frame, and what its vetoes leave open."""

    seq: int
    frame: FrameIndex
    veto_mark: int
    veto_round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Who signs a frame, by place; the signatures of barred places do not count."""

    members: tuple[Member, ...]
    barred: frozenset[int]


class TowerViews:
    """One tower, read where it is final."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract

    async def terms(self) -> Terms:
        """Return what never changes."""
        said = await self._contract.read("terms")
        return Terms(
            asset=Address(said["asset"]),
            frame_seconds=said["frameSeconds"],
            window_seconds=said["windowSeconds"],
            stake=Wei(said["stake"]),
            bounty=Wei(said["bounty"]),
        )

    async def progress(self) -> Progress:
        """Return how far the tower speaks."""
        said = await self._contract.read("progress")
        return Progress(
            reported_through=said["reportedThrough"], stalled_through=said["stalledThrough"]
        )

    async def table(self, frame: FrameIndex) -> tuple[Member, ...]:
        """Return who signs a frame, by place."""
        return (await self.signers(frame)).members

    async def signers(self, frame: FrameIndex) -> Table:
        """Return who signs a frame, and who of them is barred; Reverted where none is known."""
        said = await self._contract.read("signersOf", frame)
        members = tuple(
            Member(signer=Address(one["signer"]), weight=one["weight"]) for one in said["members"]
        )
        barred = said["table"]["barred"]
        places = range(len(members))
        return Table(members=members, barred=frozenset(p for p in places if barred >> p & 1))

    async def head(self, *, at: BlockIdentifier = "finalized") -> Head:
        """Return the newest report, and what vetoes leave open."""
        said = await self._contract.read("head", at=at)
        return Head(
            seq=said["seq"],
            frame=FrameIndex(said["frame"]),
            veto_mark=said["vetoMark"],
            veto_round=said["vetoRound"],
        )

    async def seat(self, signer: Address) -> Seat | None:
        """Return a signer's seat, or None where it was granted none."""
        said = await self._contract.read("seatOf", signer)
        if not int(said["staker"], 16):
            return None
        return Seat(
            staker=Address(said["staker"]),
            stake=Wei(said["stake"]),
            leaves_at=said["leavesAt"] or None,
            slashed=said["slashed"],
        )

    async def final_through(self, report: Posted) -> int | None:
        """Return through when a report speaks, or None while it can be vetoed or was."""
        try:
            through: int = await self._contract.read(
                "finalThrough", report.ref.values(), report.root
            )
        except Reverted:
            return None
        return through

    async def reports(self, known: Reports) -> Reports:
        """Return the standing reports, with what was posted and vetoed since `known` was read."""
        events, next_block = await self._contract.events(
            ("Posted", "Vetoed"), since=known.next_block
        )
        posted = (_posted(event) for event in events if event.name == "Posted")
        return Reports(
            standing=standing(known.standing, events),
            next_block=next_block,
            posted=(*known.posted, *posted)[-RING:],
        )


def standing(before: Iterable[Posted], events: Iterable[Event]) -> tuple[Posted, ...]:
    """Return which reports stand after these events: a veto drops one and all built on it."""
    reports = list(before)
    for event in events:
        if event.name == "Posted":
            reports.append(_posted(event))
        else:
            reports = [one for one in reports if one.ref.seq < event.values["seq"]]
    return tuple(reports)


def _posted(event: Event) -> Posted:
    said = event.values
    ref = ReportRef(
        seq=said["seq"],
        frame=FrameIndex(said["frame"]),
        round=said["round"],
        posted_at=said["postedAt"],
    )
    return Posted(
        ref=ref,
        root=Digest(said["root"]),
        data_hash=Digest(said["dataHash"]),
        reference_block=said["referenceBlock"],
        signers=said["signers"],
    )
