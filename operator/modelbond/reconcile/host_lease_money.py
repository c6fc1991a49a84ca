"""What a host does on chain for a lease of its own: notice, its stream, the release in the end."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from modelbond.api.conditions import Condition, ConditionType, Reason
from modelbond.reconcile.host_lease_offer import Purse
from modelbond.settlement.accounts import STALL_SECONDS, abandoned_at, freed
from modelbond.settlement.lease import Lease
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.money import unpaid
from modelbond.settlement.report import Progress
from modelbond.settlement.units import NO_SLICES, SliceCount, Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A lease as the finalized block shows it. `measured` is what the newest final report says.

    `tower` is how far its tower speaks, None where that is not known. `leaving` is the owner's word
    to end it; `due` is whether it is time to take the stream.
    """

    lease: Lease
    time: int
    measured: Leaf | None = None
    tower: Progress | None = None
    leaving: bool = False
    due: bool = False


@dataclass(frozen=True, slots=True)
class Close:
    """Give notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Take what the leaf shows as earned."""

    leaf: Leaf


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Deal out what is left: the leaf speaks of the whole lease."""

    leaf: Leaf


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Let the lease know the leaf, so that what is paid next goes on from it."""

    leaf: Leaf


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """Let the tower, silent for a day, free the streams until now; it did until that moment."""

    stalled_through: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawStalled:
    """Take what the stall until that moment freed."""

    stalled_through: int


@dataclass(frozen=True, slots=True)
class ReleaseAbandoned:
    """Deal out what is left: the tower will not say how the lease ended."""


Move = Close | Withdraw | Release | Settle | Stall | WithdrawStalled | ReleaseAbandoned


def moves(account: Account) -> Iterator[Move]:
    """Yield what is to be done, in this order."""
    lease = account.lease
    if account.leaving and lease.noticed is None and lease.runs(account.time):
        yield Close()
    if lease.released:
        return
    measured = account.measured
    leaf = measured if measured is not None and measured.follows(lease.measured) else None
    if leaf is not None and not lease.runs(account.time) and leaf.through >= lease.length:
        yield Release(leaf=leaf)
    elif leaf is not None and account.due and unpaid(leaf.earned, freed=NO_SLICES, paid=lease.paid):
        yield Withdraw(leaf=leaf)
    else:
        yield from _without_report(account, leaf or lease.measured)


def _without_report(account: Account, leaf: Leaf) -> Iterator[Move]:
    """Yield what a silent tower leaves to be done; its last leaf goes before what moves money."""
    known = replace(account.lease, measured=leaf)
    move = _freeing(account, known)
    if move is not None:
        ahead = leaf != account.lease.measured and not isinstance(move, Stall)
        yield Settle(leaf=leaf) if ahead else move


def _freeing(account: Account, lease: Lease) -> Move | None:
    """Return what the contract allows because no report comes. Running leases are paid likewise."""
    tower, time = account.tower, account.time
    if tower is None:
        return None
    if time >= abandoned_at(lease, reported_through=tower.reported_through):
        return ReleaseAbandoned()
    if account.due and _freed(lease, tower, horizon=tower.stalled_through):
        return WithdrawStalled(stalled_through=tower.stalled_through)
    is_silent = time >= tower.reported_through + STALL_SECONDS
    if account.due and is_silent and _freed(lease, tower, horizon=time):
        return Stall(stalled_through=tower.stalled_through)
    return None


def _freed(lease: Lease, tower: Progress, *, horizon: int) -> SliceCount:
    """Return the slices that a stall until then leaves to be paid."""
    silent = freed(lease, reported_through=tower.reported_through, horizon=horizon)
    return unpaid(lease.measured.earned, freed=silent, paid=lease.paid)


def bond_condition(purse: Purse | None, *, cover: Wei, trouble: str | None) -> Condition:
    """Return BondActive of a HomeCluster: whether one offer more would be covered."""
    if purse is None:
        return _bond(Reason.CHAIN_UNREACHABLE, f"the bond was not seen yet: {trouble}", holds=None)
    lacking, free = purse.lacks(cover), purse.bond.free
    if not lacking:
        return _bond(Reason.BOND_SUFFICIENT, f"{free} is free, an offer needs {cover}", holds=True)
    if purse.may_grow(lacking):
        message = f"{free} is free; {lacking} more is bonded with the next offer"
        return _bond(Reason.BOND_SUFFICIENT, message, holds=True)
    message = (
        f"{free} is free, {purse.promised} of that promised, and an offer needs {cover}:"
        f" raise chain.bond.target by {purse.bond.total + lacking - purse.target}"
    )
    return _bond(Reason.BOND_TOO_SMALL, message, holds=False)


def _bond(reason: Reason, message: str, *, holds: bool | None) -> Condition:
    return Condition(type=ConditionType.BOND_ACTIVE, status=holds, reason=reason, message=message)
