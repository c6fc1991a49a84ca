"""ModelDeployments: decides where they go, and tells the customer how they are."""

from collections.abc import Callable, Mapping, Sequence

from modelbond.api.config import HomeConfig
from modelbond.api.kinds import Json
from modelbond.api.reasons import Reason
from modelbond.api.wire import written
from modelbond.controllers.deployment_record import DeploymentRecord
from modelbond.controllers.exposure import Exposed, Exposure
from modelbond.controllers.host_book import HostBook
from modelbond.controllers.leaving import Leaving
from modelbond.controllers.order_book import OrderBook, OrderViews
from modelbond.controllers.order_writer import OrderWriter
from modelbond.controllers.placing import Asked, Placing
from modelbond.controllers.signing import Authority
from modelbond.errors import Refused
from modelbond.ports.cluster import Events, KubeApi
from modelbond.ports.process import Again, Clock, Done, HomeMeter, Outcome
from modelbond.reconcile.home_bars import Bars, next_end
from modelbond.reconcile.home_conditions import Facts, refused
from modelbond.reconcile.home_deployment import Deployment, deployment_of
from modelbond.reconcile.home_endpoints import former
from modelbond.reconcile.home_health import Placement, placement_of, unrouted
from modelbond.reconcile.home_lease_view import PlacementLease
from modelbond.reconcile.home_status import status_of, verdict

RESYNC_SECONDS = 300.0
NAME_TAKEN_SECONDS = 2.0
REFUSED_SECONDS = 30.0
ELSEWHERE_SECONDS = 1.0


class DeploymentController:
    """Keyed by `NAMESPACE/NAME`. `on_new_token` is told the orders whose edges need it.

    `leases` are by the key of their order; None where this operator knows no chain.
    """

    def __init__(  # noqa: PLR0913 - each is a port of its own
        self,
        *,
        api: KubeApi,
        deployments: Mapping[str, Json],
        orders: OrderViews,
        book: HostBook,
        authority: Authority,
        on_new_token: Callable[[str], None],
        events: Events,
        meter: HomeMeter,
        clock: Clock,
        config: HomeConfig,
        leases: Mapping[str, PlacementLease] | None = None,
    ) -> None:
        self._book = book
        self._leases = leases
        self._events = events
        self._clock = clock
        self._config = config
        self._orders = OrderBook(orders, clock=clock)
        self._record = DeploymentRecord(
            api=api, deployments=deployments, events=events, meter=meter, clock=clock
        )
        self._exposure = Exposure(
            api=api, authority=authority, on_new_token=on_new_token, clock=clock
        )
        writer = OrderWriter(api=api, orders=self._orders)
        self._placing = Placing(
            record=self._record, orders=self._orders, writer=writer, book=book, clock=clock
        )
        self._leaving = Leaving(
            record=self._record,
            orders=self._orders,
            writer=writer,
            book=book,
            clock=clock,
            config=config,
            leases={} if leases is None else leases,
        )

    async def reconcile(self, key: str) -> Outcome:
        """Place, change or withdraw orders, route customers to them, and say how it is."""
        obj = self._record.look(key)
        if obj is None:
            self._forget(key)
            return Done()
        if "deletionTimestamp" in obj["metadata"]:
            return await self._leaving.leave(obj)
        self._leaving.forget(key)
        if obj["metadata"]["namespace"] not in self._config.namespaces:
            text = self._not_served(obj["metadata"]["namespace"])
            return await self._refuse(obj, Reason.NAMESPACE_NOT_SERVED, text)
        try:
            return await self._pursue(deployment_of(obj), obj)
        except Refused as unreadable:
            newest = self._record.look(key) or obj
            return await self._refuse(newest, Reason.SPEC_INVALID, str(unreadable))

    def _forget(self, key: str) -> None:
        for each in (self._placing, self._leaving, self._exposure):
            each.forget(key)

    async def _pursue(self, deployment: Deployment, obj: Json) -> Outcome:
        """Bars are written before the withdrawals that follow from them, and before routes.

        Whatever fails after that, a host that declined is not asked again at once.
        """
        asked = await self._placing.ask(deployment)
        obj = await self._record.tell(obj, _barring(obj, asked.plan.bars))
        untold = await self._placing.tell(asked.plan)
        placements = self._placements(deployment)
        exposed = await self._expose(deployment, obj, placements)
        facts = Facts(
            deployment=deployment,
            plan=asked.plan,
            placements=[_as_routed(each, exposed) for each in placements],
            refused={**asked.refused, **untold},
            entrance=exposed.entrance,
            client_secret=exposed.client_secret,
            leases=self._leases or {},
            has_chain=self._leases is not None,
        )
        await self._record.tell(obj, status_of(facts, now=self._clock.now()))
        return Again(seconds=self._next_look(facts, exposed, asked))

    def _placements(self, deployment: Deployment) -> list[Placement]:
        return [
            placement_of(
                order,
                self._book.host(order.host),
                former=former(deployment.status, host=order.host),
            )
            for order in self._orders.of_deployment(deployment.uid)
        ]

    async def _expose(
        self, deployment: Deployment, obj: Json, placements: Sequence[Placement]
    ) -> Exposed:
        exposed = await self._exposure.ensure(deployment, placements)
        for obstacle in exposed.leftovers:
            await self._events.warning(obj, reason=obstacle.reason, message=obstacle.message)
        return exposed

    def _next_look(self, facts: Facts, exposed: Exposed, asked: Asked) -> float:
        """Return in how many seconds to look again: soon where another host may be found."""
        reasons = {obstacle.reason for obstacle in exposed.obstacles}
        bar = next_end(facts.plan.bars, now=self._clock.now())
        if asked.refused:
            return ELSEWHERE_SECONDS
        if Reason.NAME_TAKEN in reasons:
            return NAME_TAKEN_SECONDS
        resync = REFUSED_SECONDS if reasons or facts.refused else RESYNC_SECONDS
        return resync if bar is None else min(resync, bar + 1.0)

    async def _refuse(self, obj: Json, reason: Reason, text: str) -> Outcome:
        """Say that nothing is done, and leave alone what was done before."""
        before = obj.get("status") or {}
        said = verdict(
            before,
            refused(reason, text),
            generation=obj["metadata"].get("generation", 1),
            now=self._clock.now(),
        )
        await self._record.tell(obj, {**before, **said})
        return Done()

    def _not_served(self, namespace: str) -> str:
        served = ", ".join(self._config.namespaces) or "none yet"
        return (
            f"namespace {namespace} is not served: add it to home.namespaces in the chart's "
            f"values, or create this ModelDeployment in one of: {served}"
        )


def _barring(obj: Json, bars: Bars) -> Json:
    """Return the status with what is new among the bars, all else as it was."""
    status, barred = obj.get("status") or {}, [written(bar) for bar in bars]
    told = status.get("barred") or []
    return {**status, "barred": barred} if any(bar not in told for bar in barred) else status


def _as_routed(placement: Placement, exposed: Exposed) -> Placement:
    obstacle = exposed.routes.get(placement.order.host)
    return unrouted(placement, obstacle) if obstacle else placement
