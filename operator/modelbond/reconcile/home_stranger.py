"""What hosts write is a stranger's word: it is cut, cleaned and mapped before it is shown."""

from modelbond.api.reasons import Reason

TEXT_LIMIT = 512
FAILURE_LIMIT = 1024
_OURS = (Reason.ORDER_REFUSED, Reason.ROUTE_REFUSED)
_KNOWN = {reason.value: reason for reason in Reason if reason not in _OURS}


def shown(text: str, *, limit: int = TEXT_LIMIT) -> str:
    """Return text without control characters, and no longer than the limit."""
    clean = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    return clean if len(clean) <= limit else f"{clean[: limit - 3]}..."


def last_words(text: str) -> str:
    """Return the end of a container's output, cleaned: its last words tell why it died."""
    clean = "".join(char if char.isprintable() or char == "\n" else " " for char in text)
    return clean[-FAILURE_LIMIT:]


def reason_of(word: str, *, otherwise: Reason) -> Reason:
    """Return the host's reason where this version knows the word, else the one given.

    What only a home can say of itself is no host's word.
    """
    return _KNOWN.get(word, otherwise)
