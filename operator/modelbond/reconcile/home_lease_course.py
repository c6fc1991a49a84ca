"""What is to be done for a lease that is on chain, now: a decision from its final state."""

from collections.abc import Iterator
from dataclasses import dataclass

from modelbond.settlement.accounts import abandoned_at
from modelbond.settlement.lease import Lease
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.money import credit
from modelbond.settlement.offer import Offer
from modelbond.settlement.slices import until
from modelbond.settlement.units import NO_WEI, SliceCount, Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A lease as the finalized block shows it, and what is wanted of it.

    `measured` is what the newest final report says, None where none does. `prepay` is None where
    nobody is known to pay on, and only `unwanted` is the word to end it. `reported_through` is
    None while it does not matter. `asked` is the customer's own mark that asks to claim.
    """

    offer: Offer
    lease: Lease
    now: int
    measured: Leaf | None = None
    unwanted: bool = False
    prepay: SliceCount | None = None
    reported_through: int | None = None
    claimable: Wei = NO_WEI
    asked: str = ""


@dataclass(frozen=True, slots=True)
class Close:
    """Give notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """Pay for more slices. `once` tells this payment from the next."""

    slices: SliceCount
    once: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Let a final leaf credit what it can."""

    leaf: Leaf


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Deal all of its money out. The chain may have the last leaf: then it needs no proof."""

    leaf: Leaf
    proven: bool


@dataclass(frozen=True, slots=True)
class Abandon:
    """Deal it out without the last leaf: the tower fell silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Take what was credited and refunded."""

    once: str


Step = Close | TopUp | Settle | Release | Abandon | Claim


def steps(course: Course) -> tuple[Step, ...]:
    """Return all that is to be done; each stands for itself, and none waits for another."""
    return (*_in_time(course), *_by_leaf(course), *_claim(course))


def wants_report(lease: Lease, *, now: int) -> bool:
    """Tell whether it matters through when the tower speaks: only its end may need that."""
    return not lease.released and not lease.runs(now)


def _in_time(course: Course) -> Iterator[Step]:
    lease = course.lease
    if lease.noticed is not None or lease.released or not lease.runs(course.now):
        return
    if course.unwanted:
        yield Close()
    elif course.prepay and 2 * until(lease.now(course.now), lease.dry) < course.prepay:
        yield TopUp(slices=course.prepay, once=str(lease.funded))


def _by_leaf(course: Course) -> Iterator[Step]:
    lease, measured = course.lease, course.measured
    if lease.released:
        return
    ended = not lease.runs(course.now)
    if ended and lease.measured.through >= lease.length:
        yield Release(leaf=lease.measured, proven=False)
    elif measured is not None and measured.follows(lease.measured):
        if ended and measured.through >= lease.length:
            yield Release(leaf=measured, proven=True)
        elif credit(measured.breach, course.offer) > credit(lease.measured.breach, course.offer):
            yield Settle(leaf=measured)
        elif ended:
            yield from _abandon(course)
    elif ended:
        yield from _abandon(course)


def _abandon(course: Course) -> Iterator[Step]:
    if course.reported_through is None:
        return
    if course.now >= abandoned_at(course.lease, reported_through=course.reported_through):
        yield Abandon()


def _claim(course: Course) -> Iterator[Step]:
    if course.claimable and course.asked:
        yield Claim(once=f"asked/{course.asked}")
    elif course.claimable:
        leaf = course.lease.measured
        counts = f"{leaf.through}/{leaf.unearned}/{leaf.breach}"
        yield Claim(once=f"{counts}/{'released' if course.lease.released else 'running'}")
