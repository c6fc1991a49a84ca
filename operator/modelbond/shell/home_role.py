"""The home role, wired: deployments are placed, orders signed, hosts listened to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from modelbond.adapters.authority import SecretAuthority
from modelbond.api.config import HomeConfig
from modelbond.api.kinds import HOST_CLUSTER, MODEL_DEPLOYMENT, MODEL_PLACEMENT, Json, key_of
from modelbond.controllers.deployment import DeploymentController
from modelbond.controllers.host_book import HostBook
from modelbond.controllers.host_cluster import HostClusterController, host_keys
from modelbond.controllers.lease_book import LeaseBook
from modelbond.controllers.order import OrderController, deployment_keys
from modelbond.controllers.order_book import OrderViews
from modelbond.ports.process import Clock
from modelbond.reconcile.home_lease_shown import lease_views
from modelbond.reconcile.home_names import deployment_uid_of, host_of_object
from modelbond.reconcile.home_tally import HomeTally, tally
from modelbond.runtime.home_metrics import HOME, PrometheusMeter
from modelbond.runtime.lease_metrics import LEASES
from modelbond.runtime.work_queue import WorkQueue
from modelbond.shell.lease_role import leases
from modelbond.shell.parts import Parts, Served, own_key
from modelbond.sla.lease_view import LeaseView


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What the controllers of a home have in common."""

    parts: Parts
    config: HomeConfig
    book: HostBook
    authority: SecretAuthority
    orders_at: Mapping[str, Mapping[str, Json]]
    deployments: WorkQueue
    orders: WorkQueue
    hosts: WorkQueue


def home_role(parts: Parts, config: HomeConfig) -> tuple[Served, ...]:
    """Return the controllers of a home, which share one book of hosts and one authority."""
    clusters = parts.objects(HOST_CLUSTER)
    shared = _Shared(
        parts=parts,
        config=config,
        book=HostBook(clusters, clock=parts.clock, silence_seconds=config.silence_seconds),
        authority=SecretAuthority(
            api=parts.api,
            namespace=parts.config.namespace,
            certificate_days=config.certificate_days,
            clock=parts.clock,
        ),
        orders_at=parts.index(MODEL_PLACEMENT, host_of_object),
        deployments=parts.queue("deployment"),
        orders=parts.queue("order"),
        hosts=parts.queue("host-cluster"),
    )
    HOME.watch(partial(_tally, shared))
    orders = _order_controller(shared)
    book, lease_controllers = _leases(shared)
    return (
        _deployments(shared, on_new_token=orders.new_token, leases=book),
        Served(
            name="order",
            queue=shared.orders,
            keys={MODEL_PLACEMENT: _order_key},
            controller=orders,
        ),
        _hosts(shared),
        *lease_controllers,
    )


def _leases(shared: _Shared) -> tuple[LeaseBook | None, tuple[Served, ...]]:
    """Return the book of leases and who writes it; nothing where no chain is configured."""
    chain = shared.parts.config.chain
    if chain is None:
        return None, ()
    book = LeaseBook(deployments=shared.deployments)
    LEASES.watch(partial(_lease_views, book, shared.parts.clock))
    served = leases(shared.parts, chain, book=book, hosts=shared.book, authority=shared.authority)
    return book, (served,)


def _deployments(
    shared: _Shared, *, on_new_token: Callable[[str], None], leases: LeaseBook | None
) -> Served:
    parts = shared.parts
    controller = DeploymentController(
        api=parts.api,
        deployments=parts.objects(MODEL_DEPLOYMENT),
        orders=OrderViews(
            all=parts.objects(MODEL_PLACEMENT),
            of_deployment=parts.index(MODEL_PLACEMENT, deployment_uid_of),
            at_host=shared.orders_at,
        ),
        book=shared.book,
        authority=shared.authority,
        on_new_token=on_new_token,
        events=parts.events,
        meter=PrometheusMeter(),
        clock=parts.clock,
        config=shared.config,
        leases=leases.leases if leases else None,
    )
    keys = {MODEL_DEPLOYMENT: own_key, MODEL_PLACEMENT: deployment_keys}
    return Served(name="deployment", queue=shared.deployments, keys=keys, controller=controller)


def _order_controller(shared: _Shared) -> OrderController:
    parts = shared.parts
    return OrderController(
        api=parts.api,
        orders=parts.objects(MODEL_PLACEMENT),
        deployments=parts.objects(MODEL_DEPLOYMENT),
        hosts=parts.objects(HOST_CLUSTER),
        book=shared.book,
        authority=shared.authority,
        queue=shared.orders,
        events=parts.events,
        clock=parts.clock,
        withdraw_deadline_seconds=shared.config.withdraw_deadline_seconds,
    )


def _hosts(shared: _Shared) -> Served:
    parts = shared.parts
    controller = HostClusterController(
        api=parts.api,
        hosts=parts.objects(HOST_CLUSTER),
        orders_at=shared.orders_at,
        deployments=parts.objects(MODEL_DEPLOYMENT),
        book=shared.book,
        make_informer=parts.make_informer,
        supervisor=parts.supervisor,
        queue_hosts=shared.hosts,
        queue_deployments=shared.deployments,
        queue_orders=shared.orders,
        events=parts.events,
        clock=parts.clock,
    )
    keys = {HOST_CLUSTER: own_key, MODEL_PLACEMENT: host_keys}
    return Served(name="host-cluster", queue=shared.hosts, keys=keys, controller=controller)


def _tally(shared: _Shared) -> HomeTally:
    return tally(
        hosts=shared.book.known().values(),
        deployments=shared.parts.objects(MODEL_DEPLOYMENT).values(),
        orders=shared.parts.objects(MODEL_PLACEMENT).values(),
    )


def _order_key(placement: Json) -> Iterable[str]:
    return [key_of(placement)] if placement.get("spec", {}).get("role") == "Order" else []


def _lease_views(book: LeaseBook, clock: Clock) -> Iterable[LeaseView]:
    return lease_views(book.leases, book.orders, now=int(clock.now().timestamp()))
