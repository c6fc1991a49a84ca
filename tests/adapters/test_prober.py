"""The measuring loop: by a clock of the test's own, and once in real time over real TLS."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random

from fakes import endpoint as fake
from fakes.endpoint import GuardWithLoopback
from fakes.polling import until
from fakes.ports import FakeClock
from fakes.targets import target
from modelbond.errors import LedgerFailed
from modelbond.runtime.clock import SystemClock
from modelbond.settlement.units import LeaseId
from modelbond.sla.canary import Canary
from modelbond.sla.verdict import Probe, ProbeReason, SliceReason, Verdict
from modelbond.watcher.clock_watch import ClockWatch
from modelbond.watcher.control import Control
from modelbond.watcher.judging import Doubts
from modelbond.watcher.ledger import SliceLedger, SliceRow
from modelbond.watcher.probe import Probes
from modelbond.watcher.prober import Prober
from modelbond.watcher.sightings import Sightings
from modelbond.watcher.stalls import Stalls
from modelbond.watcher.target import Target

ONE = target(1, slice_seconds=1, latency_bound_ms=100)
TWO = target(2, slice_seconds=1, latency_bound_ms=100)
Script = Callable[[Target], ProbeReason]


@dataclass
class FakeMeter:
    """Counts what it is told."""

    slices: Counter[Verdict] = field(default_factory=Counter)
    reasons: Counter[ProbeReason] = field(default_factory=Counter)
    over: Counter[LeaseId] = field(default_factory=Counter)
    gone: int = 0
    lateness: list[float] = field(default_factory=list)

    def slice(self, _: Target, verdict: Verdict) -> None:
        self.slices[verdict] += 1

    def expected(self, measured: Target, slices: int) -> None:
        self.over[measured.lease] += slices

    def probe(self, _: Target, reason: ProbeReason, seconds: float) -> None:
        assert seconds >= 0
        self.reasons[reason] += 1

    def late(self, seconds: float) -> None:
        self.lateness.append(seconds)

    def lost(self, slices: int) -> None:
        self.gone += slices


@dataclass
class FakeRows:
    """A ledger in memory, whose disk may be full."""

    rows: list[SliceRow] = field(default_factory=list)
    full: bool = False
    answered: set[LeaseId] = field(default_factory=set)
    disk: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.disk.set()

    def append(self, rows: Sequence[SliceRow]) -> int:
        self.disk.wait(20)
        if self.full:
            raise LedgerFailed("disk full")
        self.rows.extend(rows)
        return len(rows)

    def answered_leases(self) -> set[LeaseId]:
        return set(self.answered)


@dataclass
class World:
    """A prober whose clock, answers and doubts are the test's."""

    script: Script = lambda _: ProbeReason.ANSWERED
    control_ok: bool = True
    offset: float | None = None
    hanging: asyncio.Event | None = None
    asked: list[tuple[LeaseId, float]] = field(default_factory=list)
    clock: FakeClock = field(default_factory=FakeClock)
    meter: FakeMeter = field(default_factory=FakeMeter)
    rows: FakeRows = field(default_factory=FakeRows)
    sightings: Sightings = field(default_factory=Sightings)

    async def probe(self, measured: Target, canary: Canary) -> Probe:
        assert canary in measured.canaries
        at = self.clock.now().timestamp()
        self.asked.append((measured.lease, at))
        if self.hanging is not None:
            await self.hanging.wait()
        return Probe(at=at, reason=self.script(measured), seconds=0.03)

    async def check(self) -> bool:
        return self.control_ok

    async def seconds(self, seconds: float) -> None:
        """Let so much time pass, and everything happen in it."""
        for _ in range(round(seconds / 0.02)):
            self.clock.pass_by(0.02)
            await asyncio.sleep(0.003)

    def letters(self, measured: Target = ONE) -> str:
        rows = sorted((row for row in self.rows.rows), key=lambda row: row.index)
        return "".join(row.verdict for row in rows if row.lease == measured.lease)

    @asynccontextmanager
    async def measuring(self, *targets: Target, at_once: int = 100) -> AsyncIterator[Prober]:
        """Run a prober with these targets until the block ends."""
        doubts = Doubts(
            control=Control(clock=self.clock, echo=self.check),
            clock=ClockWatch(self.clock, offset=lambda: self.offset),
            stalls=Stalls(self.clock),
        )
        prober = Prober(
            asker=self,
            rows=self.rows,
            meter=self.meter,
            sightings=self.sightings,
            clock=self.clock,
            doubts=doubts,
            random=Random(5).random,  # noqa: S311 - moments of probes
            probes_at_once=at_once,
            sleep=briefly,
        )
        prober.set_targets(targets)
        async with running(prober):
            yield prober


async def briefly(_: float) -> None:
    """Look at the clock again soon: it is the test that moves it."""
    await asyncio.sleep(0.0005)


