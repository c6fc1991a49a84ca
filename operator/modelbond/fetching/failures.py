"""How a source of weights can fail, each with the reason that a condition will carry."""

from modelbond.api.conditions import Reason
from modelbond.errors import SourceFailed, TransientError


class SourceTrouble(SourceFailed):
    """The server or the way to it failed. `retriable` tells whether the same request may help."""

    reason = Reason.FETCH_FAILED


class NotAllowed(SourceTrouble):
    """The host's policy does not open this URL, or an address or a redirect behind it."""

    reason = Reason.SOURCE_NOT_ALLOWED

    def __init__(self, message: str) -> None:
        super().__init__(message, retriable=False)


class WrongBytes(SourceTrouble):
    """The source serves other bytes than the digest names: it is stale or tampered with."""

    reason = Reason.DIGEST_MISMATCH

    def __init__(self, message: str) -> None:
        super().__init__(message, retriable=False)


class WrongSize(SourceTrouble):
    """The files are not as many bytes as the order says: the order or the source is wrong."""

    reason = Reason.SIZE_MISMATCH

    def __init__(self, message: str) -> None:
        super().__init__(message, retriable=False)


class StorageError(TransientError):
    """The volume did not take the bytes: it is full, or broken."""
