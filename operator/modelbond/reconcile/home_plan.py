"""What shall happen to a deployment's orders: kept, changed, withdrawn, or placed anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from modelbond.api.kinds import Json
from modelbond.api.versions import OLDEST
from modelbond.placement.decide import Decision, decide
from modelbond.placement.host import Host
from modelbond.placement.request import Occupied, Request
from modelbond.reconcile.home_bars import Bars, active, bars_of, still_meant, with_declines
from modelbond.reconcile.home_deployment import (
    Deployment,
    order_body,
    order_change,
    request_of,
    serves_wish,
)
from modelbond.reconcile.home_keep import Kept, Withdraw, declined, keep
from modelbond.reconcile.home_order import Order, Said
from modelbond.reconcile.home_room import KnownHost


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Patch the order: same placement, same epoch. `spec` is empty where it stays as it is.

    `home_version` tells the host which fields of its answer this home can read.
    """

    order: Order
    spec: Json
    home_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Create an order."""

    host: str
    slot: int
    body: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The smallest set of actions, and the facts behind it that the status tells.

    `unwished` are orders at hosts that the user's words exclude, kept until others fit.
    """

    withdraw: tuple[Withdraw, ...]
    change: tuple[Change, ...]
    place: tuple[Place, ...]
    unwished: tuple[Withdraw, ...]
    decision: Decision
    bars: Bars
    last_epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What the home knows when it decides: `hosts` are `known` with the room that is left."""

    orders: Sequence[Order]
    known: Mapping[str, KnownHost]
    hosts: Sequence[Host]
    now: datetime
    home_version: str


def plan(deployment: Deployment, observed: Observed) -> Plan:
    """Return what moves the orders to what is wished. A placed slot keeps its host."""
    hosts = {host.name: host for host in observed.hosts}
    change = _changes(deployment, observed, hosts=hosts)
    changing = {each.order.uid for each in change if each.spec}
    refused = declined(observed.orders, changing=changing, hosts=hosts)
    bars = _bars(deployment, observed, refused=refused)
    request = request_of(deployment, barred=active(bars, now=observed.now))
    bound = {
        order.uid
        for order in observed.orders
        if order.leased and not serves_wish(deployment, order.spec)
    }
    kept = keep(request, observed.orders, refused=refused, hosts=hosts, bound=bound)
    unwished, decision = _decision(request, observed, kept=kept)
    withdraw = (*kept.withdraw, *(each for each in kept.unwished if each not in unwished))
    epoch = _last_epoch(deployment, observed) + 1
    place = _places(deployment, observed, decision=decision, epoch=epoch)
    leaving = {each.order.uid for each in withdraw}
    return Plan(
        withdraw=withdraw,
        change=tuple(each for each in change if each.order.uid not in leaving),
        place=place,
        unwished=unwished,
        decision=decision,
        bars=bars,
        last_epoch=epoch if place else epoch - 1,
    )


def reader_version(host: KnownHost | None) -> str:
    """Return the version of the host that will read an order."""
    return host.report.version if host is not None and host.report is not None else OLDEST


def _changes(
    deployment: Deployment, observed: Observed, *, hosts: Mapping[str, Host]
) -> list[Change]:
    found = []
    for order in observed.orders:
        host = hosts.get(order.host)
        if order.withdrawn or host is None or host.identity_changed:
            continue
        reader = reader_version(observed.known.get(order.host))
        spec = order_change(deployment, order.spec, reader=reader, leased=order.leased)
        if spec or order.home_version != observed.home_version:
            found.append(Change(order=order, spec=spec, home_version=observed.home_version))
    return found


def _bars(
    deployment: Deployment, observed: Observed, *, refused: Sequence[tuple[Order, Said]]
) -> Bars:
    before = still_meant(
        bars_of(deployment.status),
        generation=deployment.generation,
        known=observed.known,
        now=observed.now,
    )
    return with_declines(
        before,
        refused,
        generation=deployment.generation,
        known=observed.known,
        now=observed.now,
    )


def _decision(
    request: Request, observed: Observed, *, kept: Kept
) -> tuple[tuple[Withdraw, ...], Decision]:
    """Decide; where no replacement is found, an unwished placement stays for now."""
    first = decide(request, observed.hosts, _occupied(observed, staying=kept.stay))
    unwished = kept.unwished[: first.vacant]
    if not unwished:
        return (), first
    staying = (*kept.stay, *(each.order for each in unwished))
    return unwished, decide(request, observed.hosts, _occupied(observed, staying=staying))


def _occupied(observed: Observed, *, staying: Sequence[Order]) -> list[Occupied]:
    stay = {order.uid for order in staying}
    return [
        Occupied(host=order.host, slot=order.spec.slot, leaving=order.uid not in stay)
        for order in observed.orders
    ]


def _last_epoch(deployment: Deployment, observed: Observed) -> int:
    return max([deployment.last_epoch, *(order.spec.epoch for order in observed.orders)])


def _places(
    deployment: Deployment, observed: Observed, *, decision: Decision, epoch: int
) -> tuple[Place, ...]:
    return tuple(
        Place(
            host=each.host,
            slot=each.slot,
            body=order_body(
                deployment,
                each,
                epoch=epoch,
                home=observed.home_version,
                reader=reader_version(observed.known.get(each.host)),
            ),
        )
        for each in decision.assignments
    )
