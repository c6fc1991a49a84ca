"""Scripts played by real endpoints, in real time, before the watcher and before the exporter."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from aiohttp import web

from bench.accuracy.blackbox import Blackbox, blackbox
from bench.accuracy.scripts import Fault, Sample, Script
from bench.loop import Loop, measuring
from bench.stopwatch import Tally
from fakes import endpoint as fake
from fakes.endpoint import Behave, Endpoint, GuardWithLoopback, leased
from fakes.polling import until
from modelbond.settlement.units import SliceIndex
from modelbond.sla.inference import infer_path
from modelbond.sla.verdict import Verdict
from modelbond.watcher import echo
from modelbond.watcher.target import Target

SLICE_SECONDS = 2
BOUND_MS = 500
SAMPLES_A_SLICE = 2
SAMPLE_SECONDS = 1.0
"""After so long the exporter gives up: twice the bound, as the watcher would in longer slices."""

_SLOW_SECONDS = 2 * SAMPLE_SECONDS
# Slices before the first that counts: everybody connects, and the loop plans it.
_BEFORE = 3
_PATIENCE_SECONDS = 60.0

_FAULTS: dict[Fault, Behave] = {
    Fault.ERROR: fake.status(500),
    Fault.RESET: fake.reset,
    Fault.SLOW: fake.after(_SLOW_SECONDS),
    Fault.OTHER_MODEL: fake.another_answer,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A script with what both instruments saw: a letter for each slice, and all samples."""

    script: Script
    letters: str
    samples: Sequence[Sample]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """One endpoint with its script, which begins with that slice."""

    script: Script
    target: Target
    begins: SliceIndex

    def moment(self) -> float:
        """Return how many slices have passed since the script began."""
        return time.time() / SLICE_SECONDS - self.begins

    async def behave(self, request: web.Request) -> web.StreamResponse:
        """Answer as the script has it for this moment."""
        down = self.script.is_down(self.moment())
        return await (_FAULTS[self.script.fault] if down else echo.echo)(request)


async def played(scripts: Sequence[Script], *, folder: Path) -> list[Played]:
    """Play all scripts at once; files of the run are left in the folder."""
    async with AsyncExitStack() as stack:
        endpoints = [await stack.enter_async_context(fake.serving()) for _ in scripts]
        second = await stack.enter_async_context(blackbox(folder, timeout_seconds=SAMPLE_SECONDS))
        loop = await stack.enter_async_context(
            measuring(folder, guard=GuardWithLoopback(), meter=Tally())
        )
        stages = _staged(scripts, endpoints)
        loop.prober.set_targets(stage.target for stage in stages)
        samples = await asyncio.gather(
            *(
                _sampled(stage, second, phase=place / len(stages))
                for place, stage in enumerate(stages)
            )
        )
        await _written(loop, stages)
        return [
            Played(script=stage.script, letters=_letters(loop, stage), samples=seen)
            for stage, seen in zip(stages, samples, strict=True)
        ]


def _staged(scripts: Sequence[Script], endpoints: Sequence[Endpoint]) -> list[_Stage]:
    begins = SliceIndex(int(time.time()) // SLICE_SECONDS + _BEFORE)
    stages = []
    for place, (script, endpoint) in enumerate(zip(scripts, endpoints, strict=True)):
        target = replace(
            leased(endpoint.target(), place),
            slice_seconds=SLICE_SECONDS,
            latency_bound_ms=BOUND_MS,
            first=SliceIndex(begins - 1),
        )
        stages.append(stage := _Stage(script=script, target=target, begins=begins))
        endpoint.behave = stage.behave
    return stages


async def _sampled(stage: _Stage, second: Blackbox, *, phase: float) -> list[Sample]:
    """Ask at an even pace from the script's beginning to its end, whatever is under way."""
    asked = []
    async with asyncio.TaskGroup() as tasks:
        for number in range(SAMPLES_A_SLICE * stage.script.slices):
            due = (number + phase) / SAMPLES_A_SLICE
            await asyncio.sleep(max(due - stage.moment(), 0) * SLICE_SECONDS)
            asked.append(tasks.create_task(_sample(stage, second)))
    return [task.result() for task in asked]


async def _sample(stage: _Stage, second: Blackbox) -> Sample:
    asked = stage.moment()
    up = await second.is_up(f"https://{stage.target.place}{infer_path(stage.target.model_name)}")
    return Sample(asked=asked, answered=stage.moment(), up=up)


async def _written(loop: Loop, stages: Sequence[_Stage]) -> None:
    """Wait until the last slice of all is in the ledger, or one after it."""
    last = max(stage.begins + stage.script.slices for stage in stages) * SLICE_SECONDS
    await until(
        lambda: loop.ledger.between(last - 1, last + 3600), within_seconds=_PATIENCE_SECONDS
    )


def _letters(loop: Loop, stage: _Stage) -> str:
    """Return the ledger's letters; a slice without a row is unknown."""
    end = stage.begins + stage.script.slices
    rows = loop.ledger.between(stage.begins * SLICE_SECONDS, end * SLICE_SECONDS)
    seen = {row.index: row.verdict for row in rows if row.lease == stage.target.lease}
    slices = range(stage.begins, end)
    return "".join(seen.get(SliceIndex(index), Verdict.UNKNOWN) for index in slices)
