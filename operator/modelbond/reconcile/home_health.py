"""How one placement is doing, from its host's answer and from whether the host is heard."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from modelbond.api.conditions import ConditionType
from modelbond.api.reasons import Reason
from modelbond.api.v1alpha1 import (
    Endpoint,
    LeaseState,
    ModelPlacementStatus,
    PlacementState,
)
from modelbond.placement.host import Heard
from modelbond.reconcile.home_endpoints import Believed, believed
from modelbond.reconcile.home_obstacle import Obstacle
from modelbond.reconcile.home_order import Order, Said
from modelbond.reconcile.home_room import KnownHost
from modelbond.reconcile.home_stranger import shown

PROGRESS_STEP = 5
_IN_ORDER = (
    ConditionType.MODEL_VERIFIED,
    ConditionType.MODEL_LOADED,
    ConditionType.ENDPOINT_READY,
    ConditionType.READY,
)
_FAILURES = frozenset(
    {
        Reason.DIGEST_MISMATCH,
        Reason.SIZE_MISMATCH,
        Reason.FETCH_FAILED,
        Reason.LOAD_FAILED,
        Reason.UNSCHEDULABLE,
        Reason.CRASH_LOOPING,
        Reason.IMAGE_PULL_FAILED,
        Reason.NAME_TAKEN,
        Reason.OBJECT_REFUSED,
        Reason.ENDPOINT_REFUSED,
        Reason.CAPACITY_LOST,
    }
)


class Health(StrEnum):
    """How a placement is, in one word."""

    PENDING = "Pending"
    DECLINED = "Declined"
    PROGRESSING = "Progressing"
    HEALTHY = "Healthy"
    DEGRADED = "Degraded"
    UNREACHABLE = "Unreachable"
    WITHDRAWING = "Withdrawing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """One order with what follows from it. `endpoints` are those that the home believes.

    What is `frozen`, since a stranger answers, keeps its former endpoints; its answer is empty.
    `unrouted` is why customers are not led there, whatever it serves.
    """

    order: Order
    health: Health
    reason: Reason
    message: str
    ready_replicas: int
    endpoints: tuple[Endpoint, ...]
    refused: tuple[str, ...]
    serving: bool
    frozen: bool
    unrouted: Obstacle | None = None

    @property
    def counts(self) -> bool:
        """Say whether all replicas serve what is wished."""
        return self.health is Health.HEALTHY


def placement_of(
    order: Order, host: KnownHost | None, *, former: Sequence[Endpoint] = ()
) -> Placement:
    """Return how the placement is. `host` is None when its HostCluster is gone.

    `former` are the endpoints that the deployment's status last told of there.
    """
    if host is not None and host.identity_changed:
        return _frozen(order, former=former)
    answered = believed(order.answer.endpoints, cidrs=host.endpoint_cidrs if host else ())
    endpoint = order.said(ConditionType.ENDPOINT_READY)
    serving = bool(answered.endpoints) and endpoint is not None and endpoint.status is True
    lost = _lost(order, host)
    health, why = lost or _answered(order) or _running(order, answered, serving=serving)
    ready = min(order.answer.ready_replicas or 0, order.spec.replicas)
    return Placement(
        order=order,
        health=health,
        reason=why.reason,
        message=why.message,
        ready_replicas=ready if lost is None and order.current else 0,
        endpoints=answered.endpoints,
        refused=answered.refused,
        serving=serving,
        frozen=False,
    )


def unrouted(placement: Placement, obstacle: Obstacle) -> Placement:
    """Return the placement as one that customers do not reach by the deployment's Service."""
    if placement.health in (Health.UNREACHABLE, Health.WITHDRAWING) or not placement.serving:
        return replace(placement, unrouted=obstacle)
    return replace(
        placement,
        health=Health.DEGRADED,
        reason=obstacle.reason,
        message=obstacle.message,
        unrouted=obstacle,
    )


def _frozen(order: Order, *, former: Sequence[Endpoint]) -> Placement:
    """Return what was so before a stranger took the host's name: nothing that it says counts."""
    why = _said(Reason.IDENTITY_CHANGED, "another cluster answers under this host's name")
    if order.withdrawn:
        why = _LEAVING
    return Placement(
        order=replace(order, answer=ModelPlacementStatus()),
        health=Health.WITHDRAWING if order.withdrawn else Health.UNREACHABLE,
        reason=why.reason,
        message=why.message,
        ready_replicas=0,
        endpoints=tuple(former),
        refused=(),
        serving=bool(former),
        frozen=True,
    )


def _lost(order: Order, host: KnownHost | None) -> tuple[Health, Said] | None:
    if order.withdrawn:
        return Health.WITHDRAWING, _LEAVING
    if host is None or host.heard is Heard.SILENT:
        return Health.UNREACHABLE, _said(
            Reason.HOST_UNREACHABLE, "the host is silent; what runs there is left alone"
        )
    return None


def _answered(order: Order) -> tuple[Health, Said] | None:
    declined = order.declined
    if declined is not None:
        return Health.DECLINED, declined
    if order.problem:
        return Health.PROGRESSING, _said(Reason.REPORT_INVALID, order.problem)
    if order.said(ConditionType.ACCEPTED) is None or not order.current:
        return Health.PENDING, _said(
            Reason.WAITING_FOR_HOST, "the host has not answered the order as it is now"
        )
    return None


def _running(order: Order, answered: Believed, *, serving: bool) -> tuple[Health, Said]:
    if answered.refused and not answered.endpoints:
        return Health.DEGRADED, _said(
            Reason.ENDPOINT_REFUSED,
            f"serves at {shown(', '.join(answered.refused))}, outside its HostCluster's "
            "endpointCIDRs: add the range there if the address is right (a cluster that is its own "
            "host serves at its pods' addresses)",
        )
    if order.spec.replicas == 0:
        return Health.HEALTHY, _said(Reason.PAUSED, "replicas is 0")
    if (order.answer.ready_replicas or 0) >= order.spec.replicas and serving:
        return Health.HEALTHY, _said(Reason.READY, "all replicas serve")
    why = first_obstacle(order)
    failed = why.reason in _FAILURES or bool(order.answer.ready_replicas)
    return (Health.DEGRADED if failed else Health.PROGRESSING), why


def first_obstacle(order: Order) -> Said:
    """Return the first condition, in the order of debugging, that is not true."""
    for about in _IN_ORDER:
        said = order.said(about)
        if said is not None and said.status is not True:
            return said
    return _said(Reason.PROGRESSING, "the host has not said more yet")


def _said(reason: Reason, message: str) -> Said:
    return Said(status=False, reason=reason, message=message)


_LEAVING = _said(Reason.WITHDRAWING, "waits for its host to release it")


def state_of(placement: Placement, *, lease: LeaseState | None = None) -> PlacementState:
    """Return the placement's entry in the deployment's status."""
    order = placement.order
    return PlacementState(
        slot=order.spec.slot,
        host=order.host,
        order=order.name,
        epoch=order.spec.epoch,
        health=placement.health.value,
        reason=placement.reason.value,
        message=placement.message,
        replicas=order.answer.replicas,
        ready_replicas=placement.ready_replicas,
        revision=order.answer.revision,
        progress_percent=_percent(order),
        lease=lease,
    )


def _percent(order: Order) -> int | None:
    progress = order.answer.progress
    if progress is None or not progress.total_bytes:
        return None
    percent = min(100, 100 * progress.done_bytes // progress.total_bytes)
    return percent - percent % PROGRESS_STEP
