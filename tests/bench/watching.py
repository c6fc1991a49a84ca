"""The two who ask: the watcher's measuring loop as it stands, and bare aiohttp at the same pace."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from pathlib import Path

import aiohttp

from bench import crowd
from bench.stopwatch import PACE_SECONDS, Phase, Plan, Stopwatch
from modelbond.runtime.clock import SystemClock
from modelbond.watcher import echo
from modelbond.watcher.clock_watch import ClockWatch
from modelbond.watcher.control import Control
from modelbond.watcher.inference import infer_path, question_of
from modelbond.watcher.judging import Doubts
from modelbond.watcher.ledger import SliceLedger
from modelbond.watcher.means import keep_tls_buffers_small
from modelbond.watcher.probe import Probes
from modelbond.watcher.prober import Prober
from modelbond.watcher.stalls import Stalls

SLICE_SECONDS = 2 * PACE_SECONDS


def watched(plan: Plan) -> list[Phase]:
    """Run the measuring loop, with its echo, its control and its ledger."""
    return asyncio.run(_watched(plan))


def asked_barely(plan: Plan) -> list[Phase]:
    """Send the same requests at the same pace and read the answers: nothing more."""
    return asyncio.run(_asked_barely(plan))


async def _watched(plan: Plan) -> list[Phase]:
    clock = SystemClock()
    stalls = Stalls(clock)
    watch = Stopwatch()
    idle = watch.cut("nothing yet")
    identity = echo.fresh_identity()
    async with (
        Probes(
            guard=crowd.GuardWithLoopback(), clock=clock, stalls=stalls, lookup=crowd.lookup
        ) as probes,
        Probes(guard=echo.OwnEchoOnly(), clock=clock, stalls=stalls) as own,
        echo.serving(identity) as own_port,
    ):
        own_target = echo.echo_target(identity.public_key, port=own_port)
        control = Control(clock=clock, echo=echo.echo_check(own, own_target))
        doubts = Doubts(
            control=control, clock=ClockWatch(clock, offset=lambda: None), stalls=stalls
        )
        with (
            tempfile.TemporaryDirectory() as folder,
            SliceLedger(Path(folder) / "slices.sqlite") as ledger,
        ):
            prober = Prober(
                asker=probes,
                rows=ledger,
                meter=watch.tally,
                clock=clock,
                doubts=doubts,
                random=random.random,
            )
            targets = crowd.targets(plan.count, port=plan.port, public_key=plan.public_key)
            prober.set_targets(targets)
            running = asyncio.create_task(prober.run())
            phases = await _phases(plan, watch)
            running.cancel()
            await asyncio.wait({running})
    return [idle, *phases]


async def _phases(plan: Plan, watch: Stopwatch) -> list[Phase]:
    """Wait for a whole slice in which all connect, and for what comes after it."""
    await asyncio.sleep(SLICE_SECONDS - time.time() % SLICE_SECONDS)
    watch.cut("")
    await asyncio.sleep(SLICE_SECONDS)
    connecting = watch.cut("connecting")
    await asyncio.sleep(plan.seconds)
    return [connecting, watch.cut("resting connections")]


async def _asked_barely(plan: Plan) -> list[Phase]:
    keep_tls_buffers_small()  # as the watcher does: else the reference would take gigabytes
    watch = Stopwatch()
    idle = watch.cut("nothing yet")
    question = question_of(crowd.canary())
    body, headers = question.body, question.headers
    path = infer_path(echo.MODEL)
    connector = aiohttp.TCPConnector(
        limit=0,
        resolver=crowd.ToLoopback(),
        use_dns_cache=False,
        keepalive_timeout=65,
        ssl=False,
    )
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

        async def ask(number: int, due: float) -> None:
            url = f"https://t{number % plan.count}.{crowd.DOMAIN}:{plan.port}{path}"
            began = time.monotonic()
            watch.tally.late(began - due)
            try:
                async with session.post(url, data=body, headers=headers) as response:
                    await response.read()
                watch.tally.reasons[str(response.status)] += 1
            except aiohttp.ClientError as failure:
                watch.tally.reasons[type(failure).__name__] += 1
            watch.tally.seconds.append(time.monotonic() - began)

        begin, step = time.monotonic(), PACE_SECONDS / plan.count
        phases = [idle]
        # Everybody twice while connecting, as in a slice.
        titles = {2 * plan.count: "connecting"}
        last = 2 * plan.count + int(plan.seconds / step)
        async with asyncio.TaskGroup() as tasks:
            for number in range(last):
                due = begin + number * step
                await asyncio.sleep(max(due - time.monotonic(), 0))
                tasks.create_task(ask(number, due))
                if number in titles:
                    phases.append(watch.cut(titles[number]))
        return [*phases, watch.cut("resting connections")]
