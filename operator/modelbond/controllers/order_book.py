"""All orders as the cache shows them, and those of our own writes that it does not show yet."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from modelbond.api.kinds import Json, key_of
from modelbond.errors import Refused
from modelbond.ports import Clock
from modelbond.reconcile.home_names import DEPLOYMENT_UID
from modelbond.reconcile.home_order import Order, OrderHandle, handle_of, is_order, order_of

_LAG_SECONDS = 30.0


class OrderBook:
    """A view on the cache in which nothing that this process created is missing.

    Without it a second look right after a decision would find no order and decide again.
    """

    def __init__(self, cache: Mapping[str, Json], *, clock: Clock) -> None:
        self._cache = cache
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
        cached = self._cache.get(key)
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

    def all(self) -> Iterator[Json]:
        """Yield every object once, copies and foreign ones included."""
        for key, body in [*self._promised.items()]:
            if key not in self._written and key not in self._cache:
                yield body
        for key in [*self._written]:
            if key not in self._cache and (obj := self.get(key)) is not None:
                yield obj
        for key in self._cache:
            obj = self.get(key)
            if obj is not None:
                yield obj

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
        ours = (
            obj
            for obj in self.all()
            if (obj["metadata"].get("labels") or {}).get(DEPLOYMENT_UID) == uid and is_order(obj)
        )
        return sorted(ours, key=lambda obj: str(obj["metadata"]["namespace"]))


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
