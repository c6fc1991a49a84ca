"""What a part of a run cost, and what happened in it."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from modelbond.sla.verdict import ProbeReason, Verdict
from modelbond.watcher.target import Target

PACE_SECONDS = 30
"""Each target is asked once in this time: two probes in a slice of a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many targets, how long they are watched once all are connected, and where they are."""

    count: int
    seconds: int
    port: int
    public_key: bytes


@dataclass(slots=True)
class Tally:
    """What happened. It is the measuring loop's meter, too."""

    lateness: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)

    def slice(self, _: Target, verdict: Verdict) -> None:
        """Count a verdict."""
        self.verdicts[verdict.name.lower()] += 1

    def expected(self, _: Target, slices: int) -> None:
        """Count nothing: the verdicts are counted."""

    def probe(self, _: Target, reason: ProbeReason, seconds: float) -> None:
        """Count a probe, and its time where it was made."""
        self.reasons[reason.value] += 1
        if reason is not ProbeReason.CANCELLED:
            self.seconds.append(seconds)

    def late(self, seconds: float) -> None:
        """Note how late it began."""
        self.lateness.append(seconds)

    def lost(self, slices: int) -> None:
        """Count what the disk did not take."""
        self.verdicts["lost"] += slices


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What one part of a run cost its process."""

    title: str
    wall_seconds: float
    cpu_seconds: float
    memory_mebibytes: float
    load: float
    tally: Tally

    @property
    def probes(self) -> int:
        """Return how many were made: what was late and dropped is none."""
        return len(self.tally.seconds)

    @property
    def cpu_microseconds(self) -> float:
        """Return the processor time of one probe, all overheads of the process included."""
        return 1e6 * self.cpu_seconds / max(self.probes, 1)


class Stopwatch:
    """Cuts a run into phases; what happens meanwhile is told to `tally`."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._wall, self._cpu = time.monotonic(), time.process_time()

    def cut(self, title: str) -> Phase:
        """Return what there was since the last cut."""
        wall, cpu, tally = time.monotonic(), time.process_time(), self.tally
        made = Phase(
            title=title,
            wall_seconds=wall - self._wall,
            cpu_seconds=cpu - self._cpu,
            memory_mebibytes=_memory_mebibytes(),
            load=os.getloadavg()[0],
            tally=Tally(tally.lateness, tally.seconds, tally.reasons, tally.verdicts),
        )
        tally.lateness, tally.seconds = [], []
        tally.reasons, tally.verdicts = Counter(), Counter()
        self._wall, self._cpu = wall, cpu
        return made


def _memory_mebibytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
