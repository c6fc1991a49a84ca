"""The running watcher: what it does again and again until it is told to stop."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

from modelbond.errors import ModelbondError
from modelbond.watcher.assembly import Watcher, assembled
from modelbond.watcher.config import WatcherConfig
from modelbond.watcher.means import open_many_files
from modelbond.watcher.meter import Watched

_log = logging.getLogger(__name__)

_PRUNE_SECONDS = 3600.0


async def watch(config: WatcherConfig, *, new_record: bool = False) -> None:
    """Watch until SIGTERM or SIGINT; Refused names what is wrong with the configuration."""
    open_many_files()
    async with AsyncExitStack() as stack:
        watcher = await assembled(config, stack=stack, new_record=new_record)
        await _until_stopped(_Running(watcher).tasks())


class _Running:
    """The loops of one watcher."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def tasks(self) -> Mapping[str, Awaitable[None]]:
        """Return what runs until the process stops; one that dies ends the process."""
        watcher, config = self._watcher, self._watcher.config
        made: dict[str, Awaitable[None]] = {
            "measuring": watcher.prober.run(),
            "targets": self._again(self._look, seconds=config.look_seconds),
            "clock": self._again(self._compare_clocks, seconds=config.chain.poll_seconds),
            "pruning": self._again(self._prune, seconds=_PRUNE_SECONDS),
            "reporting": watcher.reporting.reporter.run(),
            "exchange": watcher.reporting.exchange.run(step=watcher.reporting.step),
        }
        if watcher.acting is not None:
            made["paying"] = self._again(self._pay, seconds=config.chain.poll_seconds)
        return made

    async def _again(self, do: Callable[[], Awaitable[None]], *, seconds: float) -> None:
        while True:
            try:
                await do()
            except ModelbondError as failure:
                _log.warning(
                    "tried again later", extra={"what": do.__name__, "reason": str(failure)}
                )
            await asyncio.sleep(seconds)

    async def _look(self) -> None:
        """Take the targets as homes and chain have them now: what has an open lease is probed."""
        leases = await self._watcher.tower.open_leases()
        found = await self._watcher.targets.look(leases)
        offers = {one.lease: leases[one.lease].offer for one in found}
        self._watcher.meter.set_targets(
            Watched(
                target=one,
                period=offers[one.lease].period,
                allowance=offers[one.lease].allowance,
            )
            for one in found
        )
        self._watcher.prober.set_targets(found)

    async def _compare_clocks(self) -> None:
        watcher = self._watcher
        newest = await watcher.chain.chain.blocks.newest_time()
        watcher.drift.seconds = min(0.0, watcher.clock.now().timestamp() - newest)
        watcher.metrics.clock_offset(watcher.drift.seconds)

    async def _prune(self) -> None:
        watcher = self._watcher
        before = int(watcher.clock.now().timestamp()) - watcher.config.retention_seconds
        await asyncio.to_thread(watcher.ledger.prune, before)

    async def _pay(self) -> None:
        if self._watcher.acting is not None:
            await self._watcher.acting.writer.step()


async def _until_stopped(tasks: Mapping[str, Awaitable[None]]) -> None:
    """Run all until a signal; one that ends by itself ends the others, and raises."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    running = {asyncio.ensure_future(one): name for name, one in tasks.items()}
    stop = asyncio.create_task(stopping.wait())
    ended, pending = await asyncio.wait({*running, stop}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.wait(pending)
    for task, name in running.items():
        if task in ended:
            _log.error("a task ended", extra={"task": name})
            task.result()
