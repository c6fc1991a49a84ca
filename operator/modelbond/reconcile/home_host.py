"""What a HostCluster's status says: the host's checked report and whether it is heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from modelbond.api.conditions import Condition, ConditionType, find, merged, timestamp
from modelbond.api.kinds import Json
from modelbond.api.quantities import cpu_quantity, memory_quantity
from modelbond.api.reasons import Reason
from modelbond.api.report import HostReport, decode_report
from modelbond.api.v1alpha1 import FreeClass, HostClusterStatus
from modelbond.api.wire import read, written
from modelbond.errors import Refused
from modelbond.placement.host import Heard
from modelbond.reconcile.home_stranger import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the home makes of a host's report. `report` is set only when it counts."""

    report: HostReport | None
    identity_changed: bool
    problem: str


def judge(text: str | None, *, pinned: str | None) -> Judged:
    """Check a report: its shape and bounds, and that the cluster is the one first seen."""
    if not text:
        return Judged(report=None, identity_changed=False, problem="")
    try:
        report = decode_report(text)
    except (Refused, RecursionError, UnicodeError) as refusal:
        return Judged(report=None, identity_changed=False, problem=shown(str(refusal)))
    if pinned and report.cluster_uid != pinned:
        other = shown(report.cluster_uid, limit=64)
        return Judged(report=None, identity_changed=True, problem=f"it is cluster {other}")
    return Judged(report=report, identity_changed=False, problem="")


