"""Maintenance that a host's owner asks for: one annotation on the copy, in words of time."""

from dataclasses import dataclass
from datetime import UTC, datetime

from modelbond.api.conditions import timestamp
from modelbond.api.kinds import Json
from modelbond.errors import Refused
from modelbond.reconcile.host_terms import seconds_of
from modelbond.settlement.offer import Offer
from modelbond.settlement.slices import at_rounded_down, at_rounded_up
from modelbond.settlement.units import SliceCount, SliceIndex

MAINTENANCE = "modelbond.io/maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From a moment, since 1970, for so many seconds."""

    start: int
    seconds: int

    def slices(self, *, slice_seconds: int) -> tuple[SliceIndex, SliceCount]:
        """Return the first slice that it touches, and how many it does."""
        first = at_rounded_down(self.start, slice_seconds=slice_seconds)
        end = at_rounded_up(self.start + self.seconds, slice_seconds=slice_seconds)
        return first, SliceCount(end - first)


def objection(window: Window, *, offer: Offer, now: int) -> str | None:
    """Return why the contract would refuse it, as far as the offer alone tells; None else."""
    start, slices = window.slices(slice_seconds=offer.slice_seconds)
    earliest = at_rounded_down(now, slice_seconds=offer.slice_seconds) + 1
    earliest += offer.maintenance_notice
    if start < earliest:
        moment = datetime.fromtimestamp(earliest * offer.slice_seconds, tz=UTC)
        return f"it begins too soon: the lease promises notice, so not before {timestamp(moment)}"
    if slices > offer.maintenance_budget:
        most = offer.maintenance_budget * offer.slice_seconds
        return f"it is too long: the lease allows {most} s of maintenance in a period"
    return None


def asked_for(copy: Json) -> str | None:
    """Return the text of a copy's annotation, or None."""
    text = (copy["metadata"].get("annotations") or {}).get(MAINTENANCE)
    return None if text is None else str(text)


def window_text(*, start: str, duration: str) -> str:
    """Return the annotation for these words; Refused says which is not as it must be."""
    text = f"{start}/{duration}"
    window_of(text)
    return text


def window_of(text: str) -> Window:
    """Read `2026-01-01T22:00:00Z/30m`; Refused says what is not as it must be."""
    start, _, duration = text.rpartition("/")
    seconds = seconds_of(duration)
    if not seconds:
        raise Refused(f"maintenance: {duration!r} is no time such as 30m, in s, m or h")
    try:
        moment = datetime.fromisoformat(start)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refused(f"maintenance: {start!r} is no moment such as 2026-01-01T22:00:00Z")
    return Window(start=int(moment.timestamp()), seconds=seconds)
