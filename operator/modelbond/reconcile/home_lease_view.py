"""How a placement's lease stands, for its customer: one value for status, events and metrics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import structs

from modelbond.api.conditions import timestamp
from modelbond.api.kinds import Json
from modelbond.api.reasons import Reason
from modelbond.api.v1alpha1 import LeaseState
from modelbond.api.wire import read
from modelbond.errors import Refused
from modelbond.reconcile.home_obstacle import Obstacle
from modelbond.reconcile.home_order import Said
from modelbond.settlement.lease import Lease
from modelbond.settlement.leaves import NOTHING_MEASURED, Leaf
from modelbond.settlement.money import credit
from modelbond.settlement.offer import Offer
from modelbond.settlement.slices import begins_at
from modelbond.settlement.units import Digest, FrameIndex, LeaseId
from modelbond.sla.budget import Counts
from modelbond.sla.evidence import Measured
from modelbond.sla.text import hexed

MESSAGE_LIMIT = 1024


class Stage(StrEnum):
    """How far a lease is."""

    PROPOSED = "Proposed"
    REFUSED = "Refused"
    OPENING = "Opening"
    OPEN = "Open"
    ENDING = "Ending"
    ENDED = "Ended"
    RELEASED = "Released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What the newest final report says of a lease."""

    frame: FrameIndex
    root: Digest
    measured: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """By what a leaf was settled. `transaction` is None where it was not ours."""

    leaf: Leaf
    root: Digest | None
    transaction: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementLease:
    """One placement's lease. `bond` and `sla` are what it adds to those conditions.

    `lease` is as the finalized block last showed it; None before it is open. `stage` is None
    while nobody could be asked since this process began.
    """

    stage: Stage | None
    bond: Said
    sla: Said
    id: LeaseId | None = None
    offer: Offer | None = None
    lease: Lease | None = None
    reported: Reported | None = None
    settlement: Settlement | None = None
    counts: Counts | None = None


def proposed(reason: Reason, message: str, *, sla: Said | None = None) -> PlacementLease:
    """Return a lease that waits for something on the way to its offer."""
    return PlacementLease(stage=Stage.PROPOSED, bond=no(reason, message), sla=sla or NOT_MEASURED)


def refused(reason: Reason, message: str) -> PlacementLease:
    """Return a lease that is not opened as things stand."""
    return PlacementLease(stage=Stage.REFUSED, bond=no(reason, message), sla=NOT_MEASURED)


def opening(lease: LeaseId, offer: Offer, *, message: str) -> PlacementLease:
    """Return a lease whose payment is on its way."""
    return PlacementLease(
        stage=Stage.OPENING,
        bond=no(Reason.LEASE_OPENING, message),
        sla=NOT_MEASURED,
        id=lease,
        offer=offer,
    )


def standing(  # noqa: PLR0913 - what is known of it, from several sides
    id_: LeaseId,
    *,
    offer: Offer,
    lease: Lease,
    now: int,
    reported: Reported | None,
    settlement: Settlement | None,
    problem: Said | None = None,
    sla: Said | None = None,
) -> PlacementLease:
    """Return a lease that is on chain. `problem` is what keeps an action on it from happening."""
    stage = _stage(lease, now=now)
    return PlacementLease(
        stage=stage,
        bond=_bond(stage, offer=offer, lease=lease, problem=problem),
        sla=sla or _sla(reported, offer),
        id=id_,
        offer=offer,
        lease=lease,
        reported=reported,
        settlement=settlement,
    )


def unreachable(view: PlacementLease | None, *, chain_id: int) -> PlacementLease:
    """Return what was last known, when the chain cannot be asked: nothing else changes.

    The words are always the same: what each RPC says changes by the second, and is in the log.
    """
    text = f"no RPC of chain {chain_id} can be used; what serves goes on, and so does each lease"
    return _known(view, Said(status=None, reason=Reason.CHAIN_UNREACHABLE, message=text))


def hindered(view: PlacementLease | None, obstacle: Obstacle) -> PlacementLease:
    """Return what was last known, when something here keeps us from looking on."""
    status = view.bond.status if view else None
    return _known(view, Said(status=status, reason=obstacle.reason, message=obstacle.message))


def _known(view: PlacementLease | None, bond: Said) -> PlacementLease:
    if view is None:
        return PlacementLease(stage=None, bond=bond, sla=NOT_MEASURED)
    return replace(view, bond=bond)