def remembered(status: Json) -> HostReport | None:
    """Return what a HostCluster's status still tells of the last report; nothing of it is free.

    After a start it keeps placed hosts in their groups until the host reports again.
    """
    try:
        known = read(HostClusterStatus, status)
    except Refused:
        return None
    if not (known.cluster_uid and known.version and known.state):
        return None
    return HostReport(
        version=known.version,
        cluster_uid=known.cluster_uid,
        owner=known.owner or "",
        region=known.region or "",
        zone=known.zone or "",
        provider=known.provider or "",
        state=known.state,
        policy_revision=known.policy_revision or "",
        cpu_free_milli=0,
        memory_free_bytes=0,
        runtimes=tuple(known.runtimes),
        formats=tuple(known.formats),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """One HostCluster as the home sees it now. `status` is what was last written."""

    name: str
    accepted: bool
    generation: int
    status: Json
    heard: Heard
    last_heard: datetime | None
    judged: Judged
    orders: int
    silence_seconds: float


def host_status(facts: HostFacts, *, now: datetime) -> Json:
    """Return the whole status. Live values stay in the Lease: `lastHeard` moves on a flip."""
    before = facts.status.get("conditions") or []
    after = merged(before, host_conditions(facts), generation=facts.generation, now=now)
    report = facts.judged.report
    status = written(_reported(report)) if report is not None else _kept(facts.status)
    status |= {"conditions": after, "orders": facts.orders}
    heard = facts.status.get("lastHeard")
    if facts.last_heard is not None and (heard is None or _flipped(before, after)):
        heard = timestamp(facts.last_heard)
    if heard is not None:
        status["lastHeard"] = heard
    return status


def _flipped(before: Sequence[Json], after: Sequence[Json]) -> bool:
    was, now = find(before, ConditionType.REACHABLE), find(after, ConditionType.REACHABLE)
    return (was or {}).get("status") != (now or {}).get("status")


def _reported(report: HostReport) -> HostClusterStatus:
    return HostClusterStatus(
        cluster_uid=report.cluster_uid,
        version=shown(report.version, limit=64),
        owner=shown(report.owner),
        region=shown(report.region),
        zone=shown(report.zone),
        provider=shown(report.provider),
        state=report.state,
        policy_revision=shown(report.policy_revision),
        runtimes=_shown_once(report.runtimes),
        formats=_shown_once(report.formats),
        cpu_free=cpu_quantity(report.cpu_free_milli),
        memory_free=memory_quantity(report.memory_free_bytes),
        classes=[
            FreeClass(
                class_=each.gpu_class,
                free=each.free,
                largest_on_one_node=each.largest_on_one_node,
            )
            for each in report.classes
        ],
    )


def _shown_once(words: Sequence[str]) -> list[str]:
    """Return the words cleaned; they are a set, which the API server refuses with one twice."""
    return [*dict.fromkeys(shown(word) for word in words)]


def _kept(status: Json) -> Json:
    computed = ("conditions", "orders", "lastHeard")
    return {name: value for name, value in status.items() if name not in computed}


def host_conditions(facts: HostFacts) -> list[Condition]:
    """Return Ready and the conditions it is made of."""
    parts = [_accepted(facts), _reachable(facts), _report(facts), _identity(facts)]
    wrong = next((each for each in parts if each.status is not True), None)
    ready = Condition(
        type=ConditionType.READY,
        status=wrong.status if wrong else True,
        reason=wrong.reason if wrong else Reason.READY,
        message=wrong.message if wrong else "it may get orders",
    )
    return [ready, *parts]


def _accepted(facts: HostFacts) -> Condition:
    about = ConditionType.ACCEPTED
    if facts.accepted:
        return _condition(about, Reason.ACCEPTED, "spec.accepted is true", status=True)
    text = "spec.accepted is false: it gets no new orders and keeps those that it has"
    return _condition(about, Reason.NOT_ACCEPTED, text, status=False)


_REACHABLE: Mapping[Heard, tuple[bool | None, Reason, str]] = {
    Heard.HEARD: (True, Reason.HEARD, "it renews its Lease"),
    Heard.NEVER: (
        False,
        Reason.NEVER_HEARD,
        "it has never renewed its Lease: apply the invitation with `modelbond join` there",
    ),
    Heard.WAITING: (None, Reason.NEVER_HEARD, "not heard yet since this operator started"),
}


def _reachable(facts: HostFacts) -> Condition:
    about = ConditionType.REACHABLE
    if facts.heard is Heard.SILENT:
        text = (
            f"it has not renewed its Lease for {facts.silence_seconds:g} s; what runs there "
            "is left alone, nothing new is placed there"
        )
        return _condition(about, Reason.SILENT, text, status=False)
    before = find(facts.status.get("conditions") or [], about)
    if facts.heard is Heard.WAITING and before is not None and before.get("status") == "True":
        return _condition(about, Reason.HEARD, _REACHABLE[Heard.HEARD][2], status=True)
    status, reason, message = _REACHABLE[facts.heard]
    return _condition(about, reason, message, status=status)


def _report(facts: HostFacts) -> Condition:
    about = ConditionType.REPORT_VALID
    judged = facts.judged
    if judged.report is not None:
        return _condition(about, Reason.REPORT_VALID, "the report was read", status=True)
    if judged.identity_changed:
        return _condition(about, Reason.REPORT_INVALID, "a stranger's, ignored", status=False)
    if judged.problem:
        text = f"{judged.problem}; the last good one is shown"
        return _condition(about, Reason.REPORT_INVALID, text, status=False)
    return _condition(about, Reason.NEVER_HEARD, "it has sent no report yet", status=None)


def _identity(facts: HostFacts) -> Condition:
    about = ConditionType.IDENTITY_PINNED
    if facts.judged.identity_changed:
        pinned = facts.status.get("clusterUID")
        text = (
            f"{facts.judged.problem}, not {pinned}: a stranger, so nothing is changed there; "
            "if it is meant, delete this HostCluster and invite anew"
        )
        return _condition(about, Reason.IDENTITY_CHANGED, text, status=False)
    if facts.judged.report or facts.status.get("clusterUID"):
        text = "the cluster that first reported"
        return _condition(about, Reason.IDENTITY_PINNED, text, status=True)
    return _condition(about, Reason.NEVER_HEARD, "it has sent no report yet", status=None)


def _condition(
    about: ConditionType, reason: Reason, message: str, *, status: bool | None
) -> Condition:
    return Condition(type=about, status=status, reason=reason, message=message)
