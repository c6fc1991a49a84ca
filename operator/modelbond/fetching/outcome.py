"""What `modelbond fetch` tells the kubelet at its end, and so the operator: classes, not bodies."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from modelbond.api.conditions import Reason

EXIT_FETCHED = 0
EXIT_TRANSIENT = 1
EXIT_REFUSED = 2
# The kubelet cuts a termination message at 4096 bytes; what is cut there is no JSON any more.
MESSAGE_LIMIT_BYTES = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailure:
    """Why one source did not serve. `message` is a class of failure, never a server's words."""

    source: str
    reason: Reason
    message: str
    retriable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The model is in place and its bytes are those of the digest."""

    digest: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFetched:
    """The model is not in place; `retriable` tells whether a new start may help."""

    reason: Reason
    message: str
    retriable: bool


Outcome = Fetched | NotFetched


def verdict(failures: Sequence[SourceFailure]) -> NotFetched:
    """Return what all sources' failures come to: one that may pass keeps hope for the whole."""
    hopeful = [failure for failure in failures if failure.retriable]
    decisive = hopeful or list(failures)
    reasons = {failure.reason for failure in decisive}
    reason = reasons.pop() if len(reasons) == 1 else Reason.FETCH_FAILED
    told = "; ".join(f"{failure.source}: {failure.message}" for failure in failures)
    return NotFetched(reason=reason, message=told, retriable=bool(hopeful))


def termination_message(outcome: Outcome) -> str:
    """Return the JSON for the container's termination message."""
    match outcome:
        case Fetched(digest=digest, size_bytes=size):
            return json.dumps({"digest": digest, "bytes": size})
        case NotFetched(reason=reason, message=message, retriable=retriable):
            told = {"reason": reason, "message": _bounded(message), "retriable": retriable}
            return json.dumps(told, ensure_ascii=False)
        case _:
            assert_never(outcome)


def exit_code(outcome: Outcome) -> int:
    """Return the process's exit code: 0 fetched, 1 may pass, 2 refused."""
    match outcome:
        case Fetched():
            return EXIT_FETCHED
        case NotFetched(retriable=retriable):
            return EXIT_TRANSIENT if retriable else EXIT_REFUSED
        case _:
            assert_never(outcome)


def _bounded(message: str) -> str:
    encoded = message.encode()
    if len(encoded) <= MESSAGE_LIMIT_BYTES:
        return message
    return encoded[:MESSAGE_LIMIT_BYTES].decode(errors="ignore") + "…"
