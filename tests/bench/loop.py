"""The measuring loop as a watcher has it: echo, control, guard and ledger, told of no chain."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from modelbond.runtime.clock import SystemClock
from modelbond.watcher import echo
from modelbond.watcher.clock_watch import ClockWatch
from modelbond.watcher.control import Control
from modelbond.watcher.guard import Guard
from modelbond.watcher.judging import Doubts
from modelbond.watcher.ledger import SliceLedger
from modelbond.watcher.names import Lookup, addresses_of
from modelbond.watcher.ports import Meter
from modelbond.watcher.probe import Probes
from modelbond.watcher.prober import Prober
from modelbond.watcher.sightings import Sightings
from modelbond.watcher.stalls import Stalls


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A running loop, which has no targets yet, and what it writes."""

    prober: Prober
    ledger: SliceLedger


@asynccontextmanager
async def measuring(
    folder: Path, *, guard: Guard, meter: Meter, lookup: Lookup = addresses_of
) -> AsyncIterator[Loop]:
    """Measure until the block ends; the ledger lies in the folder."""
    clock = SystemClock()
    stalls, identity = Stalls(clock), echo.fresh_identity()
    async with (
        Probes(guard=guard, clock=clock, stalls=stalls, lookup=lookup) as probes,
        Probes(guard=echo.OwnEchoOnly(), clock=clock, stalls=stalls) as own,
        echo.serving(identity) as port,
    ):
        check = echo.echo_check(own, echo.echo_target(identity.public_key, port=port))
        doubts = Doubts(
            control=Control(clock=clock, echo=check),
            clock=ClockWatch(clock, offset=lambda: None),
            stalls=stalls,
        )
        with SliceLedger(folder / "slices.sqlite") as ledger:
            prober = Prober(
                asker=probes,
                rows=ledger,
                meter=meter,
                sightings=Sightings(),
                clock=clock,
                doubts=doubts,
                random=random.random,
            )
            async with _running(prober):
                yield Loop(prober=prober, ledger=ledger)


@asynccontextmanager
async def _running(prober: Prober) -> AsyncIterator[None]:
    task = asyncio.create_task(prober.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.result()
