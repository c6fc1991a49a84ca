"""The status that the host writes on its copy and on the home's order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from modelbond.api.conditions import Condition, ConditionType, Reason, merged, timestamp
from modelbond.api.kinds import Json
from modelbond.reconcile.host_conditions import running_conditions
from modelbond.reconcile.host_lease_said import LeaseSaid
from modelbond.reconcile.host_pods import Failure, Progress, last_failure
from modelbond.reconcile.host_seen import Seen

PROGRESS_STEP_PERCENT = 5
PROGRESS_PERIOD_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is to be said of a copy or an order, before it is merged with what was said."""

    conditions: Sequence[Condition]
    released: bool = False
    replicas: int = 0
    ready_replicas: int = 0
    revision: str = ""
    progress: Progress | None = None
    endpoints: tuple[tuple[str, int], ...] = ()
    signing_request: str = ""
    failure: Failure | None = None
    offer: Json | None = None
    endpoint_record: Json | None = None

    def with_condition(self, condition: Condition) -> Self:
        """Return the same with one condition more."""
        return replace(self, conditions=[*self.conditions, condition])

    def holds(self, of: ConditionType) -> bool:
        """Tell whether a condition is said to be true."""
        return any(each.type is of and each.status is True for each in self.conditions)


def running(seen: Seen) -> Said:
    """Return what is to be said of an accepted copy."""
    current = seen.current_pods
    return Said(
        conditions=running_conditions(seen),
        replicas=sum(1 for pod in seen.children.pods if not pod.going),
        ready_replicas=sum(1 for pod in current if pod.ready),
        revision=seen.revision,
        progress=seen.progress,
        endpoints=seen.endpoints,
        signing_request=seen.identity.signing_request,
        failure=last_failure(seen.children.pods),
    )


def refused(reason: Reason, message: str, *, released: bool) -> Said:
    """Return what is to be said of an order that is not, or no longer, taken."""
    return Said(
        conditions=[
            _not(ConditionType.READY, reason, message),
            _not(ConditionType.ACCEPTED, reason, message),
        ],
        released=released,
    )


def withdrawn(*, released: bool) -> Said:
    """Return what is to be said of an order that the home withdrew."""
    message = "nothing of it is left here" if released else "its pods are being stopped"
    return Said(
        conditions=[_not(ConditionType.READY, Reason.WITHDRAWING, message)], released=released
    )


def with_lease(said: Said, lease: LeaseSaid) -> Said:
    """Return the same with what is said of its lease."""
    said = replace(said, offer=lease.offer, endpoint_record=lease.record)
    return said.with_condition(lease.condition) if lease.condition else said


def still_here(said: Said, why: str) -> Said:
    """Return the same of a copy whose order is withdrawn, while a lease still holds it here."""
    ready = _not(ConditionType.READY, Reason.WITHDRAWING, f"the order is withdrawn; {why}")
    kept = [each for each in said.conditions if each.type is not ConditionType.READY]
    return replace(said, conditions=[ready, *kept])


def unchanged(said: Said, *, reason: Reason, message: str) -> Said:
    """Return the same, but with a declined change: what ran before runs on."""
    declined = _not(ConditionType.ACCEPTED, reason, message)
    conditions = [
        declined if each.type == ConditionType.ACCEPTED else each for each in said.conditions
    ]
    return replace(said, conditions=conditions)


def status_body(said: Said, *, before: Json, generation: int, now: datetime) -> Json:
    """Return the status to write over `before`. Equal facts give equal JSON."""
    body: Json = {
        "observedGeneration": generation,
        "conditions": merged(
            before.get("conditions", []), said.conditions, generation=generation, now=now
        ),
        "released": said.released,
        "replicas": said.replicas,
        "readyReplicas": said.ready_replicas,
    }
    if said.revision:
        body["revision"] = said.revision
    if said.progress:
        done, total = said.progress.done_bytes, said.progress.total_bytes
        body["progress"] = {"doneBytes": done, "totalBytes": total}
    if said.endpoints:
        body["endpoints"] = [{"address": host, "port": port} for host, port in said.endpoints]
    if said.signing_request:
        body["signingRequest"] = said.signing_request
    if said.offer:
        body["offer"] = said.offer
    if said.endpoint_record:
        body["endpointRecord"] = said.endpoint_record
    failure = _failure(said.failure, before=before.get("lastFailure"), now=now)
    if failure:
        body["lastFailure"] = failure
    return body


def progress_to_tell(
    told: Progress | None, now_at: Progress, *, seconds_since: float
) -> Progress | None:
    """Return what to publish: steps of 5 %, at most every 10 s, and the end at once."""
    if told is None or told.total_bytes != now_at.total_bytes:
        return now_at
    if now_at.done_bytes == now_at.total_bytes:
        return now_at
    moved = (now_at.done_bytes - told.done_bytes) * 100 >= PROGRESS_STEP_PERCENT * told.total_bytes
    return now_at if moved and seconds_since >= PROGRESS_PERIOD_SECONDS else told


def _not(of: ConditionType, reason: Reason, message: str) -> Condition:
    return Condition(type=of, status=False, reason=reason, message=message)


def _failure(failure: Failure | None, *, before: Json | None, now: datetime) -> Json | None:
    if failure is None:
        return before
    told = {
        "location": failure.location,
        "reason": failure.reason.value,
        "message": failure.message,
        "retriable": failure.retriable,
    }
    if before and all(before.get(name) == value for name, value in told.items()):
        return before
    return {**told, "time": failure.time or timestamp(now)}
