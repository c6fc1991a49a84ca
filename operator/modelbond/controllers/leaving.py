"""Deleted ModelDeployments: every order is withdrawn, and hosts are waited for, not for ever."""

from collections.abc import Mapping

from modelbond.api.config import HomeConfig
from modelbond.api.kinds import Json
from modelbond.controllers.deployment_record import DeploymentRecord
from modelbond.controllers.host_book import HostBook
from modelbond.controllers.order_book import OrderBook
from modelbond.controllers.order_writer import OrderWriter
from modelbond.controllers.stopwatch import Stopwatch
from modelbond.errors import TerminalError
from modelbond.ports.process import Again, Clock, Done, Outcome
from modelbond.reconcile.home_deployment import DeploymentHandle, handle_of
from modelbond.reconcile.home_health import placement_of
from modelbond.reconcile.home_lease_view import PlacementLease
from modelbond.reconcile.home_leave import seconds_to_wait
from modelbond.reconcile.home_names import FINALIZER
from modelbond.reconcile.home_obstacle import Obstacle, of_order
from modelbond.reconcile.home_status import leaving_status


class Leaving:
    """Reads neither the spec nor whole orders: another version may have written them.

    The wait is measured on this process's clock since it first saw the deletion: each start of
    the operator waits anew.
    """

    def __init__(  # noqa: PLR0913 - each is a port or a book of its own
        self,
        *,
        record: DeploymentRecord,
        orders: OrderBook,
        writer: OrderWriter,
        book: HostBook,
        clock: Clock,
        config: HomeConfig,
        leases: Mapping[str, PlacementLease],
    ) -> None:
        self._record = record
        self._orders = orders
        self._writer = writer
        self._book = book
        self._clock = clock
        self._config = config
        self._leases = leases
        self._waiting = Stopwatch(clock)

    def forget(self, key: str) -> None:
        """Stop waiting for a deployment that lives, or is gone."""
        self._waiting.seconds(key, running=False)

    async def leave(self, obj: Json) -> Outcome:
        """Withdraw all orders, wait for their hosts, then let the deployment go."""
        deployment = handle_of(obj)
        if not deployment.held:
            return Done()
        refused = await self._withdraw(deployment)
        hosts = [each.host for each in self._orders.handles_of(deployment.uid)]
        wait = seconds_to_wait(
            hosts,
            known=self._book.known(),
            waited_seconds=self._waiting.seconds(deployment.key, running=True),
            deadline_seconds=self._config.withdraw_deadline_seconds,
        )
        if wait <= 0:
            left = [each for each in deployment.finalizers if each != FINALIZER]
            await self._record.mark(deployment, {"finalizers": left})
            return Done()
        placements = [
            placement_of(order, self._book.host(order.host))
            for order in self._orders.readable_of(deployment.uid)
        ]
        status = leaving_status(
            deployment,
            placements,
            hosts=hosts,
            refused=refused,
            leases=self._leases,
            now=self._clock.now(),
        )
        await self._record.tell(obj, status)
        return Again(seconds=min(wait, self._config.silence_seconds))

    async def _withdraw(self, deployment: DeploymentHandle) -> dict[str, Obstacle]:
        """Withdraw every order that can be; return what keeps the others, by host."""
        refused = {}
        for order in self._orders.handles_of(deployment.uid):
            try:
                if not order.withdrawn:
                    await self._writer.withdraw(order, why="its ModelDeployment was deleted")
            except TerminalError as failure:
                refused[order.host] = of_order(failure, host=order.host)
        return refused
