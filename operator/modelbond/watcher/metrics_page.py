"""The page /metrics of a watcher: the process, its reporting half, then what its targets tell."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from modelbond.watcher.metrics import WatcherMetrics
from modelbond.watcher.reporting_metrics import REPORTING

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def metrics_page(metrics: WatcherMetrics) -> Handler:
    """Return the handler of GET /metrics. It lets the loop go on between blocks of series."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": CONTENT_TYPE_LATEST})
        response.enable_compression()
        await response.prepare(request)
        await response.write(generate_latest())
        await response.write(generate_latest(REPORTING))
        for block in metrics.blocks():
            await response.write(block.encode())
            await asyncio.sleep(0)
        await response.write_eof()
        return response

    return answer
