"""Sending reports, and what became of frames: each once, and whatever goes wrong is tried again."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from fakes.clocks import ManualClock
from fakes.exchanged import report
from fakes.frames import FRAME
from fakes.polling import until
from fakes.watchers import Meter
from modelbond.errors import ActionPending, ChainUnreachable, Reverted
from modelbond.settlement.report import NO_ROOT, Report
from modelbond.settlement.units import FrameIndex
from modelbond.sla.standing import Standing
from modelbond.watcher.frame_outcomes import FrameOutcomes
from modelbond.watcher.posting import Poster
from modelbond.watcher.reporting_ports import FrameOutcome

SIGNATURES = {0: bytes(65)}


@dataclass(slots=True)
class Chain:
    """A tower's head, and a PostPort that fails as told."""

    newest: int = FRAME - 1
    failure: Exception | None = None
    blocked: bool = False
    posted: list[Report] = field(default_factory=list)

    async def newest_frame(self) -> FrameIndex:
        return FrameIndex(self.newest)

    async def post(self, made: Report, signatures: Mapping[int, bytes]) -> None:
        assert signatures == SIGNATURES
        self.posted.append(made)
        if self.blocked:
            await asyncio.sleep(3600)
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def chain() -> Chain:
    return Chain()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(100)


@pytest.fixture
def poster(chain: Chain, clock: ManualClock) -> Poster:
    return Poster(tower=chain, post=chain, clock=clock, pause_seconds=5)  # type: ignore[arg-type]


async def ended(poster: Poster) -> None:
    await until(lambda: not poster._attempts.under_way)


async def test_a_report_is_sent_once_while_it_is_under_way(poster: Poster, chain: Chain) -> None:
    chain.blocked = True
    poster.begin(report(), SIGNATURES)
    await until(lambda: chain.posted)
    poster.begin(report(), SIGNATURES)
    assert poster.busy == {report()}
    poster.begin(report(round_=2), SIGNATURES)
    await until(lambda: len(chain.posted) == 2)
    assert chain.posted == [report(), report(round_=2)]
    await poster.close()
    await ended(poster)


@pytest.mark.parametrize(
    "failure",
    [
        None,
        Reverted("WatchTowerFrameNotNewer"),
        ActionPending(once="post", what="not final yet"),
        ChainUnreachable("no RPC answers"),
        RuntimeError("our own mistake"),
    ],
)
async def test_however_it_ended_it_is_tried_again_after_a_pause_if_it_is_asked_for(
    poster: Poster, chain: Chain, clock: ManualClock, failure: Exception | None
) -> None:
    chain.failure = failure
    poster.begin(report(), SIGNATURES)
    await ended(poster)
    poster.begin(report(), SIGNATURES)
    assert poster.busy == {report()}
    assert len(chain.posted) == 1
    clock.time += 5
    assert poster.busy == frozenset()
    poster.begin(report(), SIGNATURES)
    await ended(poster)
    assert len(chain.posted) == 2


async def test_nothing_is_sent_where_somebody_was_quicker(poster: Poster, chain: Chain) -> None:
    chain.newest = FRAME
    poster.begin(report(), SIGNATURES)
    await ended(poster)
    assert chain.posted == []


async def test_a_watcher_without_a_paying_key_sends_nothing(
    chain: Chain, clock: ManualClock
) -> None:
    poster = Poster(tower=chain, post=None, clock=clock, pause_seconds=5)  # type: ignore[arg-type]
    poster.begin(report(), SIGNATURES)
    assert poster.busy == frozenset()
    await poster.close()


def standing(frame: int) -> Standing:
    return Standing(seq=1, frame=FrameIndex(frame), root=NO_ROOT, data_hash=NO_ROOT)


def test_frames_are_counted_by_what_became_of_them() -> None:
    meter = Meter()
    outcomes = FrameOutcomes(meter)
    outcomes.stands(standing(5))
    assert meter.frames == []
    outcomes.is_empty(FrameIndex(7))
    outcomes.stands(standing(8))
    assert meter.frames == [FrameOutcome.MISSED, FrameOutcome.EMPTY, FrameOutcome.REPORTED]
    outcomes.stands(standing(6))
    outcomes.stands(standing(8))
    assert len(meter.frames) == 3


def test_the_lag_counts_frames_of_which_there_is_something_to_report() -> None:
    meter = Meter()
    outcomes = FrameOutcomes(meter)
    outcomes.is_empty(FrameIndex(7))
    assert outcomes.lags([FrameIndex(frame) for frame in (6, 7, 8)]) == meter.lag == 2
    for frame in range(10_000, 12_000):
        outcomes.is_empty(FrameIndex(frame))
    assert len(outcomes._empty) == 1_000
