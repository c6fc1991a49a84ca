"""An API server that speaks HTTP: FakeKube behind a socket, and it misbehaves when told to."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from cluster.ports import free_port
from fakes.api_wire import (
    Place,
    discovered,
    field_name,
    found,
    is_discovery,
    is_wanted,
    label_selector,
    place_of,
    refused,
    told,
    typed,
)
from fakes.kube import FakeKube
from modelbond.adapters.connections import Connection
from modelbond.adapters.credentials import Credential, GivenToken
from modelbond.api.kinds import OUR_KINDS, Json
from modelbond.errors import ModelbondError

TOKEN = "a-good-token"  # noqa: S105 - nothing is protected by it


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    content_type: str
    authorization: str


@dataclass(slots=True, kw_only=True)
class Trouble:
    """What happens to the next `times` requests that match: an answer, a wait, or a cut."""

    status: int | None
    message: str
    headers: Mapping[str, str]
    wait_seconds: float
    method: str | None
    path: str
    times: int

    def strikes(self, request: web.Request) -> bool:
        """Say whether this request is concerned, and use up one of `times`."""
        struck = (
            self.times > 0
            and self.method in (None, request.method)
            and re.search(self.path, request.path_qs) is not None
        )
        self.times -= struck
        return struck


@dataclass(slots=True)
class ApiServer:
    """Listens on loopback while `running`; `kube` is what it stores."""

    kube: FakeKube = field(default_factory=FakeKube)
    served: set[str] = field(default_factory=lambda: {kind.plural for kind in OUR_KINDS})
    seen: list[Seen] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    token: str = TOKEN
    page_size: int = 500
    bookmark_seconds: float = 0.2
    watch_seconds: float = 300
    silent: bool = False
    port: int = field(default_factory=free_port)
    _watches: set[asyncio.Task[Any]] = field(default_factory=set)

    # What tests say.

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ApiServer"]:
        """Listen until the block ends."""
        application = web.Application(client_max_size=8 * 2**20)
        application.router.add_route("*", "/{rest:.*}", self._answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        try:
            yield self
        finally:
            self.cut_watches()
            await runner.cleanup()

    def connection(self, credential: Credential | None = None) -> Connection:
        """Return the way to this server."""
        return Connection(
            server=f"http://127.0.0.1:{self.port}",
            ca_file=None,
            credential=credential or GivenToken(self.token),
        )

    def trouble(
        self,
        status: int | None = None,
        *,
        message: str = "as told",
        headers: Mapping[str, str] | None = None,
        wait_seconds: float = 0,
        method: str | None = None,
        path: str = "",
        times: int = 1,
    ) -> None:
        """Let the next matching requests fail; without status and wait they are cut off."""
        self.troubles.append(
            Trouble(
                status=status,
                message=message,
                headers=headers or {},
                wait_seconds=wait_seconds,
                method=method,
                path=path,
                times=times,
            )
        )

    def peace(self) -> None:
        """Forget all troubles."""
        self.troubles.clear()
        self.silent = False

    def cut_watches(self) -> None:
        """Break every open watch in the middle."""
        for task in list(self._watches):
            task.cancel()

    def count(self, method: str, path: str) -> int:
        """Return how many such requests arrived."""
        return len([x for x in self.seen if x.method == method and re.search(path, x.path)])

    # What the network sees.

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(
            Seen(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                content_type=request.content_type,
                authorization=request.headers.get("Authorization", ""),
            )
        )
        for trouble in list(self.troubles):
            if trouble.strikes(request):
                answer = await self._troubled(trouble, request)
                if answer is not None:
                    return answer
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return told(401, "who are you?")
        try:
            return await self._honest(request)
        except ModelbondError as refusal:
            return refused(refusal)

    async def _troubled(self, trouble: Trouble, request: web.Request) -> web.Response | None:
        await asyncio.sleep(trouble.wait_seconds)
        if trouble.status is not None:
            return told(trouble.status, trouble.message, headers=trouble.headers)
        if not trouble.wait_seconds and request.transport is not None:
            request.transport.abort()
        return None

    async def _honest(self, request: web.Request) -> web.StreamResponse:
        segments = [segment for segment in request.path.split("/") if segment]
        if is_discovery(segments):
            return discovered(segments, served=self.served)
        place = place_of(segments)
        if place is None:
            return told(404, f"no such path: {request.path}")
        if request.query.get("watch"):
            return await self._watch(request, place)
        body = await request.json() if request.can_read_body else {}
        return await self._call(request, place, body)

    async def _call(  # noqa: PLR0911 - one return for each verb
        self, request: web.Request, place: Place, body: Json
    ) -> web.Response:
        kind, name, namespace = place.kind, place.name, place.namespace
        match request.method, request.content_type:
            case "GET", _ if place.subresource == "log":
                return await self._log(request, place)
            case "GET", _ if name is None:
                return await self._list(request, place)
            case "GET", _:
                return found(kind, await self.kube.get(kind, str(name), namespace=namespace))
            case "POST", _ if place.subresource == "token":
                return await self._token(place, body)
            case "POST", _:
                return found(kind, await self.kube.create(kind, body), status=201)
            case "PATCH", "application/apply-patch+yaml":
                apply = self.kube.apply_status if place.subresource else self.kube.apply
                manager = request.query["fieldManager"]
                return found(kind, await apply(kind, body, manager=manager))
            case "PATCH", "application/merge-patch+json":
                merged = await self.kube.merge(kind, str(name), body, namespace=namespace)
                return found(kind, merged)
            case "DELETE", _:
                if await self.kube.get(kind, str(name), namespace=namespace) is None:
                    return told(404, f"{kind.plural} {name!r} not found")
                uid = body["preconditions"]["uid"]
                await self.kube.delete(kind, str(name), namespace=namespace, uid=uid)
                return told(200, "deleted")
        return told(415, f"{request.method} {request.content_type}")

    async def _list(self, request: web.Request, place: Place) -> web.Response:
        listed = await self.kube.list(
            place.kind,
            namespace=place.namespace,
            labels=label_selector(request),
            name=field_name(request),
        )
        start = int(request.query.get("continue", 0))
        limit = min(int(request.query.get("limit", self.page_size)), self.page_size)
        page = listed.items[start : start + limit]
        more = start + limit < len(listed.items)
        metadata = {"resourceVersion": listed.resource_version}
        if more:
            metadata["continue"] = str(start + limit)
        return web.json_response({"metadata": metadata, "items": page})

    async def _token(self, place: Place, body: Json) -> web.Response:
        seconds = body["spec"]["expirationSeconds"]
        token = await self.kube.request_token(
            str(place.name), namespace=str(place.namespace), seconds=seconds
        )
        expires = token.expires.strftime("%Y-%m-%dT%H:%M:%SZ")
        status = {"token": token.value, "expirationTimestamp": expires}
        return web.json_response({"status": status}, status=201)

    async def _log(self, request: web.Request, place: Place) -> web.Response:
        text = await self.kube.log_tail(
            str(place.name),
            namespace=str(place.namespace),
            container=request.query["container"],
            lines=int(request.query["tailLines"]),
        )
        return web.Response(text=text)

    async def _watch(self, request: web.Request, place: Place) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        task = asyncio.create_task(self._stream(request, place, response))
        self._watches.add(task)
        try:
            await asyncio.wait({task})
            if task.cancelled() and request.transport is not None:
                request.transport.abort()
        finally:
            self._watches.discard(task)
            task.cancel()
        return response

    async def _stream(
        self, request: web.Request, place: Place, response: web.StreamResponse
    ) -> None:
        with suppress(ConnectionError):  # the client may go whenever it likes
            await self._send_all(request, place, response)

    async def _send_all(
        self, request: web.Request, place: Place, response: web.StreamResponse
    ) -> None:
        """Send what happened since; look again every few milliseconds, as there may be many."""
        since = int(request.query.get("resourceVersion", 0))
        loop = asyncio.get_running_loop()
        ends = loop.time() + min(self.watch_seconds, float(request.query["timeoutSeconds"]))
        bookmark = loop.time() + self.bookmark_seconds
        while loop.time() < ends:
            if since < self.kube.oldest:
                gone = {"kind": "Status", "code": 410, "message": "too old resource version"}
                await _send(response, "ERROR", gone)
                return
            if not self.silent:
                since = await self._send_news(request, place, response, since=since)
                if loop.time() > bookmark and request.query.get("allowWatchBookmarks"):
                    bookmark = loop.time() + self.bookmark_seconds
                    mark = {"metadata": {"resourceVersion": str(since)}}
                    await _send(response, "BOOKMARK", typed(place.kind, mark))
            await asyncio.sleep(0.005)

    async def _send_news(
        self, request: web.Request, place: Place, response: web.StreamResponse, *, since: int
    ) -> int:
        for version, kind, change in list(self.kube.history):
            if version <= since:
                continue
            since = version
            if kind.plural == place.kind.plural and is_wanted(change.obj, request, place):
                metadata = {**change.obj["metadata"], "resourceVersion": str(version)}
                obj = typed(place.kind, {**change.obj, "metadata": metadata})
                await _send(response, change.type, obj)
        return since


async def _send(response: web.StreamResponse, kind: str, obj: Json) -> None:
    await response.write(json.dumps({"type": kind, "object": obj}).encode() + b"\n")
