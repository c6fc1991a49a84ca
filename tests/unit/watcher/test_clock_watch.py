"""Whether the wall clock was right during a slice."""

from dataclasses import dataclass, field
from datetime import timedelta

from fakes.ports import FakeClock
from modelbond.watcher.clock_watch import ClockWatch


@dataclass
class Machine:
    """A machine whose wall clock can be set, and whose distance from others' time is told."""

    clock: FakeClock = field(default_factory=FakeClock)
    offset: float | None = None

    def watch(self) -> ClockWatch:
        return ClockWatch(self.clock, offset=lambda: self.offset)

    def set_wall(self, seconds: float) -> None:
        self.clock.start += timedelta(seconds=seconds)


def test_a_clock_that_runs_is_right_with_or_without_others_to_compare() -> None:
    for offset in (None, 0.0, 0.9, -0.9):
        machine = Machine(offset=offset)
        watch = machine.watch()
        mark = watch.mark()
        machine.clock.pass_by(60)
        assert watch.ok_since(mark)


def test_a_jump_either_way_spoils_the_slice_in_which_it_happens_and_no_other() -> None:
    for jump in (1.5, -1.5, 3600, -3600):
        machine = Machine()
        watch = machine.watch()
        mark = watch.mark()
        machine.clock.pass_by(30)
        machine.set_wall(jump)
        watch.look()
        machine.clock.pass_by(30)
        assert not watch.ok_since(mark)
        machine.clock.pass_by(1)
        after = watch.mark()
        machine.clock.pass_by(60)
        assert watch.ok_since(after)


def test_a_jump_there_and_back_is_seen() -> None:
    machine = Machine()
    watch = machine.watch()
    mark = watch.mark()
    for jump in (5, -5):
        machine.clock.pass_by(1)
        machine.set_wall(jump)
        watch.look()
    machine.clock.pass_by(58)
    assert not watch.ok_since(mark)


def test_small_steps_that_add_up_are_seen_and_those_that_do_not_are_none() -> None:
    for step, right in ((0.03, False), (0.01, True)):
        machine = Machine()
        watch = machine.watch()
        mark = watch.mark()
        for _ in range(60):
            machine.clock.pass_by(1)
            machine.set_wall(step)
            watch.look()
        assert watch.ok_since(mark) is right


def test_an_offset_to_others_beyond_a_second_is_wrong_though_nothing_jumped() -> None:
    for offset in (5.0, -5.0):
        machine = Machine()
        watch = machine.watch()
        mark = watch.mark()
        machine.clock.pass_by(30)
        machine.offset = offset
        watch.look()
        machine.offset = None
        machine.clock.pass_by(30)
        assert not watch.ok_since(mark)
