"""When probes are due, and when slices are over."""

import random
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.targets import target
from modelbond.errors import Refused
from modelbond.watcher.schedule import Due, ProbeDue, Schedule, SliceOver

LOTS = random.Random(3).random  # noqa: S311 - moments of probes
NOON = 1_800_000_000.0  # begins a minute


def schedule() -> Schedule:
    return Schedule(random=LOTS)


def taken(schedule: Schedule, *, until: float) -> Iterator[Due]:
    """Yield what is due, each in its own moment."""
    while (at := schedule.next_at) is not None and at <= until:
        due = schedule.due(at)
        if due is not None:
            yield due


def probes(schedule: Schedule, *, until: float) -> list[ProbeDue]:
    return [due for due in taken(schedule, until=until) if isinstance(due, ProbeDue)]


def test_each_target_is_probed_twice_a_slice_for_ever() -> None:
    made = schedule()
    made.set_targets([target(n) for n in range(5)], now=NOON + 7)
    seen = probes(made, until=NOON + 60 * 11)
    first = int(NOON) // 60 + 1
    assert {due.index for due in seen} == set(range(first, first + 10))
    assert len(seen) == 5 * 10 * 2


@given(
    lots=st.tuples(st.floats(0, 1, exclude_max=True), st.floats(0, 1, exclude_max=True)),
    slice_seconds=st.integers(1, 3600),
    share=st.floats(0.001, 0.25),
)
def test_two_probes_lie_in_their_slice_well_apart_and_are_over_in_time(
    lots: tuple[float, float], slice_seconds: int, share: float
) -> None:
    bound = max(int(1000 * slice_seconds * share), 1)
    drawn = iter(lots * 2)
    made = Schedule(random=lambda: next(drawn))
    measured = target(1, slice_seconds=slice_seconds, latency_bound_ms=bound)
    made.set_targets([measured], now=NOON)
    one, other = (due for _ in range(3) if isinstance(due := next(taken_all(made)), ProbeDue))
    begins = one.index * slice_seconds
    assert begins <= one.at < other.at
    assert other.at - one.at >= slice_seconds / 4 - 1e-6
    assert other.at <= other.latest
    assert other.latest + measured.deadline_seconds < begins + slice_seconds


def taken_all(schedule: Schedule) -> Iterator[Due]:
    return taken(schedule, until=float("inf"))


def test_no_moment_of_a_slice_is_left_out_but_its_very_end() -> None:
    made = schedule()
    made.set_targets([target(n) for n in range(200)], now=NOON)
    moments = sorted(due.at % 60 for due in probes(made, until=NOON + 60 * 6))
    assert moments[0] < 0.5
    assert moments[-1] > 60 - 2 - 1 - 0.5
    gaps = [after - before for before, after in pairwise(moments)]
    assert max(gaps) < 0.5


def test_moments_differ_from_slice_to_slice_and_from_target_to_target() -> None:
    made = schedule()
    made.set_targets([target(1), target(2)], now=NOON)
    phases = [due.at % 60 for due in probes(made, until=NOON + 60 * 20)]
    assert len(set(phases)) == len(phases)


def test_a_target_begins_with_the_next_whole_slice_or_its_leases_first() -> None:
    first = int(NOON) // 60
    made = schedule()
    made.set_targets([target(1), target(2, first=first + 5)], now=NOON + 30)
    seen = probes(made, until=NOON + 60 * 8)
    begun = {
        number: min(due.index for due in seen if due.course.target.lease[-1] == number)
        for number in (1, 2)
    }
    assert begun == {1: first + 1, 2: first + 5}


def test_a_target_that_is_gone_is_probed_no_more_and_the_rest_goes_on() -> None:
    made = schedule()
    made.set_targets([target(1), target(2)], now=NOON)
    made.set_targets([target(2)], now=NOON + 10)
    seen = probes(made, until=NOON + 60 * 5)
    assert {due.course.target.lease for due in seen} == {target(2).lease}
    assert len(made) == 1


def test_a_target_that_goes_and_comes_back_is_probed_twice_a_slice_still() -> None:
    made = schedule()
    for now in range(10):
        made.set_targets([target(1)] if now % 2 == 0 else [], now=NOON + now)
    made.set_targets([target(1)], now=NOON + 11)
    assert len(probes(made, until=NOON + 60 * 4)) == 3 * 2
    ends = [due for due in taken(made, until=NOON + 60 * 9) if isinstance(due, SliceOver)]
    assert len(ends) == len({due.index for due in ends})


def test_what_is_new_in_a_known_lease_counts_from_its_next_slice() -> None:
    made = schedule()
    made.set_targets([target(1)], now=NOON)
    (early, _) = probes(made, until=NOON + 119)
    course = early.course
    course.begin(early.index)
    made.set_targets([target(1, latency_bound_ms=500)], now=NOON + 119)
    assert course.target.latency_bound_ms == 1000
    (late, _) = probes(made, until=NOON + 179)
    course.begin(late.index)
    assert course.target.latency_bound_ms == 500


def test_a_slice_is_over_before_anything_of_the_next_one_begins() -> None:
    made = Schedule(random=lambda: 0.0)
    made.set_targets([target(1)], now=NOON)
    seen = list(taken(made, until=NOON + 60 * 3))
    at_once = [due for due in seen if due.at == NOON + 120]
    assert [type(due) for due in at_once] == [SliceOver, ProbeDue]


def test_slices_of_several_lengths_end_each_at_its_own_moments() -> None:
    made = schedule()
    made.set_targets([target(1), target(2, slice_seconds=20)], now=NOON + 1)
    ends = [due for due in taken(made, until=NOON + 120) if isinstance(due, SliceOver)]
    assert [due.at - NOON for due in ends if due.slice_seconds == 60] == [60, 120]
    assert [due.at - NOON for due in ends if due.slice_seconds == 20] == [20, 40, 60, 80, 100, 120]
    assert made.shortest_slice_seconds == 20


def test_after_a_long_absence_measuring_goes_on_with_the_next_whole_slice() -> None:
    made = schedule()
    made.set_targets([target(1)], now=NOON)
    assert len(probes(made, until=NOON + 119)) == 2
    late = NOON + 60 * 100 + 30
    while made.due(late) is not None:
        pass
    seen = probes(made, until=late + 60 * 2)
    assert {due.index for due in seen} == {int(NOON) // 60 + 101, int(NOON) // 60 + 102}
    assert all(due.at > late for due in seen)


def test_a_clock_that_was_set_back_leads_to_no_slice_a_second_time() -> None:
    made = schedule()
    made.set_targets([target(1)], now=NOON)
    before = {due.index for due in probes(made, until=NOON + 60 * 5 - 1)}
    assert made.due(NOON - 3600) is None
    after = {due.index for due in probes(made, until=NOON + 60 * 9)}
    assert len(before) == len(after) == 4
    assert not before & after


def test_without_targets_nothing_is_due() -> None:
    made = schedule()
    assert made.next_at is None
    made.set_targets([target(1)], now=NOON)
    made.set_targets([], now=NOON)
    assert probes(made, until=NOON + 600) == []
    assert made.next_at is None


@pytest.mark.parametrize("bound", [0, -1, 15_001])
def test_a_bound_that_leaves_no_room_for_two_probes_is_refused(bound: int) -> None:
    with pytest.raises(Refused, match="latencyBoundMs"):
        target(1, latency_bound_ms=bound)
    assert target(1, latency_bound_ms=15_000).deadline_seconds == 20
