"""Why a deployment runs where it does, in words: conditions, hosts, placements, the next step."""

from collections.abc import Iterable, Sequence

from modelbond.api.conditions import ConditionType, find
from modelbond.api.kinds import Json
from modelbond.api.reasons import Reason
from modelbond.placement.decide import Decision
from modelbond.placement.explain import table

DEBUG_ORDER = (
    ConditionType.ACCEPTED,
    ConditionType.SCHEDULED,
    ConditionType.MODEL_VERIFIED,
    ConditionType.MODEL_LOADED,
    ConditionType.ENDPOINT_READY,
    ConditionType.READY,
)
_REASONS = {reason.value: reason for reason in Reason}


def explanation(deployment: Json, *, hosts: str) -> str:
    """Return the whole text; `hosts` is the table of hosts, or why there is none."""
    status = deployment.get("status") or {}
    parts = [
        _heading(deployment),
        _titled("Conditions, in the order to debug by", _conditions(status)),
        _titled("Hosts", hosts),
        _titled("Placements", _placements(status.get("placements") or [])),
        _titled("Endpoints", _endpoints(status)),
        _titled("Last failure", _failure(status.get("lastFailure"))),
        _titled("Next", _next_step(status)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def decision_table(decision: Decision) -> str:
    """Return a line for each host: its answer and the numbers behind it."""
    if not decision.verdicts:
        return "none: `modelbond invite NAME` lets the first one in"
    return table(decision)


def columns(rows: Iterable[Sequence[object]]) -> str:
    """Return rows of texts with their columns aligned."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in texts
    )
    return "\n".join(line.rstrip() for line in lines)


def _heading(deployment: Json) -> str:
    meta, spec = deployment["metadata"], deployment["spec"]
    model, replicas = spec["model"], spec.get("replicas", 1)
    count = (spec.get("placement") or {}).get("count", 1)
    lines = [
        f"ModelDeployment {meta['namespace']}/{meta['name']}",
        f"  model {model['name']} ({model.get('format', 'onnx')}, {model['digest']})",
        f"  wanted on hosts: {count}, replicas on each: {replicas}, runtime: {spec['runtime']}",
    ]
    if "deletionTimestamp" in meta:
        lines.append(f"  is being deleted since {meta['deletionTimestamp']}")
    return "\n".join(lines)


def _titled(title: str, text: str) -> str:
    indented = "\n".join(f"  {line}" for line in text.splitlines())
    return f"{title}\n{indented}" if text else ""


def _conditions(status: Json) -> str:
    found = [find(status.get("conditions") or [], wanted) for wanted in DEBUG_ORDER]
    rows = [
        (entry["type"], entry["status"], entry["reason"], entry.get("message", ""))
        for entry in found
        if entry is not None
    ]
    return columns(rows) if rows else "none yet: is the home's operator running?"


def _placements(placements: Sequence[Json]) -> str:
    if not placements:
        return ""
    rows = [("SLOT", "HOST", "HEALTH", "READY", "REASON", "MESSAGE")]
    rows += [
        (
            each["slot"],
            each.get("host", ""),
            each.get("health", ""),
            f"{each.get('readyReplicas', 0)}/{each.get('replicas', 0)}",
            each.get("reason", ""),
            each.get("message", ""),
        )
        for each in placements
    ]
    return columns(rows)


def _endpoints(status: Json) -> str:
    return "\n".join(
        f"{each.get('host', '')}: {each['address']}:{each['port']}"
        for each in status.get("endpoints") or []
    )


def _failure(failure: Json | None) -> str:
    if not failure:
        return ""
    again = "may pass by itself" if failure.get("retriable") else "does not pass by itself"
    return (
        f"{failure.get('reason', '')} at host {failure.get('host', '')}, "
        f"{failure.get('location', '')}, {failure.get('time', '')}; {again}\n"
        f"{failure.get('message', '')}"
    )


def _next_step(status: Json) -> str:
    """Return the remedy for the first condition that does not hold."""
    for wanted in DEBUG_ORDER:
        entry = find(status.get("conditions") or [], wanted)
        if entry is not None and entry["status"] != "True":
            return _remedy(entry)
    return ""


def _remedy(entry: Json) -> str:
    reason = _REASONS.get(entry["reason"])
    if reason is None:
        return ""
    return f"{entry['type']} is {entry['status']}. {reason.meaning} {reason.remedy}".rstrip()
