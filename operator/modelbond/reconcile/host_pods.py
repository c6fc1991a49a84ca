"""What a pod says about itself: how far it came, and why it came no further."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from modelbond.api.conditions import Reason
from modelbond.api.kinds import Json
from modelbond.serving.containers import FETCH
from modelbond.serving.names import REVISION

FAILURE_LIMIT = 1024
_IMAGE_TROUBLE = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
    }
)
_SETUP_TROUBLE = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a step failed. `time` is RFC 3339, or empty when Kubernetes does not say when."""

    location: str
    reason: Reason
    message: str
    retriable: bool
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PodFacts:
    """One pod, read. `verified` is the digest that fetch reported, `fetching` means it runs now."""

    name: str
    address: str
    revision: str
    going: bool
    ready: bool
    unschedulable: str | None
    fetching: bool
    verified: str | None
    failure: Failure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Bytes of the weights that arrived, of all."""

    done_bytes: int
    total_bytes: int


def pod_facts(pod: Json) -> PodFacts:
    """Return the facts of a pod; one that is being deleted fails at nothing."""
    meta, status = pod["metadata"], pod.get("status", {})
    going = "deletionTimestamp" in meta
    fetch = next((each for each in _containers(status) if each["name"] == FETCH), {})
    return PodFacts(
        name=meta["name"],
        address=str(status.get("podIP", "")),
        revision=meta.get("labels", {}).get(REVISION, ""),
        going=going,
        ready=not going and _condition(status, "Ready").get("status") == "True",
        unschedulable=None if going else _unschedulable(status),
        fetching="running" in fetch.get("state", {}),
        verified=_verified(fetch),
        failure=None if going else _failure(status),
    )


def last_failure(pods: Iterable[PodFacts]) -> Failure | None:
    """Return the latest failure among pods."""
    failures = [pod.failure for pod in pods if pod.failure]
    return max(failures, key=lambda failure: failure.time, default=None)


def progress_in(log: str) -> Progress | None:
    """Return the last progress that fetch wrote to its log, or None."""
    for line in reversed(log.splitlines()):
        told = _told(line)
        done, total = told.get("done"), told.get("total")
        if isinstance(done, int) and isinstance(total, int) and 0 <= done <= total:
            return Progress(done_bytes=done, total_bytes=total)
    return None


def _containers(status: Json) -> list[Json]:
    return [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]


def _condition(status: Json, wanted: str) -> Json:
    return next((each for each in status.get("conditions", []) if each["type"] == wanted), {})


def _unschedulable(status: Json) -> str | None:
    scheduled = _condition(status, "PodScheduled")
    if scheduled.get("status") != "False" or scheduled.get("reason") != "Unschedulable":
        return None
    return str(scheduled.get("message", "no node has room"))


def _verified(fetch: Json) -> str | None:
    ended = fetch.get("state", {}).get("terminated", {})
    told = _told(ended.get("message", "")) if ended.get("exitCode") == 0 else {}
    digest = told.get("digest")
    return digest if isinstance(digest, str) else None


def _failure(status: Json) -> Failure | None:
    found = (_container_failure(each) for each in _containers(status))
    return next((failure for failure in found if failure), None)


def _container_failure(container: Json) -> Failure | None:
    state, name = container.get("state", {}), container["name"]
    waiting = state.get("waiting", {})
    trouble = waiting.get("reason", "")
    if trouble in _IMAGE_TROUBLE or trouble in _SETUP_TROUBLE:
        return Failure(
            location=name,
            reason=Reason.IMAGE_PULL_FAILED if trouble in _IMAGE_TROUBLE else Reason.LOAD_FAILED,
            message=f"{trouble}: {waiting.get('message', '')}"[:FAILURE_LIMIT],
            retriable=True,
            time="",
        )
    ended = state.get("terminated") or container.get("lastState", {}).get("terminated") or {}
    if container.get("ready") or not ended or ended.get("exitCode") == 0:
        return None
    told = _told(ended.get("message", "")) if name == FETCH else {}
    return Failure(
        location=name,
        reason=_reason(name, told=told, looping=trouble == "CrashLoopBackOff"),
        message=str(told["message"])[:FAILURE_LIMIT] if "message" in told else _ending(ended),
        retriable=bool(told.get("retriable", True)),
        # Null where the kubelet lost sight of the container, as after a node's restart.
        time=str(ended.get("finishedAt") or ""),
    )


def _ending(ended: Json) -> str:
    """Return how the container ended and the last that it said."""
    cause = f"{ended.get('reason', 'Error')}, exit code {ended.get('exitCode')}: "
    said = str(ended.get("message", ""))
    return (cause + said[-(FAILURE_LIMIT - len(cause)) :])[:FAILURE_LIMIT]


def _reason(name: str, *, told: Json, looping: bool) -> Reason:
    if name == FETCH:
        return _fetch_reason(told)
    return Reason.CRASH_LOOPING if looping else Reason.LOAD_FAILED


def _fetch_reason(told: Json) -> Reason:
    wanted = told.get("reason")
    return next((reason for reason in Reason if reason.value == wanted), Reason.FETCH_FAILED)


def _told(message: str) -> Json:
    try:
        told = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
