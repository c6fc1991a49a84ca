"""Promises and room of this host: the one place where orders of all homes are admitted."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping

from modelbond.api.kinds import MODEL_PLACEMENT, NODE, POD, Json
from modelbond.api.v1alpha1 import ModelPlacementSpec
from modelbond.api.wire import read
from modelbond.errors import Refused
from modelbond.ports import Informer, KubeApi, MakeInformer, Supervisor
from modelbond.reconcile.host_admission import Accepted, Verdict, admit, ask_of
from modelbond.reconcile.host_ledger import Ledger, Place, Reservation
from modelbond.reconcile.host_order import Order, demand_of
from modelbond.reconcile.host_room import Ask, Room, is_usable, room_of
from modelbond.reconcile.host_terms import Terms
from modelbond.serving.names import PLACEMENT, home_namespace

_log = logging.getLogger(__name__)

_FINISHED = ("Succeeded", "Failed")


class Capacity:
    """The ledger of promises beside what nodes and pods say. Ready once both were read."""

    def __init__(
        self,
        *,
        api: KubeApi,
        make_informer: MakeInformer,
        supervisor: Supervisor,
        read_nodes: bool,
        on_change: Callable[[], None],
    ) -> None:
        self.ledger = Ledger()
        self._api = api
        self._asks: dict[Place, Ask] = {}
        self._lock = asyncio.Lock()
        self._loaded = False
        self._on_change = on_change
        self._room: Room | None = None
        self._supervisor = supervisor
        self._informers: dict[str, Informer] = {}
        if read_nodes:
            for kind in (NODE, POD):
                self._informers[kind.plural] = make_informer(
                    api, kind, on_change=self._seen, on_synced=self._changed
                )

    def start(self) -> None:
        """Begin to watch nodes and pods, where the owner allows it."""
        for name, informer in self._informers.items():
            self._supervisor.start(f"capacity/{name}", informer.run)

    @property
    def ready(self) -> bool:
        """Tell whether promises and room are known; nothing may be admitted before."""
        return self._loaded and all(informer.synced for informer in self._informers.values())

    async def load(self, terms_by_home: Mapping[str, Terms]) -> None:
        """Read the promises of an earlier life: every copy that exists holds one."""
        async with self._lock:
            if self._loaded:
                return
            for copy in (await self._api.list(MODEL_PLACEMENT)).items:
                self._recall(copy, terms_by_home)
            self._loaded = True
        self._changed()

    async def admit(self, order: Order, *, terms: Terms) -> Verdict:
        """Decide, and reserve at once when the order is accepted."""
        place = Place(home=terms.home, order=order.name)
        async with self._lock:
            room = self._room_without(place)
            verdict = admit(order, terms=terms, ledger=self.ledger, room=room)
            if isinstance(verdict, Accepted):
                self._reserve(place, verdict.reservation, spec=order.spec, terms=terms)
        self._changed()
        return verdict

    def release(self, place: Place) -> None:
        """Take back the promise to an order of which nothing is left here."""
        if place in self.ledger.reservations:
            self.ledger = self.ledger.without(place)
            self._asks.pop(place, None)
            self._changed()

    def room(self) -> Room | None:
        """Return the room beside all promises, or None where nodes may not be read."""
        if self._room is None:
            self._room = self._room_without(None)
        return self._room

    def node_addresses(self) -> tuple[str, ...]:
        """Return the address of one Ready node: ExternalIP, else InternalIP; empty if unknown."""
        nodes = self._informers.get(NODE.plural)
        ready = sorted(
            (node for node in (nodes.objects().values() if nodes else ()) if is_usable(node)),
            key=lambda node: str(node["metadata"]["name"]),
        )
        for wanted in ("ExternalIP", "InternalIP"):
            for node in ready:
                for address in node.get("status", {}).get("addresses", []):
                    if address["type"] == wanted:
                        return (str(address["address"]),)
        return ()

    def _recall(self, copy: Json, terms_by_home: Mapping[str, Terms]) -> None:
        origin = copy["spec"].get("origin") or {}
        terms = terms_by_home.get(str(origin.get("homeCluster")))
        if terms is None or copy["metadata"]["namespace"] != home_namespace(terms.home):
            return
        place = Place(home=terms.home, order=copy["metadata"]["name"])
        try:
            spec = read(ModelPlacementSpec, copy["spec"])
            reservation = Reservation(order_uid=origin["orderUID"], demand=demand_of(spec))
        except Refused as refusal:
            # One copy that nobody here could have written must not keep all homes waiting.
            _log.warning("unreadable copy", extra={"order": place.order, "detail": str(refusal)})
        else:
            self._reserve(place, reservation, spec=spec, terms=terms)

    def _reserve(
        self, place: Place, reservation: Reservation, *, spec: ModelPlacementSpec, terms: Terms
    ) -> None:
        self.ledger = self.ledger.with_reserved(place, reservation)
        self._asks[place] = ask_of(spec, terms=terms, count=reservation.demand.replicas)

    def _room_without(self, place: Place | None) -> Room | None:
        """Return the room as if the order of that place had neither pods nor promise."""
        if not self._informers:
            return None
        without = None if place is None else _key(place)
        pods = [pod for pod in self._objects(POD.plural) if _place_of(pod) != without]
        room = room_of(self._objects(NODE.plural), pods)
        bound_by_place = Counter(_place_of(pod) for pod in pods if _is_bound(pod))
        for other, ask in self._asks.items():
            bound = bound_by_place[_key(other)]
            if other != place and bound < ask.count:
                pending = Ask(
                    count=ask.count - bound,
                    each=ask.each,
                    node_selector=ask.node_selector,
                    tolerations=ask.tolerations,
                )
                room, _ = room.placed(pending)
        return room

    def _objects(self, plural: str) -> list[Json]:
        return list(self._informers[plural].objects().values())

    def _seen(self, _obj: Json, _deleted: bool) -> None:  # noqa: FBT001 - the port's own shape
        self._changed()

    def _changed(self) -> None:
        self._room = None
        self._on_change()


def _key(place: Place) -> tuple[str, str]:
    return (home_namespace(place.home), place.order)


def _place_of(pod: Json) -> tuple[str | None, str | None]:
    meta = pod["metadata"]
    return (meta.get("namespace"), (meta.get("labels") or {}).get(PLACEMENT))


def _is_bound(pod: Json) -> bool:
    finished = pod.get("status", {}).get("phase") in _FINISHED
    return bool(pod.get("spec", {}).get("nodeName")) and not finished
