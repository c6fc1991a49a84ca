"""All orders as the cache shows them, and those of our own writes that it does not show yet."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from modelbond.api.kinds import Json, key_of
from modelbond.errors import Refused
from modelbond.ports.process import Clock
from modelbond.reconcile.home_names import deployment_uid_of, host_of_object
from modelbond.reconcile.home_order import Order, OrderHandle, handle_of, is_order, order_of

_LAG_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderViews:
    """Live views on what the cache holds: by key, by deployment UID and key, by host and key."""

    all: Mapping[str, Json]
    of_deployment: Mapping[str, Mapping[str, Json]]
    at_host: Mapping[str, Mapping[str, Json]]


class OrderBook:
    """A view on the cache in which nothing that this process created is missing.

    Without it a second look right after a decision would find no order and decide again.
    """

    def __init__(self, views: OrderViews, *, clock: Clock) -> None:
        self._views = views
        self._clock = clock
        self._written: dict[str, tuple[Json, float]] = {}
        self._promised: dict[str, Json] = {}

    @contextmanager
    def promising(self, bodies: Iterable[Json]) -> Iterator[None]:
        """Show orders that are decided and still being written: they take room already."""
        promised = {key_of(body): body for body in bodies}
        self._promised.update({key: _shown(body) for key, body in promised.items()})
        try:
            yield
        finally:
            for key in promised:
                self._promised.pop(key, None)

    def wrote(self, obj: Json) -> None:
        """Remember what a write of ours returned."""
        self._written[key_of(obj)] = (obj, self._clock.monotonic())

    def get(self, key: str) -> Json | None:
        """Return the newest known state of the order."""
        cached = self._views.all.get(key)
        if key not in self._written:
            return cached
        written, since = self._written[key]
        if cached is None:
            if self._clock.monotonic() - since <= _LAG_SECONDS:
                return written
        elif _version(cached) < _version(written):
            return written
        del self._written[key]
        return cached

    def at_hosts(self, hosts: Iterable[str]) -> Iterator[Json]:
        """Yield every object in these hosts' namespaces once, copies and foreign ones included."""
        for host in hosts:
            yield from self._newest(self._views.at_host.get(host, {}), host_of_object, host)

    def of_deployment(self, uid: str) -> list[Order]:
        """Return the orders of one deployment, in the order of their hosts' names.

        Refused when one cannot be read: it is not absent, so its slot must not be placed anew.
        """
        return [_readable(obj) for obj in self._objects_of(uid)]

    def readable_of(self, uid: str) -> list[Order]:
        """Return those orders of one deployment that can be read."""
        orders = map(order_of, self._objects_of(uid))
        return [order for order in orders if order is not None]

    def handles_of(self, uid: str) -> list[OrderHandle]:
        """Return all orders of one deployment, whatever version wrote them."""
        handles = map(handle_of, self._objects_of(uid))
        return [handle for handle in handles if handle is not None]

    def _objects_of(self, uid: str) -> list[Json]:
        found = self._newest(self._views.of_deployment.get(uid, {}), deployment_uid_of, uid)
        return sorted(filter(is_order, found), key=lambda obj: str(obj["metadata"]["namespace"]))

    def _newest(
        self, cached: Mapping[str, Json], word_of: Callable[[Json], str | None], word: str
    ) -> Iterator[Json]:
        """Yield what the view holds, and those of our own that belong there and it lacks."""
        for key, body in self._promised.items():
            if key not in self._written and key not in self._views.all and word_of(body) == word:
                yield body
        for key in [*self._written]:
            obj = self.get(key)
            if obj is not None and key not in cached and word_of(obj) == word:
                yield obj
        for key in cached:
            obj = self.get(key)
            if obj is not None:
                yield obj


def _readable(obj: Json) -> Order:
    order = order_of(obj)
    if order is None:
        text = "was written by another version: run that one, or delete the order to withdraw it"
        raise Refused(f"order {key_of(obj)} {text}")
    return order


def _shown(body: Json) -> Json:
    return {**body, "metadata": {**body["metadata"], "uid": "", "resourceVersion": "0"}}


def _version(obj: Json) -> int:
    text = str(obj["metadata"].get("resourceVersion", "0"))
    return int(text) if text.isdecimal() else 0
