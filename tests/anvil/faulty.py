"""An RPC before anvil that misbehaves on demand: down, silent, behind, of another chain."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from anvil.node import Anvil

SECRET_PATH = "/v3/0a1b2c3d4e5f"  # noqa: S105 - such as providers put into URLs
_TAGS = ("latest", "safe", "finalized", "pending")


@dataclass(slots=True, kw_only=True)
class FaultyRpc:
    """The switches, all off at first. `asked` lists the methods of all calls."""

    chain: Anvil
    down: bool = False
    silent: bool = False
    mad: bytes | None = None
    redirect: str | None = None
    lag: int = 0
    chain_id: int | None = None
    head_time: int | None = None
    drops_sends: bool = False
    hides_receipts: bool = False
    reverts: set[str] = field(default_factory=set)
    refusals: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{SECRET_PATH}"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call, after the switches."""
        call = await request.json()
        self.asked.append(call["method"])
        if self.silent:
            await asyncio.sleep(3600)
        if self.down:
            return web.Response(status=502, text="bad gateway")
        if self.redirect is not None:
            return web.Response(status=307, headers={"Location": self.redirect})
        if self.mad is not None:
            return web.Response(body=self.mad)
        return web.json_response({"jsonrpc": "2.0", "id": call["id"], **await self._answer(call)})

    async def _answer(self, call: dict[str, Any]) -> dict[str, Any]:
        method = call["method"]
        if method in self.refusals:
            return {"error": self.refusals[method]}
        if method == "eth_call" and call["params"][0]["data"][:10] in self.reverts:
            return {"error": {"code": 3, "message": "execution reverted", "data": "0x"}}
        if method == "eth_chainId" and self.chain_id is not None:
            return {"result": hex(self.chain_id)}
        if method == "eth_sendRawTransaction" and self.drops_sends:
            return {"result": "0x" + "00" * 32}
        if method == "eth_getTransactionReceipt" and self.hides_receipts:
            return {"result": None}
        return self._aged(await self._forwarded(await self._behind(call)))

    def _aged(self, answer: dict[str, Any]) -> dict[str, Any]:
        result = answer.get("result")
        if self.head_time is not None and isinstance(result, dict) and "timestamp" in result:
            result["timestamp"] = hex(self.head_time)
        return answer

    async def _behind(self, call: dict[str, Any]) -> dict[str, Any]:
        """Let every tag mean the block that it meant `lag` blocks ago."""
        if not self.lag or call["method"] == "eth_feeHistory":
            return call
        params = [
            await self._old(param) if param in _TAGS else param for param in call.get("params", [])
        ]
        return {**call, "params": params}

    async def _old(self, tag: str) -> str:
        block = await self.chain.ask("eth_getBlockByNumber", tag, False)  # noqa: FBT003 - JSON-RPC
        return hex(max(int(block["number"], 16) - self.lag, 0))

    async def _forwarded(self, call: dict[str, Any]) -> dict[str, Any]:
        async with self.chain.session.post(self.chain.url, json=call) as response:
            answer: dict[str, Any] = json.loads(await response.read())
        return {key: value for key, value in answer.items() if key in {"result", "error"}}


@asynccontextmanager
async def before(chain: Anvil) -> AsyncIterator[FaultyRpc]:
    """Serve until the block ends."""
    model = FaultyRpc(chain=chain)
    app = web.Application()
    app.router.add_post(SECRET_PATH, model.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    address: tuple[str, int] = runner.addresses[0]
    model.port = address[1]
    try:
        yield model
    finally:
        await runner.cleanup()
