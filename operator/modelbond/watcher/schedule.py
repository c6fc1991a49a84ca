"""When what is due: two probes a slice for each target at random moments, then the slice's end.

One heap holds it all: an entry for each probe to come, one for each length of slices. What happens
at a moment decides what comes next, so nothing is planned for a whole slice at once.
"""

import heapq
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from modelbond.settlement.slices import at_rounded_down, begins_at, plus
from modelbond.settlement.units import LeaseId, SliceCount, SliceIndex
from modelbond.sla.verdict import Probe
from modelbond.watcher.target import Target

Random = Callable[[], float]
"""Returns a number from 0 until 1."""

# Between its last probe's deadline and its end, a slice has room for a loop that is a little late.
_MARGIN = 1 / 60
_APART = 1 / 4
_ONE = SliceCount(1)


@dataclass(slots=True, eq=False)
class Course:
    """One target on its way: `index` is the slice that `probes` belong to."""

    target: Target
    wanted: Target
    first: SliceIndex
    index: SliceIndex
    probes: list[Probe] = field(default_factory=list)
    over: bool = False

    def begin(self, index: SliceIndex) -> None:
        """Begin a slice; what came after the last one's end is gone with it."""
        if index != self.index:
            self.index, self.probes = index, []
            self.target = self.wanted


@dataclass(frozen=True, slots=True)
class ProbeDue:
    """A probe of that slice. It must begin before `latest`, or it would not be over in time."""

    course: Course
    index: SliceIndex
    at: float
    latest: float
    last: bool


@dataclass(frozen=True, slots=True)
class SliceOver:
    """The slice before `index` is over for all targets with slices of that length."""

    slice_seconds: int
    index: SliceIndex
    at: float


Due = ProbeDue | SliceOver


class Schedule:
    """The order of all that is to come. Moments are the wall clock's, in seconds since 1970."""

    def __init__(self, *, random: Random) -> None:
        self._random = random
        self._heap: list[tuple[float, bool, int, Due]] = []
        self._numbers = itertools.count()
        self._courses: dict[LeaseId, Course] = {}
        self._lengths: set[int] = set()

    @property
    def next_at(self) -> float | None:
        """Return when something is due; None while there is nothing to do."""
        return self._heap[0][0] if self._heap else None

    def __len__(self) -> int:
        return len(self._courses)

    @property
    def shortest_slice_seconds(self) -> int:
        """Return the length of the shortest slices, an hour while there are none."""
        return min(self._lengths, default=3600)

    def courses(self, slice_seconds: int) -> list[Course]:
        """Return all courses with slices of that length."""
        every = self._courses.values()
        return [course for course in every if course.target.slice_seconds == slice_seconds]

    def set_targets(self, targets: Iterable[Target], *, now: float) -> None:
        """Measure these and no others. What is new in a known lease counts from its next slice.

        A new target begins with its lease's first slice, or with the next whole one.
        """
        wanted = {target.lease: target for target in targets}
        for lease in self._courses.keys() - wanted.keys():
            self._courses.pop(lease).over = True
        for lease, target in wanted.items():
            course = self._courses.get(lease)
            if course is None:
                self._begin(target, now)
            else:
                course.wanted = target

    def due(self, now: float) -> Due | None:
        """Return the next thing whose moment has come, once; None where none has."""
        while self._heap and self._heap[0][0] <= now:
            due = heapq.heappop(self._heap)[-1]
            match due:
                case SliceOver():
                    if self._goes_on(due, now):
                        return due
                case ProbeDue(course=course):
                    if not course.over:
                        self._follow(due, now)
                        return due
        return None

    def _begin(self, target: Target, now: float) -> None:
        next_whole = plus(_slice_at(now, target), _ONE)
        first = max(target.first, next_whole)
        course = Course(target=target, wanted=target, first=first, index=first)
        self._courses[target.lease] = course
        self._plan(course, first)
        if target.slice_seconds not in self._lengths:
            self._lengths.add(target.slice_seconds)
            self._push_end(target.slice_seconds, next_whole)

    def _follow(self, due: ProbeDue, now: float) -> None:
        if due.last:
            current = _slice_at(now, due.course.target)
            self._plan(due.course, plus(max(due.index, current), _ONE))

    def _goes_on(self, due: SliceOver, now: float) -> bool:
        """Plan the next end of such slices, unless nobody needs it any more."""
        every = self._courses.values()
        if not any(course.target.slice_seconds == due.slice_seconds for course in every):
            self._lengths.discard(due.slice_seconds)
            return False
        current = at_rounded_down(int(now), slice_seconds=due.slice_seconds)
        self._push_end(due.slice_seconds, plus(max(due.index, current), _ONE))
        return True

    def _plan(self, course: Course, index: SliceIndex) -> None:
        """Draw the moments of a slice's two probes: one in each half, well apart."""
        target = course.wanted
        length = target.slice_seconds
        begins = begins_at(index, slice_seconds=length)
        room = length * (1 - _MARGIN) - target.deadline_seconds
        one = room / 2 * self._random()
        other = max(one + length * _APART, room / 2)
        other += (room - other) * self._random()
        for at, last in ((one, False), (other, True)):
            due = ProbeDue(course, index, begins + at, begins + room, last)
            self._push(due)

    def _push_end(self, slice_seconds: int, index: SliceIndex) -> None:
        at = begins_at(index, slice_seconds=slice_seconds)
        self._push(SliceOver(slice_seconds, index, at))

    def _push(self, due: Due) -> None:
        # A slice is over before anything of the next one begins, however close.
        heapq.heappush(self._heap, (due.at, isinstance(due, ProbeDue), next(self._numbers), due))


def _slice_at(now: float, target: Target) -> SliceIndex:
    return at_rounded_down(int(now), slice_seconds=target.slice_seconds)
