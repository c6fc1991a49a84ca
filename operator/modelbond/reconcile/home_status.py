"""The status of a ModelDeployment: one JSON value from the facts, equal for equal facts."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from modelbond.api.conditions import Condition, ConditionType, merged
from modelbond.api.kinds import Json
from modelbond.api.reasons import Reason
from modelbond.api.v1alpha1 import (
    DeploymentEndpoint,
    DeploymentFailure,
    LeaseState,
    PlacementSummary,
)
from modelbond.api.wire import written
from modelbond.reconcile.home_conditions import Facts, conditions
from modelbond.reconcile.home_deployment import DeploymentHandle
from modelbond.reconcile.home_health import Health, Placement, state_of
from modelbond.reconcile.home_lease_spending import spending_told
from modelbond.reconcile.home_lease_view import PlacementLease, state_told, uptime_told
from modelbond.reconcile.home_names import DEPLOYMENT_UID, client_secret_name
from modelbond.reconcile.home_obstacle import Obstacle
from modelbond.reconcile.home_stranger import last_words, shown


def status_of(facts: Facts, *, now: datetime) -> Json:
    """Return the whole status."""
    deployment = facts.deployment
    status = verdict(
        deployment.status, conditions(facts), generation=deployment.generation, now=now
    )
    status |= {
        "replicas": min((each.ready_replicas for each in facts.live), default=0),
        "selector": f"{DEPLOYMENT_UID}={deployment.uid}",
        "summary": written(_summary(facts)),
        "placements": [
            written(state_of(each, lease=_lease(each, deployment.status, leases=facts.leases)))
            for each in _shown(facts.placements)
        ],
        "endpoints": [written(each) for each in _endpoints(facts.live)],
        **_money(facts),
    }
    if facts.plan.bars:
        status["barred"] = [written(bar) for bar in facts.plan.bars]
    if facts.client_secret:
        status["clientSecret"] = client_secret_name(deployment.name)
    failure = _failure(facts.live)
    if failure is not None:
        status["lastFailure"] = written(failure)
    elif "lastFailure" in deployment.status:
        status["lastFailure"] = deployment.status["lastFailure"]
    return status


def verdict(before: Json, wanted: Sequence[Condition], *, generation: int, now: datetime) -> Json:
    """Return the part of a status that says what holds, and for which generation."""
    conditions = before.get("conditions") or []
    return {
        "observedGeneration": generation,
        "conditions": merged(conditions, wanted, generation=generation, now=now),
    }


def leaving_status(  # noqa: PLR0913 - each is a fact of its own
    deployment: DeploymentHandle,
    placements: Sequence[Placement],
    *,
    hosts: Sequence[str],
    refused: Mapping[str, Obstacle],
    leases: Mapping[str, PlacementLease],
    now: datetime,
) -> Json:
    """Return the status of a deployment that is being deleted and waits for these hosts.

    `refused` has, by host, the orders that could not even be withdrawn.
    """
    waits = f"deleted; waits until {', '.join(sorted(hosts))} confirms that its copy is gone"
    hindered = [f"{host}: {obstacle.message}" for host, obstacle in sorted(refused.items())]
    ready = Condition(
        type=ConditionType.READY,
        status=False,
        reason=Reason.WITHDRAWING,
        message="; ".join([waits, *hindered]),
    )
    kept = {
        name: value
        for name, value in deployment.status.items()
        if name in ("lastFailure", "barred", "selector", "spending", "uptime")
    }
    return {
        **kept,
        **verdict(deployment.status, [ready], generation=deployment.generation, now=now),
        "placements": [
            written(state_of(each, lease=_lease(each, deployment.status, leases=leases)))
            for each in _shown(placements)
        ],
    }


def _lease(
    placement: Placement, before: Json, *, leases: Mapping[str, PlacementLease]
) -> LeaseState | None:
    """Return what is told of a placement's lease: by this epoch of it, or by no other."""
    order = placement.order
    if order.key not in leases and order.spec.lease is None:
        return None
    same = (order.host, order.spec.epoch)
    placements: list[Json] = before.get("placements") or []
    told = [one.get("lease") for one in placements if (one["host"], one["epoch"]) == same]
    return state_told(leases.get(order.key), told[0] if told else None)


def _money(facts: Facts) -> Json:
    """Return what leases brought: an uptime stays until another is known."""
    deployment, live = facts.deployment, [each.order.key for each in facts.live]
    leases = [facts.leases[key] for key in live if key in facts.leases]
    uptime = uptime_told(leases) or deployment.status.get("uptime")
    spending = spending_told(deployment.spending)
    told: Json = {"uptime": uptime} if uptime and (leases or deployment.spec.lease) else {}
    return told if spending is None else {**told, "spending": written(spending)}


def _summary(facts: Facts) -> PlacementSummary:
    desired = facts.deployment.spec.placement.count
    ready = sum(1 for each in facts.ready if each.order.spec.replicas)
    return PlacementSummary(
        desired=desired, placed=len(facts.live), ready=ready, hosts=f"{ready}/{desired}"
    )


def _shown(placements: Sequence[Placement]) -> list[Placement]:
    """Return one placement for each slot: the one that lives, else the newest that goes."""
    by_slot: dict[int, Placement] = {}
    for each in sorted(placements, key=_precedence):
        by_slot[each.order.spec.slot] = each
    return [by_slot[slot] for slot in sorted(by_slot)]


def _precedence(placement: Placement) -> tuple[bool, int]:
    return (placement.health is not Health.WITHDRAWING, placement.order.spec.epoch)


def _endpoints(placements: Sequence[Placement]) -> list[DeploymentEndpoint]:
    found = {
        (placement.order.host, each.address, each.port)
        for placement in placements
        if placement.serving
        for each in placement.endpoints
    }
    return [
        DeploymentEndpoint(host=host, address=address, port=port)
        for host, address, port in sorted(found)
    ]


def _failure(placements: Sequence[Placement]) -> DeploymentFailure | None:
    told = [
        (failure.time, placement.order.host, failure)
        for placement in placements
        if (failure := placement.order.answer.last_failure) is not None
    ]
    if not told:
        return None
    _, host, failure = max(told, key=lambda each: each[:2])
    return DeploymentFailure(
        host=host,
        location=shown(failure.location, limit=63),
        reason=failure.reason,
        message=last_words(failure.message),
        retriable=failure.retriable,
        time=failure.time,
    )
