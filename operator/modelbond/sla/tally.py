"""The tally of a frame: from what watchers saw to leaves, in whole numbers only.

The rules, step by step, are docs/reference/evidence.md, "The tally". They go on from what was
carried and from what was settled (ADR 7), so a leaf never says less than one before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from modelbond.settlement.leaves import NOTHING_MEASURED, Leaf, lease_leaf, pay_leaf
from modelbond.settlement.money import breach_that_uses_up_the_cover
from modelbond.settlement.report import Report
from modelbond.settlement.slices import at_rounded_down, plus
from modelbond.settlement.tree import Tree
from modelbond.settlement.units import Address, Digest, LeaseId, SliceCount, SliceIndex, Wei
from modelbond.sla.evidence import Evidence, Facts, Inputs, Measured, Result
from modelbond.sla.frames import frame_slices
from modelbond.sla.quorum import joint_verdict, quorum_of
from modelbond.sla.rules import UNKNOWN_EARNED_PERCENT
from modelbond.sla.vector import vector_of
from modelbond.sla.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voice:
    """One watcher's vector with its weight."""

    watcher: Address
    weight: int
    leases: Mapping[LeaseId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What the watchers saw of one lease in this frame: for each its letters, slice by slice."""

    slices: range
    quorum: int
    letters: Sequence[tuple[_Voice, str]]

    def verdict(self, index: SliceIndex) -> Verdict:
        if index not in self.slices:
            return Verdict.UNKNOWN
        place = index - self.slices.start
        seen = ((voice.weight, letters[place]) for voice, letters in self.letters)
        return joint_verdict(seen, quorum=self.quorum)

    def known_by(self, letters: str, facts: Facts) -> int:
        living = range(facts.first, facts.end)
        known = (Verdict.GOOD, Verdict.BAD)
        return sum(
            letter in known and index in living
            for index, letter in zip(self.slices, letters, strict=True)
        )


def tally(inputs: Inputs) -> Result:
    """Return what the frame's report says: every open lease counted on, and awards."""
    voices = _voices(inputs)
    awarded = dict(inputs.previous.result.awarded)
    leases = {}
    for lease in sorted(inputs.leases):
        facts, view = inputs.leases[lease], _view(inputs, lease, voices)
        begin = _begin(inputs.previous.result.leases.get(lease), facts)
        leases[lease] = counted = _counted(begin, facts=facts, view=view, ends_at=inputs.ends_at)
        earned = SliceCount(counted.leaf.earned - begin.leaf.earned)
        for watcher, share in _shares(earned, facts=facts, view=view):
            awarded[watcher] = Wei(awarded.get(watcher, 0) + share)
    return Result(leases=leases, awarded=awarded)


def leaves_of(result: Result, *, bond: Address) -> list[Digest]:
    """Return the leaves of a report: one for each lease, one for each watcher with an award."""
    leases = [lease_leaf(lease, one.leaf) for lease, one in result.leases.items()]
    pays = [
        pay_leaf(bond=bond, watcher=watcher, awarded=amount)
        for watcher, amount in result.awarded.items()
    ]
    return leases + pays


def tree_of(result: Result, *, bond: Address) -> Tree | None:
    """Return the tree that the report's root stands for; None where there is nothing to say."""
    leaves = leaves_of(result, bond=bond)
    return Tree.of(leaves) if leaves else None


def report_of(evidence: Evidence, *, round_: int) -> Report | None:
    """Return what is signed of a frame; None where there is nothing to report."""
    inputs = evidence.inputs
    tree = tree_of(evidence.result, bond=inputs.bond)
    if tree is None:
        return None
    return Report(
        frame=inputs.frame,
        round=round_,
        reference_block=inputs.block.number,
        previous_root=inputs.previous.root,
        root=tree.root,
        data_hash=evidence.hash,
    )


def _voices(inputs: Inputs) -> list[_Voice]:
    weights = {one.signer: one.weight for one in inputs.table}
    return [
        _Voice(
            watcher=one.watcher,
            weight=weights[one.watcher],
            leases=vector_of(one.text).leases,
        )
        for one in inputs.vectors
    ]


def _view(inputs: Inputs, lease: LeaseId, voices: Iterable[_Voice]) -> _View:
    facts = inputs.leases[lease]
    slices = frame_slices(
        inputs.frame, frame_seconds=inputs.frame_seconds, slice_seconds=facts.offer.slice_seconds
    )
    known = facts.offer.rules == inputs.rules
    letters = [
        (voice, voice.leases.get(lease, ""))
        for voice in voices
        if known and len(voice.leases.get(lease, "")) == len(slices)
    ]
    return _View(slices=slices, quorum=quorum_of(inputs.table), letters=letters)


def _begin(carried: Measured | None, facts: Facts) -> Measured:
    """Return from where to count on: each count the larger of carried and settled."""
    before, settled = carried.leaf if carried else NOTHING_MEASURED, facts.settled
    breach = max(before.breach, settled.breach)
    other = max(before.unearned - before.breach, settled.unearned - settled.breach)
    earned = max(before.earned, settled.earned)
    leaf = Leaf(
        through=SliceCount(earned + other + breach),
        unearned=SliceCount(other + breach),
        breach=SliceCount(breach),
    )
    if carried and leaf.through == before.through:
        return carried
    return Measured(leaf=leaf, period=max(leaf.through - 1, 0) // facts.offer.period)


def _counted(begin: Measured, *, facts: Facts, view: _View, ends_at: int) -> Measured:
    now = at_rounded_down(ends_at, slice_seconds=facts.offer.slice_seconds)
    last = min(now, facts.end)
    most = breach_that_uses_up_the_cover(facts.offer)
    count = _Count(begin, facts=facts)
    while count.breach < most and plus(facts.first, count.through) < last:
        count.add(view.verdict(plus(facts.first, count.through)))
    return count.measured


class _Count:
    """A running count of one lease, slice by slice."""

    def __init__(self, begin: Measured, *, facts: Facts) -> None:
        self._facts = facts
        self._offer = facts.offer
        self._period, self._bad, self._unknown = begin.period, begin.bad, begin.unknown
        leaf = begin.leaf
        self.through, self._unearned, self.breach = leaf.through, leaf.unearned, leaf.breach

    @property
    def measured(self) -> Measured:
        leaf = Leaf(
            through=SliceCount(self.through),
            unearned=SliceCount(self._unearned),
            breach=SliceCount(self.breach),
        )
        return Measured(leaf=leaf, period=self._period, bad=self._bad, unknown=self._unknown)

    def add(self, seen: Verdict) -> None:
        """Count the next slice."""
        period = self.through // self._offer.period
        if period != self._period:
            self._period, self._bad, self._unknown = period, 0, 0
        verdict = Verdict.EXCLUDED if self._is_excluded() else seen
        self._unearned = SliceCount(self._unearned + (not self._is_earned(verdict)))
        self.through = SliceCount(self.through + 1)

    def _is_excluded(self) -> bool:
        index = plus(self._facts.first, self.through)
        starting = self.through < self._offer.grace
        return starting or any(
            start <= index < start + slices for start, slices in self._facts.announced
        )

    def _is_earned(self, verdict: Verdict) -> bool:
        match verdict:
            case Verdict.GOOD:
                return True
            case Verdict.BAD:
                self._bad += 1
                self.breach = SliceCount(self.breach + (self._bad > self._offer.allowance))
                return False
            case Verdict.UNKNOWN:
                self._unknown += 1
                return self._unknown <= self._offer.period * UNKNOWN_EARNED_PERCENT // 100
            case Verdict.EXCLUDED:
                return False
            case other:
                assert_never(other)


def _shares(earned: SliceCount, *, facts: Facts, view: _View) -> list[tuple[Address, Wei]]:
    """Share out what watchers get of these slices, each share rounded down."""
    known = {voice.watcher: view.known_by(letters, facts) for voice, letters in view.letters}
    total = sum(known.values())
    amount = earned * facts.offer.fee
    shares = ((one, Wei(amount * count // total)) for one, count in known.items() if count)
    return [(watcher, share) for watcher, share in shares if share]
