"""An endpoint over TLS that answers inferences, or does what a test wants instead."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address

from aiohttp import web

from modelbond.adapters.addresses import Address
from modelbond.settlement.units import LeaseId, SliceIndex
from modelbond.sla.canary import Canary
from modelbond.watcher import echo
from modelbond.watcher.echo import CANARY, Identity, fresh_identity
from modelbond.watcher.guard import Guard, Place
from modelbond.watcher.target import Labels, Target

MODEL = "magika"
TOKEN = "probe-token"  # noqa: S105 - opens nothing
LABELS = Labels(home="home-a", namespace="models", name="magika", host="alpha")

Behave = Callable[[web.Request], Awaitable[web.StreamResponse]]


class GuardWithLoopback(Guard):
    """The real guard, but for this one address: no test may reach another machine."""

    def check(self, address: Address) -> None:
        if address != IPv4Address("127.0.0.1"):
            super().check(address)


@dataclass(slots=True)
class Endpoint:
    """A running endpoint: what it saw, and how it behaves from now on."""

    identity: Identity
    port: int = 0
    behave: Behave = echo.echo
    tokens: list[str] = field(default_factory=list)
    peers: list[tuple[str, int]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Note who asks, and behave."""
        self.tokens.append(request.headers.get("Authorization", ""))
        assert request.transport is not None
        self.peers.append(request.transport.get_extra_info("peername"))
        return await self.behave(request)

    def target(self, *canaries: Canary, host: str = "127.0.0.1") -> Target:
        """Return this endpoint as a target with a bound of 2 s."""
        return Target(
            lease=LeaseId(b"\1" * 32),
            labels=LABELS,
            place=Place(host=host, port=self.port),
            public_key=self.identity.public_key,
            model_name=MODEL,
            token=TOKEN,
            latency_bound_ms=2000,
            canaries=canaries or (CANARY,),
            slice_seconds=60,
            first=SliceIndex(0),
        )


@asynccontextmanager
async def serving(
    identity: Identity | None = None, *, host: str = "127.0.0.1"
) -> AsyncIterator[Endpoint]:
    """Serve on that address until the block ends."""
    endpoint = Endpoint(identity or fresh_identity())
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", f"/v2/models/{MODEL}/infer", endpoint.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        tls = endpoint.identity.tls
        await web.TCPSite(runner, host, 0, ssl_context=tls).start()
        endpoint.port = runner.addresses[0][1]
        yield endpoint
    finally:
        await runner.cleanup()


def leased(target: Target, number: int) -> Target:
    """Return the same target under another lease."""
    return replace(target, lease=LeaseId(number.to_bytes(32, "big")))


def status(code: int, headers: dict[str, str] | None = None) -> Behave:
    """Answer with this status."""

    async def behave(_: web.Request) -> web.Response:
        return web.Response(status=code, headers=headers)

    return behave


def saying(body: bytes, headers: dict[str, str] | None = None) -> Behave:
    """Answer 200 with this body."""

    async def behave(_: web.Request) -> web.Response:
        return web.Response(body=body, headers=headers)

    return behave


def in_json(outputs: list[dict[str, object]]) -> Behave:
    """Answer with these outputs, all in JSON."""
    return saying(json.dumps({"model_name": MODEL, "outputs": outputs}).encode())


def after(seconds: float) -> Behave:
    """Answer rightly, but so late."""

    async def behave(request: web.Request) -> web.StreamResponse:
        answer = await echo.echo(request)  # read first: who asks may be gone by then
        await asyncio.sleep(seconds)
        return answer

    return behave


async def reset(request: web.Request) -> web.StreamResponse:
    """Take the request and break the connection off."""
    assert request.transport is not None
    await request.read()
    request.transport.abort()
    return web.Response()


async def half(request: web.Request) -> web.StreamResponse:
    """Promise a body and send a part of it."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"{")
    assert request.transport is not None
    request.transport.abort()
    return response


async def endless(request: web.Request) -> web.StreamResponse:
    """Send without end."""
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(bytes(65536))


async def once_for_each_connection(request: web.Request) -> web.StreamResponse:
    """Answer rightly and close, without having said so."""
    response = await echo.echo(request)
    await response.prepare(request)
    await response.write_eof()
    assert request.transport is not None
    request.transport.close()
    return response


async def another_answer(request: web.Request) -> web.StreamResponse:
    """Answer in the right shape with other numbers, as another model under this name does."""
    right = await echo.echo(request)
    assert isinstance(right, web.Response)
    assert isinstance(right.body, bytes)
    length = int(right.headers["Inference-Header-Content-Length"])
    wrong = bytes(255 - one for one in right.body[length:])
    return web.Response(body=right.body[:length] + wrong, headers=right.headers)
