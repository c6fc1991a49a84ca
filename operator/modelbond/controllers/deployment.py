"""ModelDeployments: decides where they go, and tells the customer how they are."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from modelbond import __version__
from modelbond.api.config import HomeConfig
from modelbond.api.kinds import MODEL_DEPLOYMENT, MODEL_PLACEMENT, Json, key_of
from modelbond.api.reasons import Reason
from modelbond.controllers.exposure import Exposed, Exposure
from modelbond.controllers.freshest import Freshest
from modelbond.controllers.host_book import HostBook
from modelbond.controllers.order_book import OrderBook
from modelbond.controllers.signing import Authority
from modelbond.errors import AlreadyExists, Conflicted, NameTaken, Refused
from modelbond.ports import Again, Clock, Done, Events, KubeApi, Outcome, Queue
from modelbond.reconcile.home_bars import next_end
from modelbond.reconcile.home_conditions import Facts, refused
from modelbond.reconcile.home_deployment import Deployment, deployment_of
from modelbond.reconcile.home_events import events_between
from modelbond.reconcile.home_health import Placement, placement_of
from modelbond.reconcile.home_leave import seconds_to_wait
from modelbond.reconcile.home_names import FINALIZER, LAST_EPOCH, STATUS_MANAGER
from modelbond.reconcile.home_order import Order, order_of
from modelbond.reconcile.home_plan import Observed, Place, Plan, plan
from modelbond.reconcile.home_room import candidates
from modelbond.reconcile.home_status import leaving_status, status_of, verdict

_log = logging.getLogger(__name__)

RESYNC_SECONDS = 300.0
NAME_TAKEN_SECONDS = 2.0
ORDER_TAKEN_SECONDS = 60.0


class DeploymentController:
    """Keyed by `NAMESPACE/NAME`. Decisions are made one at a time; their writes go side by side."""

    def __init__(  # noqa: PLR0913 - each is a port of its own
        self,
        *,
        api: KubeApi,
        deployments: Mapping[str, Json],
        orders: Mapping[str, Json],
        book: HostBook,
        authority: Authority,
        queue_orders: Queue,
        events: Events,
        clock: Clock,
        config: HomeConfig,
    ) -> None:
        self._api = api
        self._deployments = deployments
        self._orders = OrderBook(orders, clock=clock)
        self._book = book
        self._queue_orders = queue_orders
        self._events = events
        self._clock = clock
        self._config = config
        self._exposure = Exposure(api=api, authority=authority, clock=clock)
        self._fresh = Freshest()
        self._tried: dict[str, tuple[int, frozenset[tuple[str, int]]]] = {}

    async def reconcile(self, key: str) -> Outcome:
        """Place, change or withdraw orders, route customers to them, and say how it is."""
        obj = self._fresh.of(key, self._deployments.get(key))
        if obj is None:
            self._fresh.forget(key)
            self._exposure.forget(key)
            self._tried.pop(key, None)
            return Done()
        try:
            deployment = deployment_of(obj)
        except Refused as refusal:
            return await self._refuse(obj, Reason.SPEC_INVALID, str(refusal))
        if deployment.deleting_since is not None:
            return await self._leave(deployment, obj, since=deployment.deleting_since)
        if deployment.namespace not in self._config.namespaces:
            text = self._not_served(deployment.namespace)
            return await self._refuse(obj, Reason.NAMESPACE_NOT_SERVED, text)
        try:
            decided, taken = await self._place(deployment)
        except Refused as unreadable:
            return await self._refuse(obj, Reason.SPEC_INVALID, str(unreadable))
        return await self._serve(deployment, obj, decided=decided, taken=taken)

    async def _place(self, deployment: Deployment) -> tuple[Plan, str]:
        """Do what is decided; return it, and which foreign object stood in an order's way."""
        known = self._book.known()
        observed = Observed(
            orders=self._orders.of_deployment(deployment.uid),
            known=known,
            hosts=candidates(known.values(), self._orders.all()),
            now=self._clock.now(),
            home_version=__version__,
        )
        decided = self._planned(deployment, observed)
        # Nothing is awaited between the look and the promise: the next decision sees this one.
        with self._orders.promising([placing.body for placing in decided.place]):
            await self._hold(deployment, decided, orders=observed.orders)
            taken = await self._create_all(deployment, decided.place)
        for change in decided.change:
            await self._patch(change.order, change.spec)
        for withdrawing in decided.withdraw:
            await self._patch(withdrawing.order, {"state": "Withdrawn"})
            fields = {"order": withdrawing.order.key, "why": withdrawing.why}
            _log.info("withdrawn", extra=fields)
        return decided, taken

    async def _create_all(self, deployment: Deployment, places: Sequence[Place]) -> str:
        """Create the orders; return the foreign object that stood in the way of one, or nothing."""
        taken = ""
        for placing in places:
            try:
                await self._create(deployment, placing)
            except NameTaken as foreign:
                taken = str(foreign)
                continue
            _log.info("placed", extra={"deployment": deployment.key, "host": placing.host})
        return taken

    def _planned(self, deployment: Deployment, observed: Observed) -> Plan:
        """Plan; a try that failed is repeated in its own epoch.

        A new epoch for each try would be written, noticed as a change, and tried at once again.
        """
        decided = plan(deployment, observed)
        epoch, before = self._tried.pop(deployment.key, (0, frozenset()))
        places = frozenset((each.host, each.slot) for each in decided.place)
        if places and places == before and deployment.last_epoch == epoch:
            decided = plan(replace(deployment, last_epoch=epoch - 1), observed)
        if places:
            self._tried[deployment.key] = (decided.last_epoch, places)
        return decided

    async def _hold(
        self, deployment: Deployment, decided: Plan, *, orders: Sequence[Order]
    ) -> None:
        """Write finalizer and epoch down before anything depends on them."""
        if not decided.place and (deployment.held or not orders):
            return
        if deployment.held and decided.last_epoch == deployment.last_epoch:
            return
        finalizers = [*dict.fromkeys([*deployment.finalizers, FINALIZER])]
        annotations = {LAST_EPOCH: str(decided.last_epoch)}
        await self._merge(deployment, {"finalizers": finalizers, "annotations": annotations})

    async def _merge(self, deployment: Deployment, metadata: Json) -> None:
        patch = {
            "metadata": {
                "uid": deployment.uid,
                "resourceVersion": deployment.resource_version,
                **metadata,
            }
        }
        wrote = await self._api.merge(
            MODEL_DEPLOYMENT, deployment.name, patch, namespace=deployment.namespace
        )
        if wrote is None:
            raise Conflicted(f"ModelDeployment {deployment.key} is gone")
        self._fresh.wrote(deployment.key, wrote)

    async def _create(self, deployment: Deployment, placing: Place) -> None:
        try:
            made = await self._api.create(MODEL_PLACEMENT, placing.body)
        except AlreadyExists:
            made = await self._adopted(deployment, placing.body)
        self._orders.wrote(made)

    async def _adopted(self, deployment: Deployment, body: Json) -> Json:
        """Return the order that an earlier, interrupted attempt of ours has made."""
        meta = body["metadata"]
        held = await self._api.get(MODEL_PLACEMENT, meta["name"], namespace=meta["namespace"])
        order = order_of(held) if held is not None else None
        if held is None or order is None or order.deployment_uid != deployment.uid:
            raise NameTaken(kind="ModelPlacement", namespace=meta["namespace"], name=meta["name"])
        return held

    async def _patch(self, order: Order, spec: Json) -> None:
        # No resourceVersion: the host's status moves it all the time, and spec is ours alone.
        patch = {"metadata": {"uid": order.uid}, "spec": spec}
        wrote = await self._api.merge(MODEL_PLACEMENT, order.name, patch, namespace=order.namespace)
        if wrote is not None:
            self._orders.wrote(wrote)

    async def _serve(
        self, deployment: Deployment, obj: Json, *, decided: Plan, taken: str
    ) -> Outcome:
        placements = self._placements(deployment)
        exposed = await self._exposure.ensure(deployment, placements)
        if exposed.new_token:
            for placement in placements:
                self._queue_orders.add(placement.order.key)
        facts = Facts(
            deployment=deployment,
            plan=decided,
            placements=placements,
            taken=exposed.taken or taken,
        )
        await self._write(obj, status_of(facts, now=self._clock.now()))
        return Again(seconds=ORDER_TAKEN_SECONDS if taken else self._next_look(decided, exposed))

    def _placements(self, deployment: Deployment) -> list[Placement]:
        return [
            placement_of(order, self._book.host(order.host))
            for order in self._orders.of_deployment(deployment.uid)
        ]

    def _next_look(self, decided: Plan, exposed: Exposed) -> float:
        if exposed.taken:
            return NAME_TAKEN_SECONDS
        bar = next_end(decided.bars, now=self._clock.now())
        return RESYNC_SECONDS if bar is None else min(RESYNC_SECONDS, bar + 1.0)

    async def _refuse(self, obj: Json, reason: Reason, text: str) -> Outcome:
        """Say that nothing is done, and leave alone what was done before."""
        before = obj.get("status") or {}
        said = verdict(
            before,
            refused(reason, text),
            generation=obj["metadata"].get("generation", 1),
            now=self._clock.now(),
        )
        await self._write(obj, {**before, **said})
        return Done()

    def _not_served(self, namespace: str) -> str:
        served = ", ".join(self._config.namespaces) or "none yet"
        return (
            f"namespace {namespace} is not served: add it to home.namespaces in the chart's "
            f"values, or create this ModelDeployment in one of: {served}"
        )

    async def _leave(self, deployment: Deployment, obj: Json, *, since: datetime) -> Outcome:
        if not deployment.held:
            return Done()
        for order in self._orders.of_deployment(deployment.uid):
            if not order.withdrawn:
                await self._patch(order, {"state": "Withdrawn"})
        placements = self._placements(deployment)
        wait = seconds_to_wait(
            [each.order for each in placements],
            known=self._book.known(),
            waited_seconds=(self._clock.now() - since).total_seconds(),
            deadline_seconds=self._config.withdraw_deadline_seconds,
        )
        if wait <= 0:
            left = [each for each in deployment.finalizers if each != FINALIZER]
            await self._merge(deployment, {"finalizers": left})
            return Done()
        await self._write(obj, leaving_status(deployment, placements, now=self._clock.now()))
        return Again(seconds=min(wait, self._config.silence_seconds))

    async def _write(self, obj: Json, status: Json) -> None:
        before = obj.get("status") or {}
        if status == before:
            return
        about = _reference(obj)
        wrote = await self._api.apply_status(
            MODEL_DEPLOYMENT, {**about, "status": status}, manager=STATUS_MANAGER
        )
        self._fresh.wrote(key_of(obj), wrote)
        for told in events_between(before, status):
            record = self._events.normal if told.good else self._events.warning
            await record(about, reason=told.reason, message=told.message)


def _reference(obj: Json) -> Json:
    names = ("name", "namespace", "uid")
    return {
        "apiVersion": MODEL_DEPLOYMENT.api_version,
        "kind": MODEL_DEPLOYMENT.kind,
        "metadata": {name: obj["metadata"][name] for name in names},
    }
