"""What an API server's refusal means, as one of modelbond.errors."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from modelbond.errors import (
    AlreadyExists,
    ApiBroken,
    ApiOverloaded,
    Conflicted,
    Expired,
    FieldNotDeclared,
    Forbidden,
    Invalid,
    ModelbondError,
    TransientError,
    Unauthorized,
)
from modelbond.fetching.backoff import retry_after_seconds

_LONGEST_MESSAGE = 1024
_LONGEST_RETRY_AFTER_SECONDS = 300.0


class NotFound(Invalid):
    """404: the object, its namespace or its kind is not there."""


class _Status(msgspec.Struct):
    """The part of a metav1.Status that is read."""

    reason: str = ""
    message: str = ""
    code: int = 0


_PLAIN: dict[int, type[ModelbondError]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    410: Expired,
}


def error_of(code: int, *, body: bytes, headers: Mapping[str, str], what: str) -> ModelbondError:
    """Return the error for an HTTP answer; `what` names the request for the one who reads it."""
    status = _status(body)
    message = f"{what}: {code} {status.reason}: {status.message or 'no message'}"
    return _classified(
        code,
        reason=status.reason,
        message=message[:_LONGEST_MESSAGE],
        wait=_wish(headers),
    )


def _classified(code: int, *, reason: str, message: str, wait: float | None) -> ModelbondError:
    if code in _PLAIN:
        return _PLAIN[code](message)
    if code == 409:
        return AlreadyExists(message) if reason == "AlreadyExists" else Conflicted(message)
    if code == 429:
        return ApiOverloaded(message, retry_after_seconds=wait)
    if is_undeclared_field(message):
        return FieldNotDeclared(message)
    # No server is broken where every node port is taken, although a 500 says so.
    if code >= 500 and "failed to allocate a nodePort" not in message:
        return _waiting(ApiBroken(message), wait)
    return Invalid(message)


def is_undeclared_field(message: str) -> bool:
    """Tell whether the server's schema lacks a field: it says so in a 500 or in a 400."""
    return "field not declared in schema" in message or "unknown field" in message


def _wish(headers: Mapping[str, str]) -> float | None:
    """Return how long the server wants to be left alone, within reason."""
    seconds = retry_after_seconds(headers.get("Retry-After"), now=datetime.now(UTC))
    return min(seconds, _LONGEST_RETRY_AFTER_SECONDS) if seconds else None


def _waiting(error: TransientError, wait: float | None) -> TransientError:
    error.retry_after_seconds = wait
    return error


def _status(body: bytes) -> _Status:
    try:
        return msgspec.json.decode(body, type=_Status)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Status(message=body[:200].decode(errors="replace"))
