"""One thing to tell a person of their object."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event on the user's object. `good` is a Normal event, else it is a Warning."""

    good: bool
    reason: str
    message: str
