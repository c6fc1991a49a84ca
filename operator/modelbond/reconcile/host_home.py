"""The status of a HomeCluster: the link as it is, and what its copies hold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from modelbond.api.conditions import Condition, ConditionType, Reason, find, merged, timestamp
from modelbond.api.kinds import Json
from modelbond.api.quantities import cpu_quantity, memory_quantity
from modelbond.errors import Forbidden
from modelbond.reconcile.host_ledger import Ledger
from modelbond.reconcile.host_terms import Terms
from modelbond.serving.names import home_namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFacts:
    """What the link knows: the pinned home, our name there, and its conditions."""

    home_uid: str | None
    host_name: str
    conditions: Sequence[Condition]


def home_status(
    terms: Terms, *, link: LinkFacts, ledger: Ledger, before: Json, now: datetime
) -> Json:
    """Return the whole status. `lastContact` moves only when the link begins or ceases to work."""
    used = ledger.used(terms.home)
    conditions = merged(
        before.get("conditions", []), link.conditions, generation=terms.generation, now=now
    )
    status: Json = {
        "namespace": home_namespace(terms.home),
        "used": {
            "cpu": cpu_quantity(used.cpu_milli),
            "memory": memory_quantity(used.memory_bytes),
            "gpus": [{"class": name, "count": count} for name, count in sorted(used.gpus.items())],
        },
        "copies": len(ledger.counted(terms.home)),
        "conditions": conditions,
        "lastContact": _last_contact(conditions, before=before, now=now),
    }
    if link.home_uid:
        status["homeUID"] = link.home_uid
    if link.host_name:
        status["hostName"] = link.host_name
    return status


def own_side_fails(ready: Condition, failure: Exception) -> Condition:
    """Return Ready where this cluster does not let us see our own objects, nodes or pods."""
    if isinstance(failure, Forbidden):
        message = f"orders wait: {failure}; run `modelbond join` here again, it binds the rights"
        return replace(ready, status=False, reason=Reason.RIGHTS_MISSING, message=message)
    message = f"orders wait, tried again soon: this cluster's own API server: {failure}"
    return replace(ready, status=False, reason=Reason.NOT_WATCHING, message=message)


def _last_contact(conditions: list[Json], *, before: Json, now: datetime) -> str:
    connected = ConditionType.CONNECTED
    was = find(before.get("conditions", []), connected) or {}
    is_now = find(conditions, connected) or {}
    known = before.get("lastContact")
    if known and was.get("status") == is_now.get("status"):
        return str(known)
    return timestamp(now)
