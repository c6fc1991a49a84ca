"""The two who ask: the watcher's measuring loop as it stands, and bare aiohttp at the same pace."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import aiohttp

from bench import crowd
from bench.loop import measuring
from bench.stopwatch import PACE_SECONDS, Phase, Plan, Stopwatch
from modelbond.sla.inference import infer_path
from modelbond.watcher import echo
from modelbond.watcher.inference import question_of
from modelbond.watcher.means import keep_tls_buffers_small
from modelbond.watcher.probe import KEEP_ALIVE_SECONDS
from modelbond.watcher.prober import PROBES_AT_ONCE

SLICE_SECONDS = 2 * PACE_SECONDS
# Ten thousand handshakes: where they do not fit into the first slice, they do into the second.
CONNECTING_SLICES = 2


def watched(plan: Plan) -> list[Phase]:
    """Run the measuring loop, with its echo, its control and its ledger."""
    return asyncio.run(_watched(plan))


def asked_barely(plan: Plan) -> list[Phase]:
    """Send the same requests at the same pace and read the answers: nothing more."""
    return asyncio.run(_asked_barely(plan))


async def _watched(plan: Plan) -> list[Phase]:
    watch = Stopwatch()
    idle = watch.cut("nothing yet")
    with tempfile.TemporaryDirectory() as folder:
        async with measuring(
            Path(folder), guard=crowd.GuardWithLoopback(), meter=watch.tally, lookup=crowd.lookup
        ) as loop:
            targets = crowd.targets(plan.count, port=plan.port, public_key=plan.public_key)
            loop.prober.set_targets(targets)
            return [idle, *await _phases(plan, watch)]


async def _phases(plan: Plan, watch: Stopwatch) -> list[Phase]:
    """Wait for the slices in which all connect, and for what comes after them."""
    await asyncio.sleep(SLICE_SECONDS - time.time() % SLICE_SECONDS)
    watch.cut("")
    await asyncio.sleep(CONNECTING_SLICES * SLICE_SECONDS)
    connecting = watch.cut("connecting")
    await asyncio.sleep(plan.seconds)
    return [connecting, watch.cut("resting connections")]


async def _asked_barely(plan: Plan) -> list[Phase]:
    keep_tls_buffers_small()  # as the watcher does: else the reference would take gigabytes
    connector = aiohttp.TCPConnector(
        limit=PROBES_AT_ONCE,
        resolver=crowd.ToLoopback(),
        use_dns_cache=False,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        ssl=False,
    )
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        return await _Bare(plan, session).phases()


class _Bare:
    """Requests one after the other, each at its moment."""

    def __init__(self, plan: Plan, session: aiohttp.ClientSession) -> None:
        self._plan, self._session = plan, session
        self._watch = Stopwatch()
        self._question = question_of(crowd.canary())
        self._path = infer_path(echo.MODEL)

    async def phases(self) -> list[Phase]:
        """Ask for as many slices as all connect in, and then for as long as planned."""
        idle = self._watch.cut("nothing yet")
        connected = 2 * self._plan.count * CONNECTING_SLICES
        last = connected + self._plan.count * self._plan.seconds // PACE_SECONDS
        begin = time.monotonic()
        await self._ask_all(range(connected), begin)
        connecting = self._watch.cut("connecting")
        await self._ask_all(range(connected, last), begin)
        return [idle, connecting, self._watch.cut("resting connections")]

    async def _ask_all(self, numbers: range, begin: float) -> None:
        async with asyncio.TaskGroup() as tasks:
            for number in numbers:
                due = begin + number * PACE_SECONDS / self._plan.count
                await asyncio.sleep(max(due - time.monotonic(), 0))
                tasks.create_task(self._ask(number % self._plan.count, due))

    async def _ask(self, number: int, due: float) -> None:
        tally, began = self._watch.tally, time.monotonic()
        tally.late(began - due)
        url = f"https://t{number}.{crowd.DOMAIN}:{self._plan.port}{self._path}"
        body, headers = self._question.body, self._question.headers
        try:
            async with self._session.post(url, data=body, headers=headers) as response:
                await response.read()
            tally.reasons[str(response.status)] += 1
        except aiohttp.ClientError as failure:
            tally.reasons[type(failure).__name__] += 1
        tally.seconds.append(time.monotonic() - began)
