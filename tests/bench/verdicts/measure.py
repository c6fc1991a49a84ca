"""How far answers are apart, which tolerance that asks for, and what a watcher then finds."""

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean

import numpy as np

from bench.verdicts.running import Answering, Arrays
from bench.verdicts.subjects import Subject
from bench.verdicts.variants import Variant
from modelbond.sla.canary import Canary, Expected, Rule, Tensor, mismatch
from modelbond.sla.closeness import PPM

TOP = 5
MARGIN = 10
PROBES = 2
_DATATYPES = {"float32": "FP32", "int32": "INT32", "int64": "INT64"}
RULES = (Rule.COSINE, Rule.CLOSE, Rule.ARGMAX, Rule.TOP_K)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and the canary with the true answer, exact as yet."""

    asked: Arrays
    canary: Canary


@dataclass(frozen=True, slots=True, kw_only=True)
class Sets:
    """Questions, each in one set alone: to find the tolerance, agreed ones, and hidden ones."""

    calibration: Sequence[Question]
    agreed: Sequence[Question]
    hidden: Sequence[Question]


# For each rule, what tolerance in ppm each question would need to agree; PPM where none helps.
Needs = Mapping[Rule, list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """How far one variant's answers are from the agreed ones; one entry for each seed."""

    name: str
    calibration: Sequence[Needs]
    agreed: Sequence[Needs]
    hidden: Sequence[Needs]


def drawn(subject: Subject, true: Answering, sizes: tuple[int, int, int], *, seed: int) -> Sets:
    """Return the three sets: questions that fit, in the order of their seeds from `seed` on."""
    found: list[Question] = []
    while len(found) < sum(sizes):
        asked, seed = subject.question(seed), seed + 1
        answer = true(asked) or {}
        if subject.fits(answer):
            found.append(Question(asked=asked, canary=canary_of(asked, answer)))
    first, second = sizes[0], sizes[0] + sizes[1]
    return Sets(calibration=found[:first], agreed=found[first:second], hidden=found[second:])


def apart(variant: Variant, sets: Sets, *, calibrates: bool) -> Apart:
    """Return how far a variant is from the truth; only honest ones calibrate."""
    calibration, agreed, hidden = [], [], []
    for seed in range(1, variant.seeds + 1):
        answering = variant.make(seed)
        calibration.append(needs(sets.calibration if calibrates else [], answering))
        agreed.append(needs(sets.agreed, answering))
        hidden.append(needs(sets.hidden, answering))
    return Apart(name=variant.name, calibration=calibration, agreed=agreed, hidden=hidden)


def needs(questions: Sequence[Question], answering: Answering) -> Needs:
    """Return the least tolerances with which the answers would agree, by the watcher's own code."""
    found: dict[Rule, list[int]] = {rule: [] for rule in RULES}
    for question in questions:
        answer = answering(question.asked) or {}
        answers = {tensor.name: tensor for tensor in tensors_of(answer)}
        for rule in RULES:
            found[rule].append(_least_ppm(question.canary, answers, rule))
    return found


def tolerance(rule: Rule, honest: Sequence[Apart]) -> int:
    """Return MARGIN times the largest honest need on the calibration set, rounded up to 1, 2, 5."""
    largest = largest_need(rule, [needs for each in honest for needs in each.calibration])
    if rule in {Rule.ARGMAX, Rule.TOP_K}:
        return 0  # of one row either all agrees or nothing
    wanted = MARGIN * max(largest, 1)
    steps = [step * 10**power for power in range(6) for step in (1, 2, 5)]
    return next((step for step in steps if step >= wanted), PPM - 1)


def largest_need(rule: Rule, needs: Sequence[Needs]) -> int:
    """Return the largest of them all; 0 of none."""
    return max((ppm for each in needs for ppm in each[rule]), default=0)


def failing(rule: Rule, needs: Sequence[Needs], *, ppm: int) -> tuple[int, int]:
    """Return how many answers disagree under a tolerance, and of how many."""
    every = [need for each in needs for need in each[rule]]
    return sum(need > ppm for need in every), len(every)


def bad_share(rule: Rule, needs: Needs, *, ppm: int) -> float:
    """Return the share of a watcher's slices that are bad: both of two drawn canaries disagree."""
    wrong, of = failing(rule, [needs], ppm=ppm)
    return (wrong / of) ** PROBES


def found_after(slices: int, rule: Rule, needs: Sequence[Needs], *, ppm: int) -> float:
    """Return the chance that one of so many slices of one watcher was bad, over the seeds."""
    return mean(1 - (1 - bad_share(rule, each, ppm=ppm)) ** slices for each in needs)


def charged(rule: Rule, needs: Sequence[Needs], *, ppm: int) -> float:
    """Return the share of slices that a quorum of three watchers finds bad, over the seeds.

    Two of the three must find it so, and each draws canaries of its own.
    """
    shares = [bad_share(rule, each, ppm=ppm) for each in needs]
    return mean(3 * share**2 * (1 - share) + share**3 for share in shares)


def canary_of(asked: Arrays, answer: Arrays) -> Canary:
    """Return the question with its true answer as a canary, exact as yet."""
    known = tuple(Expected(tensor=tensor, rule=Rule.CLOSE) for tensor in tensors_of(answer))
    return Canary(name="c", inputs=tuple(tensors_of(asked)), expected=known)


def tensors_of(arrays: Arrays) -> list[Tensor]:
    """Return arrays as the protocol carries them."""
    return [
        Tensor(
            name=name,
            datatype=_DATATYPES[array.dtype.name],
            shape=array.shape,
            data=np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes(),
        )
        for name, array in arrays.items()
    ]


def _least_ppm(canary: Canary, answers: Mapping[str, Tensor], rule: Rule) -> int:
    def agrees(ppm: int) -> bool:
        known = tuple(replace(each, rule=rule, ppm=ppm, k=TOP) for each in canary.expected)
        return mismatch(replace(canary, expected=known), answers) is None

    return bisect.bisect_left(range(PPM), x=True, key=agrees)
