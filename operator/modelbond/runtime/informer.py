"""A local copy of one kind at one API server: list, watch on, list anew when told to."""

import asyncio
import logging
import random as system_random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from types import MappingProxyType
from typing import cast

from modelbond.api.kinds import Json, Kind, key_of
from modelbond.errors import Expired, ModelbondError
from modelbond.ports.cluster import Changed, KubeApi
from modelbond.ports.process import Clock
from modelbond.runtime import metrics
from modelbond.runtime.backoff import Backoff, Random
from modelbond.runtime.cache import slim

_log = logging.getLogger(__name__)

_RETRY = Backoff(first_seconds=0.4, longest_seconds=20)
_STEADY_SECONDS = 1.0

OnChange = Callable[[Json, bool], None]


class WatchingInformer:
    """Implements ports.Informer. While the other side fails, the last copy is kept."""

    def __init__(  # noqa: PLR0913 - what a watch needs, and who is told
        self,
        api: KubeApi,
        kind: Kind,
        *,
        on_change: OnChange,
        on_synced: Callable[[], None] | None,
        namespace: str | None,
        labels: Mapping[str, str] | None,
        name: str | None,
        reduce: Callable[[Json], Json],
        clock: Clock,
        random: Random = system_random.random,
    ) -> None:
        self._api = api
        self._kind = kind
        self._on_change = on_change
        self._on_synced = on_synced
        self._namespace = namespace
        self._labels = labels
        self._name = name
        self._reduce = reduce
        self._clock = clock
        self._random = random
        self._objects: dict[str, Json] = {}
        self._view = MappingProxyType(self._objects)
        self._failures = 0
        self._synced = False
        self.failure: Exception | None = None
        metrics.INFORMER_LISTS.labels(kind.kind)

    @property
    def synced(self) -> bool:
        """True once a whole list was taken."""
        return self._synced

    def objects(self) -> Mapping[str, Json]:
        """Return the local copy, live and read-only, by `namespace/name`."""
        return self._view

    async def run(self) -> None:
        """List and watch for ever."""
        while True:
            try:
                await self._follow(await self._list())
            except Exception as failure:  # noqa: BLE001 - the loop outlives every failure
                self._failed(failure)
            await asyncio.sleep(_RETRY.seconds(self._failures, random=self._random))

    async def _list(self) -> str:
        listed = await self._api.list(
            self._kind, namespace=self._namespace, labels=self._labels, name=self._name
        )
        self._replace({key_of(item): self._reduce(item) for item in listed.items})
        self._synced, self.failure = True, None
        metrics.INFORMER_LISTS.labels(self._kind.kind).inc()
        if self._on_synced is not None:
            self._on_synced()
        return listed.resource_version

    def _replace(self, items: Mapping[str, Json]) -> None:
        known = dict(self._objects)
        for key, old in known.items():
            new = items.get(key)
            if new is None or _uid(new) != _uid(old):
                del self._objects[key]
                self._on_change(old, True)  # noqa: FBT003 - the port's positional flag
        for key, new in items.items():
            self._objects[key] = new
            if known.get(key) != new:
                self._on_change(new, False)  # noqa: FBT003

    async def _follow(self, version: str) -> None:
        """Watch, and watch on from the last version whenever the server closes the stream."""
        while True:
            began = self._clock.monotonic()
            try:
                version = await self._watch_once(version)
            finally:
                if self._clock.monotonic() - began > _STEADY_SECONDS:
                    self._failures = 0
            if self._clock.monotonic() - began <= _STEADY_SECONDS:
                self._failures += 1
                await asyncio.sleep(_RETRY.seconds(self._failures, random=self._random))

    async def _watch_once(self, version: str) -> str:
        stream = self._api.watch(
            self._kind,
            since=version,
            namespace=self._namespace,
            labels=self._labels,
            name=self._name,
        )
        # Every watch is a generator: closing it closes its connection at once.
        async with aclosing(cast("AsyncGenerator[Changed, None]", stream)) as changes:
            async for change in changes:
                self._failures, self.failure = 0, None
                version = str(change.obj["metadata"].get("resourceVersion", version))
                self._take(change)
        return version

    def _take(self, change: Changed) -> None:
        if change.type == "BOOKMARK":
            return
        key, obj = key_of(change.obj), self._reduce(change.obj)
        if change.type == "DELETED":
            self._objects.pop(key, None)
        else:
            self._objects[key] = obj
        self._on_change(obj, change.type == "DELETED")

    def _failed(self, failure: Exception) -> None:
        self._failures += 1
        metrics.INFORMER_FAILURES.labels(self._kind.kind, type(failure).__name__).inc()
        if isinstance(failure, Expired):
            return
        self.failure = failure
        fields = {"kind": self._kind.kind, "error": type(failure).__name__, "detail": str(failure)}
        if isinstance(failure, ModelbondError):
            _log.warning("watch failed, will list anew", extra=fields)
        else:
            _log.exception("watch hit a bug, will list anew", extra=fields)


def _uid(obj: Json) -> object:
    return obj["metadata"].get("uid")


class InformerFactory:
    """Implements ports.MakeInformer with one clock for all informers."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    def __call__(  # noqa: PLR0913 - as the port
        self,
        api: KubeApi,
        kind: Kind,
        *,
        on_change: OnChange,
        on_synced: Callable[[], None] | None = None,
        namespace: str | None = None,
        labels: Mapping[str, str] | None = None,
        name: str | None = None,
        reduce: Callable[[Json], Json] | None = None,
    ) -> WatchingInformer:
        """Return an informer that does nothing until its `run` is supervised."""
        return WatchingInformer(
            api,
            kind,
            on_change=on_change,
            on_synced=on_synced,
            namespace=namespace,
            labels=labels,
            name=name,
            reduce=reduce or slim,
            clock=self._clock,
        )
