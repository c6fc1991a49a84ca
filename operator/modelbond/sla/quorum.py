"""What the watchers saw of one slice together, weighted by the table of the frame's signers."""

from collections.abc import Iterable
from dataclasses import dataclass

from modelbond.settlement.units import Address
from modelbond.sla.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """One place of a table."""

    signer: Address
    weight: int


def quorum_of(table: Iterable[Signer]) -> int:
    """Return the weight that must agree: two thirds of all, rounded up, as WatchTower has it."""
    return -(-2 * sum(one.weight for one in table) // 3)


def joint_verdict(seen: Iterable[tuple[int, str]], *, quorum: int) -> Verdict:
    """Return the verdict of weighted letters. Unknown is never bad, and no letter is unknown."""
    good = bad = 0
    for weight, letter in seen:
        good += weight if letter == Verdict.GOOD else 0
        bad += weight if letter == Verdict.BAD else 0
    known = good + bad
    if known < max(quorum, 1):
        return Verdict.UNKNOWN
    if 3 * bad >= 2 * known:
        return Verdict.BAD
    return Verdict.GOOD if 3 * good >= 2 * known else Verdict.UNKNOWN
