"""What a watcher shows to everybody, over HTTP: nothing can be written, and nothing is asked for.

/v1/frames/F is the board of a frame, /v1/evidence/0xHASH a report's evidence, /v1/status what the
watcher does and what stands in its way, /v1/live its signed view of endpoints now.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from modelbond.settlement.units import Digest, FrameIndex
from modelbond.watcher.board import Boards
from modelbond.watcher.evidence_store import EvidenceStore

_HASH = re.compile(r"0x([0-9a-f]{64})")
_FRAME = re.compile(r"\d{1,13}")
_JSON = "application/json"
_READS_AT_ONCE = 2  # evidence can be large, and anybody may ask for it

Status = Callable[[], dict[str, Any]]
Live = Callable[[], str | None]
"""Returns the signed live state as a text; None where there is none."""


class ExchangeServer:
    """Serves one watcher's boards and evidence."""

    def __init__(  # noqa: PLR0913 - the parts that it is put together from
        self,
        *,
        boards: Boards,
        evidence: EvidenceStore,
        status: Status,
        live: Live = lambda: None,
        host: str | None = None,
        port: int,
    ) -> None:
        self._boards = boards
        self._evidence = evidence
        self._status = status
        self._live = live
        self._reading = asyncio.Semaphore(_READS_AT_ONCE)
        application = web.Application(middlewares=[_uncached])
        application.add_routes(
            [
                web.get("/v1/frames/{frame}", self._frame),
                web.get("/v1/evidence/{hash}", self._text),
                web.get("/v1/status", self._show_status),
                web.get("/v1/live", self._show_live),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        self._host, self._port = host, port

    async def start(self) -> None:
        """Bind the port."""
        await self._runner.setup()
        await web.TCPSite(self._runner, host=self._host, port=self._port).start()

    @property
    def port(self) -> int:
        """Return the port that is bound."""
        address: tuple[str, int] = self._runner.addresses[0]
        return address[1]

    async def close(self) -> None:
        """Stop answering."""
        await self._runner.cleanup()

    async def _frame(self, request: web.Request) -> web.StreamResponse:
        frame = request.match_info["frame"]
        page = None
        if _FRAME.fullmatch(frame):
            page = self._boards.page_text(FrameIndex(int(frame)))
        if page is None:
            raise web.HTTPNotFound
        text, tag = page
        etag = f'"{tag}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        return web.Response(text=text, content_type=_JSON, headers={"ETag": etag})

    async def _text(self, request: web.Request) -> web.StreamResponse:
        wanted = _HASH.fullmatch(request.match_info["hash"])
        if wanted is None:
            raise web.HTTPNotFound
        async with self._reading:
            data_hash = Digest(bytes.fromhex(wanted[1]))
            text = await asyncio.to_thread(self._evidence.text, data_hash)
        if text is None:
            raise web.HTTPNotFound
        return web.Response(text=text, content_type=_JSON)

    async def _show_status(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text=json.dumps(self._status()), content_type=_JSON)

    async def _show_live(self, _: web.Request) -> web.StreamResponse:
        live = self._live()
        if live is None:
            raise web.HTTPNotFound
        return web.Response(text=live, content_type=_JSON)


@web.middleware
async def _uncached(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Let no cache keep what changes within a second."""
    response = await handler(request)
    response.headers["Cache-Control"] = "no-cache"
    return response