def state_told(view: PlacementLease | None, before: Json | None) -> LeaseState | None:
    """Return the placement's entry in the deployment's status; `before` is the last one.

    That stays while nothing is known, and its receipt while nothing more is credited.
    """
    told = _read(before)
    if view is None or view.stage is None:
        return told
    state = _state(view.stage, view)
    if told is None or (told.id, told.credited) != (state.id, state.credited) or not told.root:
        return state
    return structs.replace(state, root=told.root, transaction=told.transaction)


def _read(before: Json | None) -> LeaseState | None:
    try:
        return read(LeaseState, before) if before else None
    except Refused:
        return None


def _state(stage: Stage, view: PlacementLease) -> LeaseState:
    leaf = view.reported.measured.leaf if view.reported else None
    settled = view.lease.measured if view.lease else NOTHING_MEASURED
    return LeaseState(
        state=stage.value,
        reason=view.bond.reason.value,
        message=view.bond.message[:MESSAGE_LIMIT],
        id=hexed(view.id) if view.id else None,
        host_account=view.offer.host if view.offer else None,
        frame=view.reported.frame if view.reported else None,
        through=leaf.through if leaf else None,
        unearned=leaf.unearned if leaf else None,
        breach=leaf.breach if leaf else None,
        bad=view.reported.measured.bad if view.reported else None,
        allowance=view.offer.allowance if view.offer else None,
        period=view.offer.period if view.offer else None,
        good=view.counts.good if view.counts else None,
        unknown=view.counts.unknown if view.counts else None,
        outages=view.counts.outages if view.counts else None,
        recent_bad=view.counts.recent_bad if view.counts else None,
        recent_seconds=view.counts.recent_seconds if view.counts else None,
        credited=str(credit(settled.breach, view.offer)) if view.lease and view.offer else None,
        root=_hexed(view.settlement.root if view.settlement else None),
        transaction=_hexed(view.settlement.transaction if view.settlement else None),
        funded_until=_funded_until(view.lease) if view.lease else None,
    )


def uptime_told(views: Sequence[PlacementLease]) -> str | None:
    """Return the share of earned slices among all that final reports count, rounded down."""
    leaves = [view.reported.measured.leaf for view in views if view.reported]
    through = sum(leaf.through for leaf in leaves)
    if not through:
        return None
    points = 10_000 * sum(leaf.earned for leaf in leaves) // through
    return f"{points // 100}.{points % 100:02d}%"


def no(reason: Reason, message: str) -> Said:
    """Return a word that something is not so."""
    return Said(status=False, reason=reason, message=message)


NOT_MEASURED = Said(
    status=None, reason=Reason.NOT_MEASURED, message="no final report counts it yet"
)


def _stage(lease: Lease, *, now: int) -> Stage:
    if lease.released:
        return Stage.RELEASED
    if not lease.runs(now):
        return Stage.ENDED
    return Stage.OPEN if lease.noticed is None else Stage.ENDING


def _bond(stage: Stage, *, offer: Offer, lease: Lease, problem: Said | None) -> Said:
    if stage is Stage.OPEN and problem is None:
        text = f"cover {offer.cover}, {offer.credit_per_slice} for each slice in breach"
        until = f"funded until {_funded_until(lease)}"
        return Said(status=True, reason=Reason.LEASE_OPEN, message=f"{text}; {until}")
    if stage is Stage.OPEN and problem is not None:
        return replace(problem, status=True)
    if stage is Stage.ENDING:
        end = _moment(begins_at(lease.end, slice_seconds=lease.slice_seconds))
        text = f"it ends at {end}" + (f"; {problem.message}" if problem else "")
        return Said(status=True, reason=Reason.LEASE_ENDING, message=text)
    text = "its last slice is over" if stage is Stage.ENDED else "all of its money was dealt out"
    return no(Reason.LEASE_ENDED, text + (f"; {problem.message}" if problem else ""))


def _sla(reported: Reported | None, offer: Offer) -> Said:
    if reported is None:
        return NOT_MEASURED
    measured = reported.measured
    used = f"{measured.bad} of {offer.allowance} free bad slices of the period are used"
    text = f"{used}; frame {reported.frame}, {_counted(measured.leaf)}"
    if measured.bad > offer.allowance:
        return no(Reason.IN_BREACH, text)
    return Said(status=True, reason=Reason.WITHIN_ALLOWANCE, message=text)


def _counted(leaf: Leaf) -> str:
    return f"{leaf.through} slices counted, {leaf.breach} in breach"


def _hexed(data: bytes | None) -> str | None:
    return None if data is None else hexed(data)


def _funded_until(lease: Lease) -> str:
    return _moment(begins_at(lease.dry, slice_seconds=lease.slice_seconds))


def _moment(seconds: int) -> str:
    return timestamp(datetime.fromtimestamp(seconds, tz=UTC))
