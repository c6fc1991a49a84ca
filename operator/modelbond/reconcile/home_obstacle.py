"""What stands in the home's own way: a foreign object, or its API server refuses one of ours."""

from dataclasses import dataclass

from modelbond.api.reasons import Reason
from modelbond.errors import NameTaken, TerminalError
from modelbond.reconcile.home_names import host_namespace
from modelbond.reconcile.home_stranger import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why something of ours is not there, and what a person can do."""

    reason: Reason
    message: str


def of_route(failure: TerminalError, *, namespace: str) -> Obstacle:
    """Return what keeps a Service, Secret or EndpointSlice from being as it should."""
    if isinstance(failure, NameTaken):
        return Obstacle(reason=Reason.NAME_TAKEN, message=str(failure))
    text = (
        f"refused here: {shown(str(failure))}; lift that quota or policy in namespace {namespace}, "
        "or give the operator the right there; it is tried again every half minute"
    )
    return Obstacle(reason=Reason.ROUTE_REFUSED, message=text)


def of_order(failure: TerminalError, *, host: str) -> Obstacle:
    """Return what keeps an order from being made or changed."""
    remedy = f"lift that quota or policy in namespace {host_namespace(host)}"
    if isinstance(failure, NameTaken):
        remedy = "nobody's orders but ours belong in that namespace"
    text = f"the order is refused here: {shown(str(failure))}; {remedy}"
    return Obstacle(reason=Reason.ORDER_REFUSED, message=text)
