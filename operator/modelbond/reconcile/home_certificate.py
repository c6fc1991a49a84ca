"""A placement's certificate: for how long it holds and when it is time for the next."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from modelbond.api.kinds import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate in PEM, and after how many seconds it is to be renewed."""

    pem: str
    renew_in_seconds: float


def seconds_to_renewal(*, begins: datetime, ends: datetime, now: datetime) -> float:
    """Return how long until half of the certificate's life is over; at most 0 when it is."""
    half = begins + (ends - begins) / 2
    return (half - now).total_seconds()


def encoded(texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts as the `data` of a Secret."""
    return {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}


def secret_text(secret: Json | None, name: str) -> str | None:
    """Return one decoded value of a Secret; None where there is none that is text."""
    value = ((secret or {}).get("data") or {}).get(name)
    try:
        return base64.b64decode(value, validate=True).decode() if value else None
    except ValueError:
        return None
