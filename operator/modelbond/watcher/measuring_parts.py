"""The measuring half of a watcher, put together: probes, its doubts of itself, and the loop."""

import random
from contextlib import AsyncExitStack
from dataclasses import dataclass

from modelbond.errors import Refused
from modelbond.runtime.clock import SystemClock
from modelbond.watcher import echo
from modelbond.watcher.clock_watch import ClockWatch
from modelbond.watcher.config import WatcherConfig
from modelbond.watcher.control import Control, Peers
from modelbond.watcher.guard import Guard
from modelbond.watcher.judging import Doubts
from modelbond.watcher.ledger import SliceLedger
from modelbond.watcher.meter import TargetMeter
from modelbond.watcher.probe import Probes
from modelbond.watcher.prober import Prober
from modelbond.watcher.sightings import Sightings
from modelbond.watcher.stalls import Stalls


@dataclass(slots=True)
class ChainDrift:
    """By how much the own clock is behind the chain's: no block is of the future."""

    seconds: float | None = None


async def measuring(  # noqa: PLR0913 - the parts that it is put together from
    config: WatcherConfig,
    *,
    ledger: SliceLedger,
    meter: TargetMeter,
    sightings: Sightings,
    clock: SystemClock,
    drift: ChainDrift,
    stack: AsyncExitStack,
) -> Prober:
    """Return the prober of this configuration; what must be closed is on the stack."""
    stalls, identity = Stalls(clock), echo.fresh_identity()
    guard = _guard(config)
    probes = await stack.enter_async_context(Probes(guard=guard, clock=clock, stalls=stalls))
    own = await stack.enter_async_context(
        Probes(guard=echo.OwnEchoOnly(), clock=clock, stalls=stalls)
    )
    port = await stack.enter_async_context(echo.serving(identity))
    peers = await stack.enter_async_context(Peers([f"{one.url}/v1/status" for one in config.peers]))
    control = Control(
        clock=clock,
        echo=echo.echo_check(own, echo.echo_target(identity.public_key, port=port)),
        peers=peers.checks(),
    )
    return Prober(
        asker=probes,
        rows=ledger,
        meter=meter,
        sightings=sightings,
        clock=clock,
        doubts=Doubts(
            control=control, clock=ClockWatch(clock, offset=lambda: drift.seconds), stalls=stalls
        ),
        random=random.random,
    )


def _guard(config: WatcherConfig) -> Guard:
    try:
        return Guard.parse(config.private_ranges)
    except ValueError as failure:
        raise Refused(f"privateRanges: {failure}") from failure
