"""BondActive and SLAHealthy of a deployment, from the leases of its placements."""

from collections.abc import Mapping, Sequence

from modelbond.api.conditions import Condition, ConditionType, find
from modelbond.api.kinds import Json
from modelbond.api.reasons import Reason
from modelbond.reconcile.home_lease_view import NOT_MEASURED, PlacementLease, no
from modelbond.reconcile.home_order import Said
from modelbond.reconcile.home_stranger import reason_of

_TYPES = (ConditionType.BOND_ACTIVE, ConditionType.SLA_HEALTHY)
_NO_CHAIN = no(Reason.NO_CHAIN, "spec.lease is set, and this operator knows no chain")
_WAITING = no(Reason.WAITING_FOR_OFFER, "nothing was agreed with it yet")


def lease_conditions(
    leases: Mapping[str, PlacementLease | None],
    *,
    wanted: bool,
    has_chain: bool,
    before: Sequence[Json],
) -> list[Condition]:
    """Return both conditions; none where no lease is wanted, and there is none.

    `leases` has every live placement by its host, None where nothing is known of one yet: then
    what was told `before` a restart stays.
    """
    if not wanted and not any(leases.values()):
        return []
    if not has_chain:
        return [_condition(about, _NO_CHAIN) for about in _TYPES]
    told = [entry for entry in (find(before, about) for about in _TYPES) if entry is not None]
    if any(lease is None for lease in leases.values()) and len(told) == len(_TYPES):
        return [_again(entry) for entry in told]
    bonds = {host: lease.bond if lease else _WAITING for host, lease in leases.items()}
    slas = {host: lease.sla if lease else NOT_MEASURED for host, lease in leases.items()}
    return [
        _worst(ConditionType.BOND_ACTIVE, bonds, otherwise=_WAITING),
        _worst(ConditionType.SLA_HEALTHY, slas, otherwise=NOT_MEASURED),
    ]


def _worst(about: ConditionType, said: Mapping[str, Said], *, otherwise: Said) -> Condition:
    """Return what weighs most: a no before an unknown before a yes."""
    rank: dict[bool | None, int] = {False: 0, None: 1, True: 2}
    ordered = sorted(said.items(), key=lambda one: (rank[one[1].status], one[0]))
    if not ordered:
        return _condition(about, otherwise)
    word = ordered[0][1]
    alike = [f"{other}: {one.message}" for other, one in ordered if one.status is word.status]
    return Condition(type=about, status=word.status, reason=word.reason, message="; ".join(alike))


def _condition(about: ConditionType, said: Said) -> Condition:
    return Condition(type=about, status=said.status, reason=said.reason, message=said.message)


def _again(entry: Json) -> Condition:
    return Condition(
        type=ConditionType(entry["type"]),
        status={"True": True, "False": False}.get(entry["status"]),
        reason=reason_of(entry["reason"], otherwise=Reason.PROGRESSING),
        message=entry["message"],
    )
