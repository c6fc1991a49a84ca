"""Whether the process lives and serves, told over HTTP: /healthz, /readyz and /metrics."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, disable_created_metrics, generate_latest

from modelbond.ports.process import Clock
from modelbond.runtime import metrics

# A second series for each counter, which nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library forgot its type

PORT = 8080
_BEAT_SECONDS = 1.0

Complaints = Callable[[], Iterable[str]]
"""Tells what is wrong at present; nothing when all is well."""


class Heartbeat:
    """Measures how late the event loop runs: a blocked loop is a dead operator."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self.lag_seconds = 0.0

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            began = self._clock.monotonic()
            await asyncio.sleep(_BEAT_SECONDS)
            self.lag_seconds = max(0.0, self._clock.monotonic() - began - _BEAT_SECONDS)
            metrics.LOOP_LAG.set(self.lag_seconds)


class HealthServer:
    """Answers 200, or 503 with the complaints, one a line."""

    def __init__(self, *, live: Complaints, ready: Complaints, port: int) -> None:
        application = web.Application()
        application.add_routes(
            [
                web.get("/healthz", _answering(live)),
                web.get("/readyz", _answering(ready)),
                web.get("/metrics", _metrics),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None)
        self._port = port

    async def start(self) -> None:
        """Bind the port on all of the pod's addresses."""
        await self._runner.setup()
        await web.TCPSite(self._runner, host=None, port=self._port).start()

    async def close(self) -> None:
        """Stop answering."""
        await self._runner.cleanup()


def _answering(complaints: Complaints) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(_: web.Request) -> web.Response:
        found = list(complaints())
        return web.Response(status=503 if found else 200, text="\n".join(found) or "ok")

    return answer


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
