"""What binds a host to a copy: the offer that it signed, and the lease that came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from modelbond.api.kinds import Json
from modelbond.errors import Refused
from modelbond.settlement.lease import Lease
from modelbond.settlement.offer import Offer
from modelbond.settlement.slices import begins_at
from modelbond.sla.terms import offer_of
from modelbond.sla.text import bytes_of

SIGNATURE_BYTES = 65


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An offer that this host signed, as its copy keeps it."""

    offer: Offer
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one RPC shows of a lease at its finalized block; `lease` is None while unopened."""

    time: int
    lease: Lease | None


@dataclass(frozen=True, slots=True)
class Offered:
    """Nobody can tell yet that the offer was not taken, or will not be."""


@dataclass(frozen=True, slots=True)
class Lapsed:
    """The offer expired and was never taken: the host is free of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The lease is open."""

    lease: Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The lease is over since `at`; `time` is how far the chain is final, both since 1970."""

    lease: Lease
    at: int
    time: int


Standing = Offered | Lapsed | Running | Ended


@dataclass(frozen=True, slots=True)
class Free:
    """No lease keeps the copy from being changed or removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The copy serves on as it is, whatever its order says."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """The lease is over, and so is the time that the copy was left after it."""

    why: str


Hold = Free | Bound | Over


def given_of(copy: Json) -> Given | None:
    """Return the offer that stands in a copy's status; Refused where it cannot be read."""
    said = copy.get("status", {}).get("offer")
    if said is None:
        return None
    return Given(
        offer=offer_of(said.get("terms"), what="status.offer"),
        signature=bytes_of(
            said.get("signature"), size=SIGNATURE_BYTES, name="status.offer.signature"
        ),
    )


def standing(offer: Offer, sights: Sequence[Sight], *, witnesses: int) -> Standing:
    """Return how things stand for an offer. An end counts once so many RPCs show it.

    What is final never changes back, so sights may be old; without any nothing is known.
    """
    opened = [(sight.time, sight.lease) for sight in sights if sight.lease is not None]
    over = [(time, lease) for time, lease in opened if not lease.runs(time)]
    if len(over) >= witnesses:
        time, last = max(over, key=lambda seen: seen[0])
        at = max(begins_at(lease.end, slice_seconds=lease.slice_seconds) for _, lease in over)
        return Ended(lease=last, at=at, time=time)
    if opened:
        return Running(lease=max(opened, key=lambda seen: seen[0])[1])
    expired = [sight for sight in sights if sight.time > offer.expiry]
    return Lapsed() if len(expired) >= witnesses else Offered()


def hold(stands: Standing | None, *, stop_after_seconds: int | None) -> Hold:
    """Return what keeps a copy. `stop_after_seconds` None is the owner's word to serve on."""
    match stands:
        case None | Lapsed():
            return Free()
        case Offered():
            return Bound(why="this host's offer of a lease can still be taken, or may have been")
        case Running(lease=lease):
            return Bound(why=f"its lease runs on chain, as things stand until {_end(lease)}")
        case Ended(lease=lease, at=at, time=time):
            return _after(at, lease, time=time, seconds=stop_after_seconds)
        case other:
            assert_never(other)


def hold_of(copy: Json, stands: Standing | None, *, stop_after_seconds: int | None) -> Hold:
    """Return the same for a copy; an offer that cannot be read is missing information."""
    try:
        given_of(copy)
    except Refused as refusal:
        return Bound(why=f"an offer was made for it: {refusal}")
    return hold(stands, stop_after_seconds=stop_after_seconds)


def _after(at: int, lease: Lease, *, time: int, seconds: int | None) -> Hold:
    if seconds is None:
        return Free()
    why = f"its lease ended with {_end(lease)}; this host stops it {seconds} s after that"
    return Over(why=why) if time >= at + seconds else Bound(why=why)


def _end(lease: Lease) -> str:
    return f"slice {lease.end}"
