"""Decides where one deployment goes and carries that out, order by order."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace

from modelbond import __version__
from modelbond.controllers.deployment_record import DeploymentRecord
from modelbond.controllers.host_book import HostBook
from modelbond.controllers.order_book import OrderBook
from modelbond.controllers.order_writer import OrderWriter
from modelbond.errors import TerminalError
from modelbond.ports.process import Clock
from modelbond.reconcile.home_bars import with_obstacles
from modelbond.reconcile.home_deployment import Deployment
from modelbond.reconcile.home_names import FINALIZER, LAST_EPOCH
from modelbond.reconcile.home_obstacle import Obstacle, of_order
from modelbond.reconcile.home_order import Order
from modelbond.reconcile.home_plan import Observed, Plan, plan
from modelbond.reconcile.home_room import candidates

Refused = dict[str, Obstacle]
"""Orders that the home's own API server refuses, by host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was decided, with bars for those hosts whose new orders were refused here."""

    plan: Plan
    refused: Refused


class Placing:
    """Decisions are made one at a time; their writes go side by side."""

    def __init__(
        self,
        *,
        record: DeploymentRecord,
        orders: OrderBook,
        writer: OrderWriter,
        book: HostBook,
        clock: Clock,
    ) -> None:
        self._record = record
        self._orders = orders
        self._writer = writer
        self._book = book
        self._clock = clock
        self._tried: dict[str, tuple[int, frozenset[tuple[str, int]]]] = {}

    def forget(self, key: str) -> None:
        """Drop what is remembered of a deployment."""
        self._tried.pop(key, None)

    async def ask(self, deployment: Deployment) -> Asked:
        """Decide, and order from the hosts that were chosen. A refused order holds up no other."""
        known = self._book.known()
        observed = Observed(
            orders=self._orders.of_deployment(deployment.uid),
            known=known,
            hosts=candidates(known.values(), self._orders.at_hosts(known)),
            now=self._clock.now(),
            home_version=__version__,
        )
        decided = self._planned(deployment, observed)
        refused: Refused = {}
        # Nothing is awaited between the look and the promise: the next decision sees this one.
        with self._orders.promising([placing.body for placing in decided.place]):
            await self._hold(deployment, decided, orders=observed.orders)
            for placing in decided.place:
                made = self._writer.create(placing.body, deployment_uid=deployment.uid)
                await _tried(refused, placing.host, made)
        bars = with_obstacles(
            decided.bars,
            refused,
            generation=deployment.generation,
            known=known,
            now=self._clock.now(),
        )
        return Asked(plan=replace(decided, bars=bars), refused=refused)

    async def tell(self, decided: Plan) -> Refused:
        """Change and withdraw orders. Bars are written down before: a withdrawal forgets why."""
        refused: Refused = {}
        for change in decided.change:
            await _tried(refused, change.order.host, self._writer.change(change))
        for gone in decided.withdraw:
            withdrawn = self._writer.withdraw(gone.order, why=gone.why)
            await _tried(refused, gone.order.host, withdrawn)
        return refused

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
        await self._record.mark(deployment, {"finalizers": finalizers, "annotations": annotations})


async def _tried(refused: Refused, host: str, write: Awaitable[None]) -> None:
    try:
        await write
    except TerminalError as failure:
        refused[host] = of_order(failure, host=host)
