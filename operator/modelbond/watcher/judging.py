"""The end of a slice: what each target's probes come to, and whether the watcher may say so."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from modelbond.settlement.slices import plus, until
from modelbond.settlement.units import SliceCount, SliceIndex
from modelbond.sla.verdict import slice_verdict
from modelbond.watcher.clock_watch import ClockWatch, Mark
from modelbond.watcher.control import Control
from modelbond.watcher.ledger import SliceRow
from modelbond.watcher.ports import Meter
from modelbond.watcher.schedule import Course, SliceOver
from modelbond.watcher.stalls import Stalls
from modelbond.watcher.target import Target

# A slice whose beginning was missed by more than this part of it is not measured at all.
_LATE_SHARE = 1 / 4
_AT_ONCE = 500

Batch = list[tuple[Target, SliceRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """Everything by which a watcher doubts itself."""

    control: Control
    clock: ClockWatch
    stalls: Stalls


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    index: SliceIndex
    mark: Mark


class Judging:
    """Remembers how each slice began, and judges it at its end."""

    def __init__(self, doubts: Doubts, *, meter: Meter) -> None:
        self._doubts, self._meter = doubts, meter
        self._opened: dict[int, _Opened] = {}
        self._ended: dict[int, SliceIndex] = {}

    async def over(self, end: SliceOver, courses: Sequence[Course], *, now: float) -> Batch:
        """Return the rows of the slice that is over, and begin the next one.

        There are none where its beginning was missed: nothing is known of such a slice.
        """
        self._expect(end, courses)
        opened = self._opened.pop(end.slice_seconds, None)
        mark = self._doubts.clock.mark()
        if now - end.at <= end.slice_seconds * _LATE_SHARE:
            self._opened[end.slice_seconds] = _Opened(index=end.index, mark=mark)
        if opened is None or plus(opened.index, SliceCount(1)) != end.index:
            return []
        control_ok = self._doubts.control.ok_since(opened.mark.monotonic)
        clock_ok = self._doubts.clock.ok_since(opened.mark)
        return await _rows(opened.index, courses, control_ok=control_ok, clock_ok=clock_ok)

    def _expect(self, end: SliceOver, courses: Sequence[Course]) -> None:
        last = self._ended.get(end.slice_seconds, end.index)
        self._ended[end.slice_seconds] = end.index
        for course in courses:
            slices = until(max(last, course.first), end.index)
            if slices:
                self._meter.expected(course.target, slices)


async def _rows(
    index: SliceIndex, courses: Sequence[Course], *, control_ok: bool, clock_ok: bool
) -> Batch:
    batch: Batch = []
    for course in courses:
        if course.first <= index:
            row = slice_row(course, index, control_ok=control_ok, clock_ok=clock_ok)
            batch.append((course.target, row))
        if len(batch) % _AT_ONCE == 0:
            await asyncio.sleep(0)  # answers to probes must not wait for thousands of verdicts
    return batch


def slice_row(course: Course, index: SliceIndex, *, control_ok: bool, clock_ok: bool) -> SliceRow:
    """Return the row of one target's slice."""
    probes = course.probes if course.index == index else []
    verdict, reason = slice_verdict(probes, control_ok=control_ok, clock_ok=clock_ok)
    answered = [probe.seconds for probe in probes if probe.succeeded]
    failed = sum(probe.failed for probe in probes)
    return SliceRow(
        lease=course.target.lease,
        slice_seconds=course.target.slice_seconds,
        index=index,
        verdict=verdict,
        probes=len(answered) + failed,
        failed=failed,
        reason=reason,
        best_ms=round(1000 * min(answered)) if answered else None,
    )
