"""The measuring loop: probes when they are due, verdicts when a slice is over.

No target has a task of its own: one loop starts what the schedule says, and a probe is a task for
as long as it lasts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import assert_never

from modelbond.ports.process import Clock
from modelbond.sla.verdict import Probe, ProbeReason
from modelbond.watcher.judging import Doubts, Judging
from modelbond.watcher.ports import Asker, Meter, Rows
from modelbond.watcher.schedule import ProbeDue, Random, Schedule, SliceOver
from modelbond.watcher.sightings import Sightings
from modelbond.watcher.target import Target
from modelbond.watcher.writing import Writing

_log = logging.getLogger(__name__)

PROBES_AT_ONCE = 2048
_LONGEST_SLEEP_SECONDS = 0.05
_CONTROL_SECONDS = 5.0
# Who loses its network for as long as two probes lie apart has noticed it in between.
_CONTROL_SHARE = 1 / 10

Sleep = Callable[[float], Awaitable[None]]


class Prober:
    """Measures the targets that it was last given, until it is cancelled."""

    def __init__(  # noqa: PLR0913 - what it is made of
        self,
        *,
        asker: Asker,
        rows: Rows,
        meter: Meter,
        sightings: Sightings,
        clock: Clock,
        doubts: Doubts,
        random: Random,
        probes_at_once: int = PROBES_AT_ONCE,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._sleep = sleep
        self._asker, self._meter, self._clock, self._random = asker, meter, clock, random
        self._sightings = sightings
        self._doubts = doubts
        self._judging = Judging(doubts, meter=meter)
        self._writing = Writing(rows, meter=meter)
        self._schedule = Schedule(random=random)
        self._free = asyncio.Semaphore(probes_at_once)
        self._reached = rows.answered_leases()

    def set_targets(self, targets: Iterable[Target]) -> None:
        """Measure these and no others, each from its next whole slice."""
        wanted = list(targets)
        self._sightings.keep(target.lease for target in wanted)
        self._schedule.set_targets(wanted, now=self._now())

    async def run(self) -> None:
        """Measure. What is over when it is cancelled is written; a slice in progress is lost."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._doubts.stalls.run(), name="stalls")
                tasks.create_task(self._check_itself(), name="control")
                tasks.create_task(self._writing.run(), name="slices")
                await self._measure(tasks)
        finally:
            self._writing.finish()

    async def _measure(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            self._doubts.clock.look()
            now = self._now()
            match self._schedule.due(now):
                case ProbeDue() as due:
                    await self._start(due, tasks)
                case SliceOver() as over:
                    courses = self._schedule.courses(over.slice_seconds)
                    batch = await self._judging.over(over, courses, now=now)
                    if batch:
                        self._writing.put(batch)
                case None:
                    await self._wait(now)
                case never:
                    assert_never(never)

    async def _wait(self, now: float) -> None:
        next_at = self._schedule.next_at
        pause = _LONGEST_SLEEP_SECONDS if next_at is None else max(next_at - now, 0.0)
        await self._sleep(min(pause, _LONGEST_SLEEP_SECONDS))

    async def _check_itself(self) -> None:
        while True:
            shortest = self._schedule.shortest_slice_seconds
            pause = min(_CONTROL_SECONDS, shortest * _CONTROL_SHARE)
            await self._doubts.control.round(deadline_seconds=pause)
            await self._sleep(pause)

    async def _start(self, due: ProbeDue, tasks: asyncio.TaskGroup) -> None:
        due.course.begin(due.index)
        await self._free.acquire()
        now = self._now()
        if now > due.latest:
            # It would not be over in time, and a probe of the next slice it is not.
            self._free.release()
            self._note(due, Probe(at=now, reason=ProbeReason.CANCELLED, seconds=0.0))
            return
        self._meter.late(now - due.at)
        tasks.create_task(self._ask(due))
        if (self._schedule.next_at or now) <= now:
            await asyncio.sleep(0)  # behind time: what was started comes before what else is due

    async def _ask(self, due: ProbeDue) -> None:
        target = due.course.target
        canary = target.canaries[int(self._random() * len(target.canaries))]
        try:
            probe = await self._asker.probe(target, canary)
        except Exception:  # noqa: BLE001 - one target's probe must not end all others'
            _log.exception("a probe failed by our own mistake", extra={"probed": target.labels})
            probe = Probe(at=due.at, reason=ProbeReason.OWN_FAULT, seconds=0.0)
        finally:
            self._free.release()
        self._note(due, self._with_history(target, probe))

    def _with_history(self, target: Target, probe: Probe) -> Probe:
        """Judge `no way` by what was before: an endpoint that was reached once has moved away.

        So a host cannot hide from a watcher behind an address that the watcher may not use, and no
        host is charged for a network that the watcher's owner never opened.
        """
        if probe.succeeded:
            self._reached.add(target.lease)
        if probe.reason is ProbeReason.NO_WAY and target.lease in self._reached:
            return replace(probe, reason=ProbeReason.UNREACHABLE)
        return probe

    def _note(self, due: ProbeDue, probe: Probe) -> None:
        target = due.course.target
        self._meter.probe(target, probe.reason, probe.seconds)
        self._sightings.note(target.lease, probe)
        if due.course.index == due.index:
            due.course.probes.append(probe)

    def _now(self) -> float:
        return self._clock.now().timestamp()