@asynccontextmanager
async def running(prober: Prober) -> AsyncIterator[None]:
    task = asyncio.create_task(prober.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled(), task.exception()


async def test_each_slice_of_each_target_gets_one_row_from_two_probes() -> None:
    world = World()
    async with world.measuring(ONE, TWO):
        await world.seconds(4.5)
        await until(lambda: len(world.letters()) >= 3)
    for measured in (ONE, TWO):
        assert world.letters(measured) == "ggg"
        rows = [row for row in world.rows.rows if row.lease == measured.lease]
        assert [row.index - rows[0].index for row in rows] == [0, 1, 2]
        assert {(row.probes, row.failed, row.best_ms) for row in rows} == {(2, 0, 30)}
        assert world.meter.over[measured.lease] == 3
    assert world.meter.slices == {Verdict.GOOD: 6}
    assert set(world.meter.reasons) == {ProbeReason.ANSWERED}
    assert max(world.meter.lateness) < 0.2


async def test_an_endpoint_that_fails_all_probes_is_bad_and_one_that_answers_one_is_not() -> None:
    turns = Counter[LeaseId]()

    def script(measured: Target) -> ProbeReason:
        turns[measured.lease] += 1
        answered = measured is TWO and turns[TWO.lease] % 2 == 0
        return ProbeReason.ANSWERED if answered else ProbeReason.WRONG_ANSWER

    world = World(script=script)
    async with world.measuring(ONE, TWO):
        await world.seconds(4.5)
    assert world.letters(ONE)[:3] == "bbb"
    assert world.letters(TWO)[:3] == "ggg"
    bad = next(row for row in world.rows.rows if row.lease == ONE.lease)
    assert (bad.probes, bad.failed, bad.best_ms) == (2, 2, None)
    assert bad.reason is SliceReason.WRONG_ANSWER


async def test_the_last_probe_of_each_endpoint_is_remembered_while_it_is_watched() -> None:
    reasons = {ONE.lease: ProbeReason.ANSWERED, TWO.lease: ProbeReason.UNREACHABLE}
    world = World(script=lambda measured: reasons[measured.lease])
    async with world.measuring(ONE, TWO) as prober:
        await world.seconds(2.5)
        seen = world.sightings()
        assert (seen[ONE.lease].passed, seen[ONE.lease].failures) == (True, 0)
        assert (seen[TWO.lease].passed, seen[TWO.lease].failures >= 2) == (False, True)
        last = {lease: int(at) for lease, at in world.asked}
        assert {lease: one.at for lease, one in seen.items()} == last
        reasons[ONE.lease] = ProbeReason.OWN_FAULT
        await world.seconds(1)
        assert world.sightings()[ONE.lease] == seen[ONE.lease]
        prober.set_targets([ONE])
        assert world.sightings().keys() == {ONE.lease}


async def test_while_the_control_fails_nobody_is_judged() -> None:
    world = World(script=lambda _: ProbeReason.UNREACHABLE, control_ok=False)
    async with world.measuring(ONE, TWO):
        await world.seconds(3.5)
        assert set(world.letters()) == {"u"}
        assert {row.reason for row in world.rows.rows} == {SliceReason.CONTROL_FAILED}
        world.control_ok = True
        await world.seconds(3.5)
    assert "b" in world.letters()


async def test_a_clock_that_is_off_or_was_set_makes_the_slice_unknown() -> None:
    world = World(script=lambda _: ProbeReason.UNREACHABLE, offset=5.0)
    async with world.measuring(ONE):
        await world.seconds(2.5)
        assert set(world.letters()) == {"u"}
        world.offset = 0.0
        await world.seconds(3)
        assert world.letters().endswith("b")
        before = len(world.rows.rows)
        world.clock.start += timedelta(seconds=90)
        await world.seconds(4)
    later = world.rows.rows[before:]
    assert later[0].reason is SliceReason.CLOCK_OFF
    assert later[1].index - later[0].index in (90, 91)
    assert later[-1].verdict is Verdict.BAD


async def test_a_watcher_that_was_away_knows_nothing_of_the_slices_meanwhile() -> None:
    world = World()
    async with world.measuring(ONE):
        await world.seconds(2.5)
        world.clock.pass_by(10)
        await world.seconds(3)
    indexes = [row.index for row in world.rows.rows]
    assert world.letters().strip("u") == "g" * len(world.letters().strip("u"))
    assert len(indexes) == len(set(indexes))
    missing = set(range(indexes[0], indexes[-1])) - set(indexes)
    assert len(missing) >= 8
    assert world.meter.over[ONE.lease] == indexes[-1] - indexes[0] + 1


async def test_a_slow_answer_that_outlives_its_slice_counts_in_none() -> None:
    world = World(hanging=asyncio.Event())
    async with world.measuring(ONE):
        await world.seconds(2.5)
        assert world.letters() == "u"
        assert world.hanging is not None
        world.hanging.set()
        await world.seconds(1)
    assert world.rows.rows[0].probes == 0
    assert world.rows.rows[0].reason is SliceReason.TOO_FEW_PROBES


async def test_more_probes_than_may_be_under_way_are_not_made_and_nobody_is_charged() -> None:
    world = World(hanging=asyncio.Event())
    many = [target(n, slice_seconds=1, latency_bound_ms=100) for n in range(20)]
    async with world.measuring(*many, at_once=3):
        await world.seconds(2)
        assert len(world.asked) == 3
        assert world.hanging is not None
        world.hanging.set()
        await world.seconds(2)
    assert world.meter.reasons[ProbeReason.CANCELLED] > 0
    assert not world.meter.slices[Verdict.BAD]


async def test_a_full_disk_loses_the_slice_says_so_and_measuring_goes_on() -> None:
    world = World()
    world.rows.full = True
    async with world.measuring(ONE):
        await world.seconds(3.5)
        assert world.meter.gone >= 1
        assert world.meter.slices[Verdict.UNKNOWN] == world.meter.gone
        world.rows.full = False
        await world.seconds(2.5)
    assert set(world.letters()) == {"g"}


async def test_what_is_over_when_the_watcher_is_stopped_is_written_once() -> None:
    world = World()
    world.rows.disk.clear()
    async with world.measuring(ONE):
        while world.meter.over[ONE.lease] < 3:
            await world.seconds(0.1)
        assert world.letters() == ""
        threading.Timer(0.05, world.rows.disk.set).start()
    assert world.letters() == "ggg"
    assert world.meter.slices == {Verdict.GOOD: 3}


async def test_a_disk_that_hangs_loses_what_does_not_fit_before_it_and_probes_go_on() -> None:
    world = World()
    world.rows.disk.clear()
    async with world.measuring(ONE):
        while not world.meter.gone:
            await world.seconds(0.1)
        asked = len(world.asked)
        await world.seconds(1)
        assert len(world.asked) > asked
        world.rows.disk.set()
    assert world.meter.over[ONE.lease] == len(world.letters()) + world.meter.gone


async def test_a_probe_that_breaks_the_watchers_own_code_is_nobodys_fault_and_ends_nothing() -> (
    None
):
    def script(measured: Target) -> ProbeReason:
        if measured is ONE:
            raise ZeroDivisionError
        return ProbeReason.ANSWERED

    world = World(script=script)
    async with world.measuring(ONE, TWO):
        await world.seconds(3.5)
    assert set(world.letters(ONE)) == {"u"}
    assert set(world.letters(TWO)) == {"g"}
    assert world.meter.reasons[ProbeReason.OWN_FAULT] >= 2


async def test_no_way_to_an_endpoint_is_no_fault_until_it_was_reached_once() -> None:
    world = World(script=lambda _: ProbeReason.NO_WAY)
    world.rows.answered.add(TWO.lease)
    async with world.measuring(ONE, TWO):
        await world.seconds(3)
        assert set(world.letters(ONE)) == {"u"}
        assert set(world.letters(TWO)) == {"b"}
        world.script = lambda _: ProbeReason.ANSWERED
        await world.seconds(2)
        world.script = lambda _: ProbeReason.NO_WAY
        await world.seconds(2)
    assert world.letters(ONE).endswith("b")


async def test_targets_come_and_go_while_the_rest_is_measured() -> None:
    world = World()
    async with world.measuring(ONE) as prober:
        await world.seconds(2.5)
        prober.set_targets([ONE, TWO])
        await world.seconds(3)
        prober.set_targets([TWO])
        await world.seconds(2)
    assert set(world.letters(ONE) + world.letters(TWO)) == {"g"}
    ones = [row.index for row in world.rows.rows if row.lease == ONE.lease]
    twos = [row.index for row in world.rows.rows if row.lease == TWO.lease]
    assert min(ones) < min(twos) <= max(ones) < max(twos)


async def test_in_real_time_a_good_endpoint_is_good_and_a_broken_one_bad(tmp_path: Path) -> None:
    clock = SystemClock()
    stalls = Stalls(clock)
    meter = FakeMeter()
    async with (
        fake.serving() as good,
        fake.serving() as broken,
        Probes(guard=GuardWithLoopback(), clock=clock, stalls=stalls) as probes,
    ):
        broken.behave = fake.status(500)
        quick = {"slice_seconds": 2, "latency_bound_ms": 400}
        targets = [
            replace(fake.leased(each.target(), number), **quick)
            for number, each in enumerate((good, broken))
        ]

        async def check() -> bool:
            return True

        with SliceLedger(tmp_path / "slices.sqlite") as ledger:
            prober = Prober(
                asker=probes,
                rows=ledger,
                meter=meter,
                sightings=Sightings(),
                clock=clock,
                doubts=Doubts(
                    control=Control(clock=clock, echo=check),
                    clock=ClockWatch(clock, offset=lambda: None),
                    stalls=stalls,
                ),
                random=Random(5).random,  # noqa: S311 - moments of probes
            )
            prober.set_targets(targets)
            async with running(prober):
                wanted = {Verdict.GOOD, Verdict.BAD}
                await until(lambda: meter.slices.keys() >= wanted, within_seconds=40)
            seen = {(row.lease[-1], row.verdict) for row in ledger.between(0, 2**40)}
    assert (0, Verdict.GOOD) in seen
    assert (1, Verdict.BAD) in seen
    assert not seen & {(0, Verdict.BAD), (1, Verdict.GOOD)}
