"""One RPC node: deadline, bounded answers, typed errors, metrics. Its URL may hold a secret."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from prometheus_client import Counter, Histogram
from web3 import AsyncWeb3
from web3.exceptions import Web3Exception
from web3.providers.async_base import AsyncJSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from modelbond.adapters.bodies import bounded
from modelbond.adapters.chain.rpc_errors import error_of
from modelbond.errors import ChainUnreachable

CALLS = Counter("modelbond_chain_rpc_requests", "Calls by answer", ["rpc", "method", "answer"])
CALL_SECONDS = Histogram("modelbond_chain_rpc_request_seconds", "How long calls took", ["rpc"])

CALL_DEADLINE_SECONDS = 10.0
LONGEST_ANSWER_BYTES = 8 * 2**20

Answer = TypeVar("Answer")
Web3 = AsyncWeb3[AsyncJSONBaseProvider]
Question = Callable[[Web3], Awaitable[Answer]]
"""Some calls that belong together: all of them go to one node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcAddress:
    """Where a node is. People see the name; the URL often carries an access key."""

    name: str
    url: str = field(repr=False)


class Rpc:
    """One node. It connects when it is first asked."""

    def __init__(
        self, address: RpcAddress, *, deadline_seconds: float = CALL_DEADLINE_SECONDS
    ) -> None:
        self.name = address.name
        self._provider = _Provider(address, deadline_seconds=deadline_seconds)
        self._web3: Web3 = AsyncWeb3(self._provider, middleware=[])

    async def ask(self, question: Question[Answer]) -> Answer:
        """Return the answer; every failure is one of modelbond.errors."""
        try:
            return await question(self._web3)
        except Web3Exception as failure:
            raise error_of(failure, rpc=self.name) from failure
        except (ValueError, TypeError, KeyError) as failure:
            message = f"RPC {self.name}: the answer cannot be read: {type(failure).__name__}"
            raise ChainUnreachable(message) from failure

    async def close(self) -> None:
        """Release connections."""
        await self._provider.disconnect()


class _Provider(AsyncJSONBaseProvider):
    """JSON-RPC by POST: no proxies, no redirects, no retries of its own."""

    # A contract's revert must not make this process fetch a URL of the contract's choice.
    global_ccip_read_enabled = False

    def __init__(self, address: RpcAddress, *, deadline_seconds: float) -> None:
        super().__init__()
        self._address = address
        self._deadline_seconds = deadline_seconds
        self._session: aiohttp.ClientSession | None = None

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """Return the node's answer; ChainUnreachable where there is none."""
        began = time.monotonic()
        answer = "<error>"
        try:
            async with asyncio.timeout(self._deadline_seconds):
                response = await self._post(self.encode_rpc_request(method, params))
            answer = str(response["error"].get("code")) if response.get("error") else "ok"
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as failure:
            raise self._unreachable(method, failure) from None
        finally:
            CALLS.labels(self._address.name, method, answer).inc()
            CALL_SECONDS.labels(self._address.name).observe(time.monotonic() - began)
        return response

    async def disconnect(self) -> None:
        """Release connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _post(self, body: bytes) -> RPCResponse:
        if self._session is None:
            self._session = aiohttp.ClientSession(headers={"Content-Type": "application/json"})
        request = self._session.post(self._address.url, data=body, allow_redirects=False)
        async with request as response:
            if response.status != 200:
                raise ValueError(f"HTTP {response.status}")
            return self._decoded(await _read(response.content))

    def _decoded(self, body: bytes) -> RPCResponse:
        response = self.decode_rpc_response(body)
        if not isinstance(response, dict) or not isinstance(response.get("error") or {}, dict):
            raise ValueError("no JSON-RPC answer")  # noqa: TRY004 - a wrong value, as bad JSON is
        return response

    def _unreachable(self, method: str, failure: Exception) -> ChainUnreachable:
        """Return the error without the failure's text where that may quote the URL."""
        said = str(failure) if type(failure) is ValueError else type(failure).__name__
        return ChainUnreachable(f"RPC {self._address.name}: {method}: {said}")


async def _read(content: aiohttp.StreamReader) -> bytes:
    body = await bounded(content, limit_bytes=LONGEST_ANSWER_BYTES)
    if body is None:
        raise ValueError(f"the answer is longer than {LONGEST_ANSWER_BYTES} bytes")
    return body
