"""Frames for tests: a lease of minutes, an hour, three watchers of weight one."""

from collections.abc import Mapping, Sequence
from typing import Any

from fakes.offers import account, leaf, offer
from modelbond.settlement.encoding import keccak
from modelbond.settlement.units import Address, FrameIndex, LeaseId, SliceCount, SliceIndex
from modelbond.sla.evidence import NO_REPORT, Block, Facts, Inputs, Measured, Previous, Result
from modelbond.sla.quorum import Signer
from modelbond.sla.rules import RULES
from modelbond.sla.vector import SignedVector, Vector

HOUR = 3600
SLICES = 60
FRAME = FrameIndex(500_000)
FIRST = SliceIndex(FRAME * SLICES)
"""The first slice of the frame."""

LEASE = LeaseId(keccak(b"lease"))
BOND, TOWER = account("bond"), account("tower")
WATCHERS = tuple(account(f"watcher {n}") for n in range(3))


def facts(**changes: Any) -> Facts:
    """Return a lease that begins with the frame, without grace; terms by their names."""
    names = ("first", "end", "settled", "announced")
    own = {name: changes.pop(name) for name in names if name in changes}
    terms = offer(**{"grace": SliceCount(0), "rules": RULES, **changes})
    first = own.get("first", FIRST)
    return Facts(
        offer=terms,
        first=first,
        end=own.get("end", SliceIndex(first + 10_000)),
        settled=own.get("settled", leaf(0)),
        announced=own.get("announced", ()),
    )


def vector(watcher: Address, leases: Mapping[LeaseId, str], *, frame: int = FRAME) -> SignedVector:
    """Return what that watcher saw. Its signature is nobody's: the tally takes it as checked."""
    seen = Vector(
        chain_id=31337, tower=TOWER, frame=FrameIndex(frame), watcher=watcher, leases=leases
    )
    return SignedVector(watcher=watcher, text=seen.text, salt=bytes(32), signature=bytes(65))


def inputs(
    seen: Sequence[str | Mapping[LeaseId, str]] = (),
    *,
    lease: Facts | None = None,
    leases: Mapping[LeaseId, Facts] | None = None,
    previous: Previous = NO_REPORT,
    frame: int = FRAME,
) -> Inputs:
    """Return the inputs of a frame: for each watcher its letters of the one lease, or of all."""
    by_lease = [{LEASE: one} if isinstance(one, str) else one for one in seen]
    return Inputs(
        rules=RULES,
        chain_id=31337,
        tower=TOWER,
        bond=BOND,
        frame=FrameIndex(frame),
        frame_seconds=HOUR,
        block=Block(number=7, time=(frame + 1) * HOUR - 1, hash=keccak(b"block")),
        previous=previous,
        table=tuple(Signer(signer=one, weight=1) for one in WATCHERS),
        leases=leases if leases is not None else {LEASE: lease or facts()},
        vectors=tuple(
            vector(watcher, one, frame=frame)
            for watcher, one in zip(WATCHERS, by_lease, strict=False)
        ),
    )


def carried(measured: Measured) -> Previous:
    """Return the report before, which said that of the one lease."""
    return Previous(
        root=keccak(b"root"),
        data_hash=keccak(b"data"),
        result=Result(leases={LEASE: measured}),
    )
