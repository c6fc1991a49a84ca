"""Which of a deployment's orders stay, and which are withdrawn, before anything is placed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from modelbond.placement.filters import breaks_wish
from modelbond.placement.host import Heard, Host
from modelbond.placement.request import Request
from modelbond.reconcile.home_order import Order, Said, is_serving


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw:
    """Tell the host to drop its copy. `why` is for people."""

    order: Order
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Orders that stay, `unwished` ones only until another host fits, and those that go."""

    stay: tuple[Order, ...]
    unwished: tuple[Withdraw, ...]
    withdraw: tuple[Withdraw, ...]


def declined(
    orders: Sequence[Order], *, changing: Collection[str], hosts: Mapping[str, Host]
) -> list[tuple[Order, Said]]:
    """Return the orders that their hosts refuse as they are. A stranger's word is no refusal."""
    found = []
    for order in orders:
        said = order.declined
        host = hosts.get(order.host)
        stranger = host is not None and host.identity_changed
        if said is not None and not order.withdrawn and order.uid not in changing and not stranger:
            found.append((order, said))
    return found


def keep(
    request: Request,
    orders: Sequence[Order],
    *,
    refused: Sequence[tuple[Order, Said]],
    hosts: Mapping[str, Host],
    bound: Collection[str] = (),
) -> Kept:
    """Sort the orders: refused ones go, and of those beyond `count` the worst.

    Where a host refuses a change, what it ran before runs on: that stays until another fits. So
    does what a lease has `bound` to another model than is wished now.
    """
    why = {order.uid: f"it declined: {said.reason}: {said.message}" for order, said in refused}
    for order in orders:
        found = breaks_wish(request, hosts[order.host]) if order.host in hosts else None
        if found is not None:
            why.setdefault(order.uid, found.detail)
        elif order.uid in bound:
            why.setdefault(order.uid, "its lease is for the model that it has")
    idle = {order.uid for order, _ in refused if not is_serving(order)}
    living = [order for order in orders if not order.withdrawn]
    ranked = sorted(
        (order for order in living if order.uid not in idle and order.host in hosts),
        key=lambda order: _worth(order, hosts[order.host], wished=order.uid not in why),
        reverse=True,
    )
    count = request.rules.count
    return Kept(
        stay=tuple(order for order in ranked[:count] if order.uid not in why),
        unwished=tuple(
            Withdraw(order=order, why=why[order.uid])
            for order in ranked[:count]
            if order.uid in why
        ),
        withdraw=(
            *(Withdraw(order=each, why=why[each.uid]) for each in living if each.uid in idle),
            *(_lost(order) for order in living if order.host not in hosts),
            *(Withdraw(order=each, why="placement.count is lower") for each in ranked[count:]),
        ),
    )


def _lost(order: Order) -> Withdraw:
    return Withdraw(order=order, why="its HostCluster was deleted")


def _worth(order: Order, host: Host, *, wished: bool) -> tuple[bool, bool, int, int]:
    return (
        wished,
        host.heard is not Heard.SILENT and not host.identity_changed,
        order.answer.ready_replicas or 0,
        -order.spec.slot,
    )
