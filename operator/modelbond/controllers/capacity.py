"""Promises and room of this host: the one place where orders of all homes are admitted."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from modelbond.api.kinds import MODEL_PLACEMENT, NODE, POD, Json, key_of
from modelbond.api.v1alpha1 import ModelPlacementSpec
from modelbond.api.wire import read
from modelbond.errors import Forbidden, Refused
from modelbond.ports.cluster import Informer, KubeApi, MakeInformer
from modelbond.ports.process import Supervisor
from modelbond.reconcile.host_admission import Accepted, Verdict, admit, ask_of
from modelbond.reconcile.host_ledger import Ledger, Place, Reservation
from modelbond.reconcile.host_nodes import PlaceKey, node_facts, pod_use
from modelbond.reconcile.host_occupancy import Occupancy
from modelbond.reconcile.host_order import Order, demand_of
from modelbond.reconcile.host_room import Room
from modelbond.reconcile.host_terms import Terms
from modelbond.serving.names import home_namespace

_log = logging.getLogger(__name__)


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
        self._occupancy = Occupancy()
        self._lock = asyncio.Lock()
        self._loaded = False
        self._on_change = on_change
        self._supervisor = supervisor
        self._informers: dict[str, Informer] = {}
        if read_nodes:
            self._informers = {
                NODE.plural: make_informer(
                    api, NODE, on_change=self._node_seen, on_synced=on_change, reduce=_reduced_node
                ),
                POD.plural: make_informer(
                    api, POD, on_change=self._pod_seen, on_synced=on_change, reduce=_reduced_pod
                ),
            }

    def start(self) -> None:
        """Begin to watch nodes and pods, where the owner allows it."""
        for name, informer in self._informers.items():
            self._supervisor.start(f"capacity/{name}", informer.run)

    @property
    def ready(self) -> bool:
        """Tell whether promises and room are known; nothing may be admitted before."""
        if not self._loaded:
            return False
        return self._is_closed or all(informer.synced for informer in self._informers.values())

    @property
    def failure(self) -> Exception | None:
        """Return what keeps the room from being known at present, or None."""
        if self._is_closed:
            return None
        waiting = [informer for informer in self._informers.values() if not informer.synced]
        return next((each.failure for each in waiting if each.failure is not None), None)

    async def load(self, terms_by_home: Mapping[str, Terms]) -> None:
        """Read the promises of an earlier life: every copy that exists holds one."""
        async with self._lock:
            if self._loaded:
                return
            for copy in (await self._api.list(MODEL_PLACEMENT)).items:
                self._recall(copy, terms_by_home)
            self._loaded = True
        self._on_change()

    async def admit(self, order: Order, *, terms: Terms) -> Verdict:
        """Decide, and reserve at once when the order is accepted."""
        place = Place(home=terms.home, order=order.name)
        async with self._lock:
            room = None if self._is_closed else self._occupancy.room_without(_key(place))
            verdict = admit(order, terms=terms, ledger=self.ledger, room=room)
            if isinstance(verdict, Accepted):
                self._reserve(place, verdict.reservation, spec=order.spec, terms=terms)
        self._on_change()
        return verdict

    def release(self, place: Place) -> None:
        """Take back the promise to an order of which nothing is left here."""
        if place in self.ledger.reservations:
            self.ledger = self.ledger.without(place)
            self._occupancy.promise(_key(place), None)
            self._on_change()

    def room(self) -> Room | None:
        """Return the room beside all promises, or None where nodes may not be read."""
        return None if self._is_closed else self._occupancy.room()

    def node_addresses(self) -> tuple[str, ...]:
        """Return the address of one Ready node: ExternalIP, else InternalIP; empty if unknown."""
        nodes = self._occupancy.usable_nodes()
        for wanted in ("ExternalIP", "InternalIP"):
            for node in nodes:
                for sort, address in node.addresses:
                    if sort == wanted:
                        return (address,)
        return ()

    @property
    def _is_closed(self) -> bool:
        """Tell whether nodes and pods may not be read here: the quota alone counts then."""
        failures = [informer.failure for informer in self._informers.values()]
        return not failures or any(isinstance(failure, Forbidden) for failure in failures)

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
        ask = ask_of(spec, terms=terms, count=reservation.demand.replicas)
        self._occupancy.promise(_key(place), ask)

    def _node_seen(self, node: Json, deleted: bool) -> None:  # noqa: FBT001 - the port's own shape
        self._occupancy.node(key_of(node), None if deleted else node["facts"])

    def _pod_seen(self, pod: Json, deleted: bool) -> None:  # noqa: FBT001 - the port's own shape
        self._occupancy.pod(key_of(pod), None if deleted else pod["use"])


def _key(place: Place) -> PlaceKey:
    return (home_namespace(place.home), place.order)


def _reduced_node(node: Json) -> Json:
    return {"metadata": _identity(node), "facts": node_facts(node)}


def _reduced_pod(pod: Json) -> Json:
    """Keep of a pod what room depends on: a whole one is some 20 kB, and there are thousands."""
    return {"metadata": _identity(pod), "use": pod_use(pod)}


def _identity(obj: Json) -> Json:
    meta = obj["metadata"]
    return {name: meta[name] for name in ("namespace", "name", "uid") if name in meta}
