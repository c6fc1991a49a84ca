"""A week at a watcher whose network loses one question in a hundred: nobody is charged for it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

import pytest

from fakes.clocks import LeapingClock
from fakes.frames import FIRST, FRAME, HOUR, LEASE, SLICES, carried, facts, inputs
from fakes.targets import target
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.units import LeaseId, SliceCount, SliceIndex
from modelbond.sla.canary import Canary
from modelbond.sla.evidence import NO_REPORT, Measured
from modelbond.sla.tally import tally
from modelbond.sla.verdict import Probe, ProbeReason, SliceReason, Verdict
from modelbond.watcher import prober
from modelbond.watcher.clock_watch import ClockWatch
from modelbond.watcher.control import Control
from modelbond.watcher.judging import Doubts
from modelbond.watcher.ledger import SliceRow
from modelbond.watcher.prober import Prober
from modelbond.watcher.sightings import Sightings
from modelbond.watcher.stalls import Stalls
from modelbond.watcher.target import Target

MINUTE = 60
DAY, WEEK = 24 * SLICES, 7 * 24 * SLICES
BEGIN = FIRST * MINUTE
ONE_IN_A_HUNDRED = 0.01


@pytest.fixture(autouse=True)
def in_leaps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look only when something is due; the control is asked as often as probes can follow."""
    monkeypatch.setattr(prober, "_LONGEST_SLEEP_SECONDS", MINUTE)
    monkeypatch.setattr(prober, "_CONTROL_SECONDS", MINUTE / 4)
    monkeypatch.setattr(prober, "_CONTROL_SHARE", 1 / 4)


@dataclass
class Network:
    """What lies between a watcher and everybody else; while it is cut, nothing comes through."""

    clock: LeapingClock
    loses: float
    cuts: Sequence[range] = ()
    random: Random = field(default_factory=lambda: Random(3))  # noqa: S311 - what is lost
    lost: int = 0

    async def probe(self, _: Target, __: Canary) -> Probe:
        through = await self.passes()
        self.lost += not through
        reason = ProbeReason.ANSWERED if through else ProbeReason.UNREACHABLE
        return Probe(at=self.clock.time, reason=reason, seconds=0.03)

    async def passes(self) -> bool:
        cut = any(int(self.clock.time) in each for each in self.cuts)
        return not cut and self.random.random() >= self.loses


@dataclass
class Seen:
    """The ledger and the numbers of one watcher, in memory."""

    rows: list[SliceRow] = field(default_factory=list)
    over: int = 0
    counted: Counter[Verdict] = field(default_factory=Counter)

    def append(self, rows: Sequence[SliceRow]) -> int:
        self.rows.extend(rows)
        return len(rows)

    def answered_leases(self) -> set[LeaseId]:
        return set()

    def slice(self, _: Target, verdict: Verdict) -> None:
        self.counted[verdict] += 1

    def expected(self, _: Target, slices: int) -> None:
        self.over += slices

    def probe(self, _: Target, reason: ProbeReason, seconds: float) -> None:
        pass

    def late(self, seconds: float) -> None:
        assert seconds < 1

    def lost(self, slices: int) -> None:
        raise AssertionError(f"{slices} slices were not written")

    @property
    def letters(self) -> str:
        return "".join(row.verdict for row in self.rows)

    def idle(self) -> bool:
        """Tell whether every slice that is over was written down."""
        return self.counted.total() == self.over


async def measured(network: Network, *, slices: int) -> Seen:
    """Measure one healthy endpoint through that network, for so many slices."""
    clock, seen = network.clock, Seen()
    doubts = Doubts(
        control=Control(clock=clock, echo=answers, peers=[network.passes, network.passes]),
        clock=ClockWatch(clock, offset=lambda: 0.0),
        stalls=Stalls(clock),
    )
    loop = Prober(
        asker=network,
        rows=seen,
        meter=seen,
        sightings=Sightings(),
        clock=clock,
        doubts=doubts,
        random=Random(5).random,  # noqa: S311 - moments of probes
        sleep=clock.sleep,
    )
    loop.set_targets([target(1, first=FIRST)])
    task = asyncio.create_task(loop.run())
    await clock.leap_to(BEGIN + slices * MINUTE, idle=seen.idle)
    task.cancel()
    await asyncio.wait({task})
    return seen


async def answers() -> bool:
    return True


def charged(*watchers: str) -> Measured:
    """Return what reports say in the end, frame after frame; no bad slice is free."""
    lease = facts(allowance=SliceCount(0), end=SliceIndex(FIRST + WEEK))
    previous = NO_REPORT
    for frame in range(len(watchers[0]) // SLICES):
        part = slice(frame * SLICES, (frame + 1) * SLICES)
        seen = inputs(
            [letters[part] for letters in watchers],
            lease=lease,
            previous=previous,
            frame=FRAME + frame,
        )
        previous = carried(tally(seen).leases[LEASE])
    return previous.result.leases[LEASE]


def network(loses: float, cuts: Sequence[range] = ()) -> Network:
    return Network(LeapingClock(float(BEGIN - 1)), loses=loses, cuts=cuts)


async def test_without_loss_every_slice_is_good() -> None:
    whole = await measured(network(0), slices=DAY)
    assert whole.letters == "g" * DAY


async def test_a_week_with_one_in_a_hundred_lost_at_one_watcher_charges_nobody() -> None:
    lossy = network(ONE_IN_A_HUNDRED)
    lost = await measured(lossy, slices=WEEK)
    assert len(lost.letters) == WEEK
    assert 150 < lossy.lost < 250
    assert 0 < lost.letters.count("b") < 5
    assert lost.letters.count("u") < 5
    week = charged(lost.letters, "g" * WEEK, "g" * WEEK)
    assert week.leaf == Leaf(through=SliceCount(WEEK), unearned=SliceCount(0), breach=SliceCount(0))
    assert (week.bad, week.unknown) == (0, 0)
    beside_one_that_is_away = charged(lost.letters, "g" * WEEK, "u" * WEEK)
    assert beside_one_that_is_away.bad == 0
    assert beside_one_that_is_away.unknown == lost.letters.count("b")


async def test_a_watcher_that_is_cut_off_itself_knows_nothing_and_calls_nobody_bad() -> None:
    cuts = [range(BEGIN + n * 7 * HOUR + 100, BEGIN + n * 7 * HOUR + 1000) for n in range(3)]
    lossy = network(ONE_IN_A_HUNDRED, cuts)
    lost = await measured(lossy, slices=DAY)
    within = [row for row in lost.rows if any(row.index * MINUTE in cut for cut in cuts)]
    assert len(within) == 3 * 15
    assert {(row.verdict, row.reason) for row in within} == {
        (Verdict.UNKNOWN, SliceReason.CONTROL_FAILED)
    }
    assert "b" not in lost.letters
    assert 45 <= lost.letters.count("u") < 55
    day = charged(lost.letters, "g" * DAY, "g" * DAY)
    assert (day.bad, day.unknown, day.leaf.unearned) == (0, 0, 0)
