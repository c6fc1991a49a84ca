"""Another watcher's server that misbehaves on demand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from modelbond.watcher.exchange import Peer


@dataclass(slots=True)
class FakePeer:
    """Answers every path with one body. `asked` lists the paths, `tags` what was sent with them."""

    body: bytes = b"{}"
    status: int = 200
    tag: str = ""
    silent: bool = False
    location: str = ""
    asked: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def peer(self) -> Peer:
        return Peer(name="peer", url=f"http://127.0.0.1:{self.port}")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.tags.append(request.headers.get("If-None-Match", ""))
        if self.silent:
            await asyncio.sleep(3600)
        headers = {"ETag": self.tag} if self.tag else {}
        if self.location:
            headers["Location"] = self.location
        if self.tag and self.tags[-1] == self.tag:
            return web.Response(status=304, headers=headers)
        return web.Response(status=self.status, body=self.body, headers=headers)


@asynccontextmanager
async def serving() -> AsyncIterator[FakePeer]:
    """Serve until the block ends."""
    model = FakePeer()
    app = web.Application()
    app.router.add_get("/{path:.*}", model.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address: tuple[str, int] = runner.addresses[0]
    model.port = address[1]
    try:
        yield model
    finally:
        await runner.cleanup()
