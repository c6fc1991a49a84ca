"""An exporter that lives through an outage: one slice at every scrape.

What it exposes comes from the classes that the watcher and the home use; only the world that they
count is made up. Run as a program it prints its port, then serves.
"""

import asyncio
from collections.abc import Iterable

from aiohttp import web

from modelbond.adapters.chain.pool import IN_SERVICE
from modelbond.adapters.chain.rpc import CALLS
from modelbond.runtime.lease_metrics import LEASES
from modelbond.settlement.units import SliceCount, Wei
from modelbond.sla.budget import Budget, counts_of
from modelbond.sla.lease_view import Credited, LeaseView
from modelbond.sla.verdict import ProbeReason, Verdict
from modelbond.watcher.metrics import TargetLabels, WatcherMetrics
from modelbond.watcher.metrics_page import metrics_page
from modelbond.watcher.reporting_ports import FrameOutcome

SLICE_SECONDS = 60
SLICES_OF_A_FRAME = 10
FRAMES_UNTIL_SETTLED = 1
CREDIT_PER_SLICE = 1_000_000
BOUND_SECONDS = 1.0
BUDGET = Budget(period=SliceCount(1000), allowance=SliceCount(3))

WELL, BROKEN, UNSEEN = "alpha", "beta", "gamma"
OUTAGE = range(20, 35)
BLIND = range(30, 100_000)

_REASONS = {
    Verdict.GOOD: ProbeReason.ANSWERED,
    Verdict.BAD: ProbeReason.UNREACHABLE,
    Verdict.UNKNOWN: ProbeReason.OWN_FAULT,
}


def verdict_of(host: str, index: int) -> Verdict:
    """Return what is true of a slice: beta breaks and comes back, gamma is lost from sight."""
    if host == BROKEN and index in OUTAGE:
        return Verdict.BAD
    return Verdict.UNKNOWN if host == UNSEEN and index in BLIND else Verdict.GOOD


class World:
    """Three leases of one deployment, one watcher, and a chain that follows."""

    def __init__(self) -> None:
        self.watcher = WatcherMetrics()
        self._slices = dict.fromkeys((WELL, BROKEN, UNSEEN), "")
        for host in self._slices:
            self.watcher.begin(
                _labels(host),
                bound_seconds=BOUND_SECONDS,
                period=BUDGET.period,
                allowance=BUDGET.allowance,
            )
        self.watcher.targets(len(self._slices))
        LEASES.watch(self._leases)
        IN_SERVICE.labels("first").set(1)
        IN_SERVICE.labels("second").set(0)

    def step(self) -> None:
        """Let a slice pass."""
        for host in self._slices:
            self._judge(host)
        CALLS.labels("first", "eth_call", "ok").inc()
        CALLS.labels("second", "eth_call", "<error>").inc()
        if self._index % SLICES_OF_A_FRAME == 0:
            self.watcher.frame(FrameOutcome.REPORTED)

    @property
    def _index(self) -> int:
        return len(self._slices[WELL])

    def _judge(self, host: str) -> None:
        labels, verdict = _labels(host), verdict_of(host, len(self._slices[host]))
        for share in (0.2, 0.4):
            seconds = BOUND_SECONDS * share
            self.watcher.probe(labels, _REASONS[verdict], seconds, BOUND_SECONDS)
        self.watcher.slice(labels, verdict)
        self.watcher.expected(labels)
        self._slices[host] += verdict.value
        known = sum(letter in "gb" for letter in self._slices[host])
        self.watcher.coverage(labels, known=known, expected=len(self._slices[host]))

    def _leases(self) -> Iterable[LeaseView]:
        for host, letters in self._slices.items():
            reported = self._index - self._index % SLICES_OF_A_FRAME
            settled = max(0, reported - FRAMES_UNTIL_SETTLED * SLICES_OF_A_FRAME)
            yield LeaseView(
                namespace="models",
                name="llama",
                host=host,
                epoch=1,
                budget=BUDGET,
                counts=counts_of(letters, slice_seconds=SLICE_SECONDS),
                escrow_remaining_seconds=86_400 - self._index * SLICE_SECONDS,
                local=_credited(letters[:reported]),
                chain=_credited(letters[:settled]),
            )


def _labels(host: str) -> TargetLabels:
    return TargetLabels(home="home", namespace="models", name="llama", host=host)


def _credited(letters: str) -> Credited:
    breach = max(0, letters.count("b") - BUDGET.allowance)
    return Credited(breach=SliceCount(breach), credit=Wei(breach * CREDIT_PER_SLICE))


async def serve() -> None:
    """Serve until killed."""
    world = World()
    page = metrics_page(world.watcher)

    async def scraped(request: web.Request) -> web.StreamResponse:
        world.step()
        return await page(request)

    application = web.Application()
    application.router.add_get("/metrics", scraped)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
