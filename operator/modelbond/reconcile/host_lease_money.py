"""What a host does on chain for a lease of its own: notice, its stream, the release in the end."""

from collections.abc import Iterator
from dataclasses import dataclass

from modelbond.api.conditions import Condition, ConditionType, Reason
from modelbond.reconcile.host_lease_offer import Purse
from modelbond.settlement.lease import Lease
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.money import unpaid
from modelbond.settlement.units import NO_SLICES, Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A lease as the finalized block shows it. `measured` is what the newest final report says.

    `leaving` is the owner's word to end it; `due` is whether it is time to take the stream.
    """

    lease: Lease
    time: int
    measured: Leaf | None = None
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


def moves(account: Account) -> Iterator[Close | Withdraw | Release]:
    """Yield what is to be done, in this order."""
    lease, leaf = account.lease, account.measured
    if account.leaving and lease.noticed is None and lease.runs(account.time):
        yield Close()
    if leaf is None or lease.released or not leaf.follows(lease.measured):
        return
    if not lease.runs(account.time) and leaf.through >= lease.length:
        yield Release(leaf=leaf)
    elif account.due and unpaid(leaf.earned, freed=NO_SLICES, paid=lease.paid):
        yield Withdraw(leaf=leaf)


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
