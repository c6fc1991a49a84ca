"""Conditions: what is true of an object, why, and since when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from modelbond.api.kinds import Json
from modelbond.api.reasons import Reason

__all__ = ["Condition", "ConditionType", "Reason", "find", "merged", "timestamp"]

MESSAGE_LIMIT = 4096


class ConditionType(StrEnum):
    """What a condition is about. Every one is positive: True is good."""

    # Of everything
    READY = "Ready"
    # Of deployments and placements, in the order a person debugs
    ACCEPTED = "Accepted"
    SCHEDULED = "Scheduled"
    MODEL_VERIFIED = "ModelVerified"
    MODEL_LOADED = "ModelLoaded"
    ENDPOINT_READY = "EndpointReady"
    BOND_ACTIVE = "BondActive"
    SLA_HEALTHY = "SLAHealthy"
    LINKED = "Linked"
    # Of HostClusters
    REACHABLE = "Reachable"
    REPORT_VALID = "ReportValid"
    # Of HomeClusters
    JOIN_VALID = "JoinValid"
    CONNECTED = "Connected"
    # Of both
    IDENTITY_PINNED = "IdentityPinned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A wanted condition. `status` None is Unknown."""

    type: ConditionType
    status: bool | None
    reason: Reason
    message: str


def merged(
    existing: Sequence[Json], wanted: Sequence[Condition], *, generation: int, now: datetime
) -> list[Json]:
    """Return the wanted conditions as the API server stores them, in the wanted order.

    `lastTransitionTime` moves only when a status flips, so equal facts give equal JSON whatever
    the clock says. What is not wanted any more is dropped.
    """
    known = {str(entry["type"]): entry for entry in existing}
    return [
        _entry(known.get(condition.type), condition, generation=generation, now=now)
        for condition in wanted
    ]


def find(conditions: Sequence[Json], wanted: ConditionType) -> Json | None:
    """Return the condition of that type, or None."""
    return next((entry for entry in conditions if entry.get("type") == wanted), None)


def _entry(before: Json | None, wanted: Condition, *, generation: int, now: datetime) -> Json:
    status = "Unknown" if wanted.status is None else str(wanted.status)
    since = timestamp(now)
    if before is not None and before["status"] == status:
        since = str(before["lastTransitionTime"])
    return {
        "type": wanted.type.value,
        "status": status,
        "reason": wanted.reason.value,
        "message": wanted.message[:MESSAGE_LIMIT],
        "observedGeneration": generation,
        "lastTransitionTime": since,
    }


def timestamp(moment: datetime) -> str:
    """Return a moment as Kubernetes writes it: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
