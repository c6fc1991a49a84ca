"""One HTTP request to an API server: deadline, bounded retry of reads, typed errors, metrics."""

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import aiohttp.abc
import msgspec
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from prometheus_client import Counter, Histogram

from modelbond.adapters.api_errors import error_of
from modelbond.adapters.bodies import bounded
from modelbond.adapters.credentials import Credential
from modelbond.api.kinds import Json
from modelbond.errors import (
    ApiBroken,
    ApiOverloaded,
    ApiUnreachable,
    TransientError,
    Unauthorized,
)

REQUESTS = Counter(
    "rest_client_requests", "Requests to API servers by answer", ["code", "method", "host"]
)
REQUEST_SECONDS = Histogram(
    "rest_client_request_duration_seconds", "How long requests took", ["verb", "host"]
)

CALL_DEADLINE_SECONDS = 30.0
READ_ATTEMPTS = 3
_LONGEST_WAIT_SECONDS = 2.0
LONGEST_ANSWER_BYTES = 64 * 2**20
_LONGEST_REFUSAL_BYTES = 2**20
_DEAD_PEER_SECONDS = 15
_USER_AGENT = "modelbond"

JSON_BODY = "application/json"
APPLY_BODY = "application/apply-patch+yaml"
MERGE_BODY = "application/merge-patch+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; `verb` is an HTTP method or WATCH."""

    verb: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json | None = None
    content_type: str = JSON_BODY

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return "GET" if self.verb == "WATCH" else self.verb

    @property
    def target(self) -> str:
        """Return path and query as the request line has them."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def __str__(self) -> str:
        return f"{self.verb} {self.path}"


class Transport:
    """The requests of one API server, carried by the official client's asyncio transport."""

    def __init__(
        self,
        configuration: Configuration,
        *,
        credential: Credential,
        resolver: aiohttp.abc.AbstractResolver | None = None,
        deadline_seconds: float = CALL_DEADLINE_SECONDS,
        longest_answer_bytes: int = LONGEST_ANSWER_BYTES,
    ) -> None:
        self._longest_answer_bytes = longest_answer_bytes
        self._server = str(configuration.host).rstrip("/")
        self._host = urlsplit(self._server).netloc
        self._credential = credential
        self._deadline_seconds = deadline_seconds
        self._rest = _Rest(configuration, resolver=resolver)

    async def call(self, request: Request) -> bytes:
        """Return the answer's body. Reads are tried three times; writes belong to the queue."""
        attempts = READ_ATTEMPTS if request.method == "GET" else 1
        async with self._deadline(request):
            while True:
                attempts -= 1
                try:
                    return await self._once(request)
                except (ApiUnreachable, ApiBroken, ApiOverloaded) as failure:
                    if not attempts or _wait_seconds(failure) > _LONGEST_WAIT_SECONDS:
                        raise
                    await asyncio.sleep(_wait_seconds(failure))

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[aiohttp.StreamReader]:
        """Open a watch: the reader of its body. Only the opening has the call's deadline."""
        async with self._deadline(request):
            response = await self._authorized(request)
        try:
            yield response.content
        finally:
            response.close()

    async def close(self) -> None:
        """Release connections."""
        await self._rest.close()

    async def _once(self, request: Request) -> bytes:
        response = await self._authorized(request)
        async with response:
            return await _read(response, request, limit_bytes=self._longest_answer_bytes)

    async def _authorized(self, request: Request) -> aiohttp.ClientResponse:
        """Send, and once more where a 401 meets a token that was rotated meanwhile."""
        try:
            return await self._send(request)
        except Unauthorized:
            if not self._credential.renewed():
                raise
            return await self._send(request)

    async def _send(self, request: Request) -> aiohttp.ClientResponse:
        began = time.monotonic()
        code = "<error>"
        try:
            answer = await self._rest.request(
                request.method,
                self._server + request.target,
                headers=self._headers(request.content_type),
                body=request.body,
                _request_timeout=aiohttp.ClientTimeout(sock_connect=_DEAD_PEER_SECONDS),
            )
            response: aiohttp.ClientResponse = answer.response
            code = str(response.status)
            await _refuse_failure(response, request)
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            raise _unreachable(request, failure) from failure
        finally:
            REQUESTS.labels(code, request.method, self._host).inc()
            REQUEST_SECONDS.labels(request.verb, self._host).observe(time.monotonic() - began)
        return response

    def _headers(self, content_type: str) -> dict[str, str]:
        headers = {"Content-Type": content_type, "Accept": JSON_BODY, "User-Agent": _USER_AGENT}
        token = self._credential.token()
        return {**headers, "Authorization": f"Bearer {token}"} if token else headers

    @asynccontextmanager
    async def _deadline(self, request: Request) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._deadline_seconds):
                yield
        except TimeoutError as failure:
            message = f"{request}: no answer within {self._deadline_seconds:g} s"
            raise ApiUnreachable(message) from failure


class _Rest(RESTClientObject):  # type: ignore[misc] # the client ships without types
    """The official transport with dead-peer detection, no redirects, and no proxy of its own."""

    def __init__(
        self, configuration: Configuration, *, resolver: aiohttp.abc.AbstractResolver | None
    ) -> None:
        self._resolver = resolver
        tracing = aiohttp.TraceConfig()
        tracing.on_request_redirect.append(_refuse_redirect)
        configuration.trace_configs = [tracing]
        configuration.client_session_kwargs = {"trust_env": False}
        super().__init__(configuration)

    def _create_connector(self) -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector(
            limit=0,  # watches hold one each, and there are two for each host
            ssl=self.ssl_context,
            resolver=self._resolver,
            socket_factory=_socket_that_notices_dead_peers,
        )


def _socket_that_notices_dead_peers(address: Any) -> socket.socket:
    """Make a socket whose silent peer is found dead in seconds: a cut link is not an idle one."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_PEER_SECONDS * 1000)
    return made


async def _refuse_redirect(_: Any, __: Any, ___: Any) -> None:
    raise aiohttp.ClientError("an API server does not redirect, this one did")


async def _refuse_failure(response: aiohttp.ClientResponse, request: Request) -> None:
    if response.status < 400:
        return
    async with response:
        body = await _read(response, request, limit_bytes=_LONGEST_REFUSAL_BYTES)
        raise error_of(response.status, body=body, headers=response.headers, what=str(request))


async def _read(response: aiohttp.ClientResponse, request: Request, *, limit_bytes: int) -> bytes:
    try:
        body = await bounded(response.content, limit_bytes=limit_bytes)
    except (aiohttp.ClientError, OSError) as failure:
        raise _unreachable(request, failure) from failure
    if body is None:
        raise ApiBroken(f"{request}: an answer of more than {limit_bytes} bytes")
    return body


def _unreachable(request: Request, failure: Exception) -> ApiUnreachable:
    return ApiUnreachable(f"{request}: {type(failure).__name__}: {failure}")


def _wait_seconds(failure: TransientError) -> float:
    """Return the server's wish, else a short spread wait."""
    return failure.retry_after_seconds or 0.1 + 0.3 * random.random()  # noqa: S311 - only jitter


def decoded(body: bytes, *, request: Request) -> Json:
    """Return the JSON object of an answer; ApiBroken when it is none."""
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as failure:
        raise ApiBroken(f"{request}: the answer is no JSON object: {failure}") from failure
