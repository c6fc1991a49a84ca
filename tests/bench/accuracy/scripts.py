"""Outages that are known beforehand, and what follows from them for each slice and sample.

Moments are in slices since a script begins, which is where a slice does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from modelbond.sla.verdict import Verdict

# Between two outages lies one slice at least that is wholly up: their counts never mix.
_LEAST_PAUSE, _MOST_PAUSE = 2.0, 6.0


class Fault(StrEnum):
    """What an endpoint does while it is down."""

    ERROR = "status 500"
    RESET = "connection broken"
    SLOW = "answers too late"
    OTHER_MODEL = "another model's answers"

    @property
    def shows_without_reading(self) -> bool:
        """Tell whether status and time betray it, to somebody who does not read the answer."""
        return self is not Fault.OTHER_MODEL


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The time from `begins` until `ends`."""

    begins: float
    ends: float

    @property
    def slices(self) -> float:
        """Return how long it is."""
        return self.ends - self.begins

    @property
    def certain(self) -> range:
        """Return the slices that it fills: whatever their probes' moments, they are bad."""
        first = math.ceil(self.begins)
        return range(first, max(math.floor(self.ends), first))

    @property
    def touched(self) -> range:
        """Return the slices that it fills or cuts: no other can be bad for it."""
        return range(math.floor(self.begins), math.ceil(self.ends))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One look of the second instrument: when it asked, when it knew, and what it said."""

    asked: float
    answered: float
    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What one endpoint does for so many slices."""

    title: str
    slices: int
    fault: Fault = Fault.ERROR
    outages: tuple[Outage, ...] = ()

    @property
    def name(self) -> str:
        """Return what it does, for people."""
        return f"{self.title}: {self.fault}" if self.outages else self.title

    @property
    def down_slices(self) -> float:
        """Return for how long it is down."""
        return math.fsum(outage.slices for outage in self.outages)

    @property
    def uptime(self) -> float:
        """Return the share of the time in which it is up."""
        return 1 - self.down_slices / self.slices

    @property
    def cut(self) -> set[int]:
        """Return the slices that an outage touches and does not fill."""
        return {
            index
            for outage in self.outages
            for index in outage.touched
            if index not in outage.certain
        }

    def is_down(self, moment: float) -> bool:
        """Tell whether it is down at a moment."""
        return any(outage.begins <= moment < outage.ends for outage in self.outages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The stated error: no fewer and no more than that."""

    least: int
    most: int

    def hold(self, count: int) -> bool:
        """Tell whether a count is as it was said to be."""
        return self.least <= count <= self.most


def stated(outage: Outage, letters: str) -> Bounds:
    """Return how many bad slices an outage has; unknown ones are none, whatever was in them."""
    known = [index for index in outage.touched if letters[index] != Verdict.UNKNOWN]
    return Bounds(least=sum(index in outage.certain for index in known), most=len(known))


def counted(outage: Outage, letters: str) -> int:
    """Return how many bad slices a ledger has for an outage."""
    return sum(letters[index] == Verdict.BAD for index in outage.touched)


def contradictions(script: Script, letters: str) -> list[int]:
    """Return the slices whose letter cannot be, by the script."""
    certain = {index for outage in script.outages for index in outage.certain}
    touched = {index for outage in script.outages for index in outage.touched}
    return [
        index
        for index, letter in enumerate(letters)
        if (letter == Verdict.GOOD and index in certain)
        or (letter == Verdict.BAD and index not in touched)
    ]


def stated_samples(script: Script, samples: Sequence[Sample]) -> Bounds:
    """Return how many samples fail: those wholly in an outage, and those that meet one at most."""
    if not script.fault.shows_without_reading:
        return Bounds(least=0, most=0)
    return Bounds(
        least=sum(_lies_in_one(script, one) for one in samples),
        most=sum(_meets_one(script, one) for one in samples),
    )


def false_samples(script: Script, samples: Sequence[Sample]) -> list[Sample]:
    """Return the samples that cannot be, by the script."""
    shows = script.fault.shows_without_reading
    return [
        one
        for one in samples
        if (one.up and shows and _lies_in_one(script, one))
        or (not one.up and not (shows and _meets_one(script, one)))
    ]


def drawn(
    random: Random, *, slices: int, shortest: float, longest: float, whole: bool = False
) -> tuple[Outage, ...]:
    """Draw outages of those lengths, begun at any moment, or `whole` slices of them."""
    outages: list[Outage] = []
    begins = random.uniform(_LEAST_PAUSE, _MOST_PAUSE)
    while True:
        ends = begins + random.uniform(shortest, longest)
        one = Outage(begins=begins, ends=ends)
        if whole:
            one = Outage(begins=round(begins), ends=max(round(ends), round(begins) + 1))
        if one.ends > slices - 1:
            return tuple(outages)
        outages.append(one)
        begins = one.ends + random.uniform(_LEAST_PAUSE, _MOST_PAUSE)


def _lies_in_one(script: Script, one: Sample) -> bool:
    return any(each.begins <= one.asked and one.answered < each.ends for each in script.outages)


def _meets_one(script: Script, one: Sample) -> bool:
    return any(each.begins <= one.answered and one.asked < each.ends for each in script.outages)
