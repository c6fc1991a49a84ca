"""The KubeApi port on the official client's asyncio transport."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import aiohttp

from modelbond.adapters.answers import change, checked, objects, token, typed, version
from modelbond.adapters.api_errors import NotFound
from modelbond.adapters.transport import APPLY_BODY, MERGE_BODY, Request, Transport, decoded
from modelbond.api.kinds import POD, SERVICE_ACCOUNT, Json, Kind
from modelbond.errors import (
    AlreadyExists,
    ApiBroken,
    ApiUnreachable,
    Bug,
    Conflicted,
    Expired,
    Invalid,
)
from modelbond.ports.cluster import Changed, Listed, Token

INACTIVITY_SECONDS = 75.0
"""A little more than the API server's minute between bookmarks."""

_PAGE_SIZE = 500
_SMALLEST_PAGE_BYTES = 65_536
_WATCH_SECONDS = 290
_LOG_BYTES = 65_536


class KubernetesApi:
    """Implements ports.KubeApi for one API server.

    `most_bytes` bounds what a list, and what a watch until the next list, may bring.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        inactivity_seconds: float = INACTIVITY_SECONDS,
        most_bytes: int | None = None,
    ) -> None:
        self._transport = transport
        self._inactivity_seconds = inactivity_seconds
        self._most_bytes = most_bytes

    async def get(self, kind: Kind, name: str, *, namespace: str | None = None) -> Json | None:
        """Return the object, or None where there is none (404)."""
        path = kind.path(namespace=namespace, name=name)
        try:
            return await self._object(Request(verb="GET", path=path), kind)
        except NotFound:
            return None

    async def list(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> Listed:
        """Return all objects that match, page by page."""
        items: list[Json] = []
        length = 0
        query = {"limit": str(_PAGE_SIZE), **_selection(labels=labels, name=name)}
        while True:
            request = Request(verb="GET", path=kind.path(namespace=namespace), query=query)
            body = await self._transport.call(request)
            # An empty page counts too: there is no end to them either.
            length += max(len(body), _SMALLEST_PAGE_BYTES)
            if self._is_too_much(length):
                raise ApiBroken(f"{request}: a list of more than {self._most_bytes} bytes")
            page = decoded(body, request=request)
            items += objects(page, kind, request)
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                return Listed(items=items, resource_version=version(metadata, request))
            query = {**query, "continue": str(metadata["continue"])}

    async def watch(
        self,
        kind: Kind,
        *,
        since: str,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> AsyncIterator[Changed]:
        """Yield changes after `since`, and bookmarks, which carry a resourceVersion only.

        Ends when the server closes; a silent stream is ApiUnreachable, an old version Expired.
        """
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": since,
            "timeoutSeconds": str(_WATCH_SECONDS),
            **_selection(labels=labels, name=name),
        }
        request = Request(verb="WATCH", path=kind.path(namespace=namespace), query=query)
        length = 0
        async with self._transport.stream(request) as reader:
            while line := await self._line(reader, request):
                length += len(line)
                if self._is_too_much(length):
                    raise Expired(f"{request}: {length} bytes of changes, time for a list")
                yield change(line, kind, request)

    def _is_too_much(self, length: int) -> bool:
        return self._most_bytes is not None and length > self._most_bytes

    async def create(self, kind: Kind, body: Json) -> Json:
        """POST a new object; AlreadyExists when the name is taken."""
        return await self._object(
            Request(
                verb="POST",
                path=kind.path(namespace=body["metadata"].get("namespace")),
                query={"fieldManager": "modelbond", "fieldValidation": "Strict"},
                body=typed(body, kind),
            ),
            kind,
        )

    async def apply(self, kind: Kind, body: Json, *, manager: str) -> Json:
        """Server-side apply with force. `metadata.uid` is required: Conflicted if it is gone."""
        return await self._apply(kind, body, manager=manager, subresource="")

    async def apply_status(self, kind: Kind, body: Json, *, manager: str) -> Json:
        """Server-side apply of the status subresource; `metadata.uid` is required."""
        return await self._apply(kind, body, manager=manager, subresource="/status")

    async def merge(
        self, kind: Kind, name: str, patch: Json, *, namespace: str | None = None
    ) -> Json | None:
        """JSON merge patch; carry metadata.resourceVersion for compare-and-swap. None on 404."""
        request = Request(
            verb="PATCH",
            path=kind.path(namespace=namespace, name=name),
            query={"fieldManager": "modelbond"},
            body=patch,
            content_type=MERGE_BODY,
        )
        try:
            return await self._object(request, kind)
        except NotFound:
            return None

    async def delete(
        self, kind: Kind, name: str, *, namespace: str | None = None, uid: str
    ) -> None:
        """Delete that very object (precondition UID); absent already is success."""
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid},
            "propagationPolicy": "Background",
        }
        path = kind.path(namespace=namespace, name=name)
        try:
            await self._transport.call(Request(verb="DELETE", path=path, body=options))
        except NotFound:
            return
        except Conflicted:
            # Either another object has the name by now, which is success, or a writer raced us.
            current = await self.get(kind, name, namespace=namespace)
            if current is not None and current["metadata"].get("uid") == uid:
                raise

    async def request_token(self, account: str, *, namespace: str, seconds: int) -> Token:
        """Ask for a token of a ServiceAccount (its `token` subresource)."""
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": seconds},
        }
        path = SERVICE_ACCOUNT.path(namespace=namespace, name=account) + "/token"
        request = Request(verb="POST", path=path, body=body)
        return token(decoded(await self._transport.call(request), request=request), request)

    async def log_tail(self, pod: str, *, namespace: str, container: str, lines: int) -> str:
        """Return the last lines of a container's log; empty when there is none yet."""
        path = POD.path(namespace=namespace, name=pod) + "/log"
        query = {"container": container, "tailLines": str(lines), "limitBytes": str(_LOG_BYTES)}
        try:
            answer = await self._transport.call(Request(verb="GET", path=path, query=query))
        except Invalid:
            return ""
        return answer.decode(errors="replace")

    async def served_plurals(self, *, group: str, version: str) -> frozenset[str]:
        """Return what discovery says is served in that group and version; empty when nothing."""
        request = Request(verb="GET", path=f"/apis/{group}/{version}")
        try:
            answer = decoded(await self._transport.call(request), request=request)
        except NotFound:
            return frozenset()
        return frozenset(str(resource["name"]) for resource in answer.get("resources") or [])

    async def close(self) -> None:
        """Release connections."""
        await self._transport.close()

    async def _apply(self, kind: Kind, body: Json, *, manager: str, subresource: str) -> Json:
        metadata = body["metadata"]
        if not metadata.get("uid"):
            raise Bug("apply without metadata.uid would create what was deleted meanwhile")
        path = kind.path(namespace=metadata.get("namespace"), name=metadata["name"])
        request = Request(
            verb="PATCH",
            path=path + subresource,
            query={"fieldManager": manager, "force": "true"},
            body=typed(body, kind),
            content_type=APPLY_BODY,
        )
        try:
            return await self._object(request, kind)
        except (NotFound, AlreadyExists) as failure:
            raise Conflicted(str(failure)) from failure

    async def _object(self, request: Request, kind: Kind) -> Json:
        answer = decoded(await self._transport.call(request), request=request)
        return checked(answer, kind, request)

    async def _line(self, reader: aiohttp.StreamReader, request: Request) -> bytes:
        try:
            async with asyncio.timeout(self._inactivity_seconds):
                return await reader.readline()
        except TimeoutError as failure:
            message = f"{request}: silent for {self._inactivity_seconds:g} s"
            raise ApiUnreachable(message) from failure
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            raise ApiUnreachable(f"{request}: {type(failure).__name__}: {failure}") from failure


def _selection(*, labels: Mapping[str, str] | None, name: str | None) -> dict[str, str]:
    query = {}
    if labels:
        query["labelSelector"] = ",".join(f"{key}={value}" for key, value in labels.items())
    if name:
        query["fieldSelector"] = f"metadata.name={name}"
    return query
