"""Our own look at the four kinds: when kopf has seen all, what it missed, and a periodic round.

kopf tells neither when its first list is over nor what vanished between two of its watches.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from modelbond.api.kinds import OUR_KINDS, Json, Kind, key_of, split_key
from modelbond.errors import ModelbondError
from modelbond.ports.cluster import KubeApi
from modelbond.runtime.cache import Cache
from modelbond.shell.parts import Router

_log = logging.getLogger(__name__)

ROUND_SECONDS = 600.0
_POLL_SECONDS = 0.2
_LIST_AGAIN_SECONDS = 2.0


class Resync:
    """Compares the caches with whole lists of the API server."""

    def __init__(
        self,
        *,
        api: KubeApi,
        caches: Mapping[Kind, Cache],
        router: Router,
        on_synced: Callable[[], None],
        round_seconds: float = ROUND_SECONDS,
    ) -> None:
        self._api = api
        self._caches = caches
        self._router = router
        self._on_synced = on_synced
        self._round_seconds = round_seconds
        self._synced: set[Kind] = set()

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the kinds whose first list kopf has not delivered yet."""
        return tuple(kind.plural for kind in OUR_KINDS if kind not in self._synced)

    async def run(self) -> None:
        """Wait for the first lists, then make a round now and then, for ever."""
        for kind in OUR_KINDS:
            await self._first(kind)
        self._on_synced()
        while True:
            await asyncio.sleep(self._round_seconds)
            for kind in OUR_KINDS:
                await self._round(kind)

    async def _first(self, kind: Kind) -> None:
        while kind not in self._synced:
            listed = await self._list(kind)
            polls = round(_LIST_AGAIN_SECONDS / _POLL_SECONDS)
            while listed is not None and polls:
                if self._has_all(kind, listed):
                    self._synced.add(kind)
                    return
                polls -= 1
                await asyncio.sleep(_POLL_SECONDS)
            if listed is None:
                await asyncio.sleep(_LIST_AGAIN_SECONDS)

    async def _list(self, kind: Kind) -> list[Json] | None:
        try:
            return (await self._api.list(kind)).items
        except ModelbondError as failure:
            fields = {"kind": kind.kind, "detail": str(failure)}
            _log.warning("list failed, will try again", extra=fields)
            return None

    def _has_all(self, kind: Kind, listed: list[Json]) -> bool:
        return all(self._caches[kind].knows(obj) for obj in listed)

    async def _round(self, kind: Kind) -> None:
        listed = await self._list(kind)
        if listed is None:
            return
        present = {str(obj["metadata"]["uid"]) for obj in listed}
        for obj in list(self._caches[kind].objects().values()):
            if obj["metadata"]["uid"] not in present:
                await self._bury_if_gone(kind, obj)
            else:
                self._router.announce(kind, obj)
        for obj in listed:
            if not self._caches[kind].is_current(obj):
                await self._notice_missed(kind, obj)

    async def _bury_if_gone(self, kind: Kind, obj: Json) -> None:
        """Ask for the object itself: it may be younger than the list."""
        current, known = await self._current(kind, obj)
        if known and (current is None or current["metadata"]["uid"] != obj["metadata"]["uid"]):
            _log.info("a deletion was missed", extra={"kind": kind.kind, "key": key_of(obj)})
            self._router.notice(kind, obj, deleted=True)

    async def _notice_missed(self, kind: Kind, obj: Json) -> None:
        """Ask for the object itself: kopf may have delivered a later version meanwhile."""
        current, _ = await self._current(kind, obj)
        if current is not None and not self._caches[kind].is_current(current):
            _log.info("a change was missed", extra={"kind": kind.kind, "key": key_of(obj)})
            self._router.notice(kind, current, deleted=False)

    async def _current(self, kind: Kind, obj: Json) -> tuple[Json | None, bool]:
        """Return the object as it is now, or None, and whether the API server could tell."""
        namespace, name = split_key(key_of(obj))
        try:
            return await self._api.get(kind, name, namespace=namespace), True
        except ModelbondError:
            return None, False
