"""Builders of deployments, orders and known hosts for tests of the home's pure decisions."""

import json
from datetime import UTC, datetime
from typing import Any

from fakes.home import deployment, report
from modelbond.api.kinds import Json
from modelbond.api.report import decode_report
from modelbond.placement.decide import Assignment
from modelbond.placement.host import Heard
from modelbond.reconcile.home_deployment import Deployment, deployment_of, order_body
from modelbond.reconcile.home_order import Order, order_of
from modelbond.reconcile.home_plan import Observed
from modelbond.reconcile.home_room import KnownHost, candidates

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def applied(*, status: Json | None = None, generation: int = 1, **spec: Any) -> Deployment:
    """Return a ModelDeployment as its home reads it."""
    body = deployment(**spec)
    body["metadata"] |= {"uid": "uid-1", "resourceVersion": "7", "generation": generation}
    return deployment_of({**body, "status": status or {}})


def order(
    host: str = "alpha",
    *,
    of: Deployment | None = None,
    slot: int = 0,
    epoch: int = 1,
    status: Json | None = None,
    generation: int = 1,
    state: str = "Active",
) -> Order:
    """Return an order of the deployment at a host, as it would be made for it."""
    body = order_body(
        of or applied(),
        Assignment(slot=slot, host=host),
        epoch=epoch,
        home="0.1.0",
        reader="0.1.0",
    )
    body["metadata"] |= {"uid": f"order-{host}", "resourceVersion": "1", "generation": generation}
    body["spec"]["state"] = state
    answer = {"observedGeneration": generation, **status} if status else {}
    found = order_of({**body, "status": answer})
    assert found is not None
    return found


def known(name: str = "alpha", *, heard: Heard = Heard.HEARD, **changed: Any) -> KnownHost:
    """Return a host that is accepted and heard; `offers` change its report."""
    offers = {"owner": f"{name}-labs", "clusterUID": f"cluster-{name}", **changed.pop("offers", {})}
    facts: dict[str, Any] = {
        "uid": f"uid-{name}",
        "accepted": True,
        "report": decode_report(json.dumps(report(**offers))),
        "endpoint_cidrs": ("10.0.0.0/8",),
    }
    return KnownHost(name=name, heard=heard, **{**facts, **changed})


def observed(*orders: Order, hosts: tuple[KnownHost, ...] | None = None) -> Observed:
    """Return what a home sees that has alpha and beta unless told otherwise."""
    there = (known("alpha"), known("beta")) if hosts is None else hosts
    return Observed(
        orders=orders,
        known={each.name: each for each in there},
        hosts=candidates(there, []),
        now=NOW,
        home_version="0.1.0",
    )
