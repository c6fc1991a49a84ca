"""What hosts have left for new orders: their own figures less what they have not counted yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from modelbond.api.kinds import Json
from modelbond.api.report import HostReport
from modelbond.placement.host import Heard, Host, Need, Taint, less, offer_of
from modelbond.placement.request import need_of
from modelbond.reconcile.home_names import host_of
from modelbond.reconcile.home_order import Order, order_of


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHost:
    """Everything that the home knows of one host. `report` is the last good one."""

    name: str
    uid: str
    accepted: bool
    heard: Heard
    identity_changed: bool = False
    report: HostReport | None = None
    report_valid: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    endpoint_cidrs: tuple[str, ...] = ()
    counted: frozenset[str] = frozenset()


def candidates(known: Iterable[KnownHost], orders: Iterable[Json]) -> list[Host]:
    """Return the hosts as placement sees them, with the room that is really left."""
    by_name = {host.name: host for host in known}
    taken: dict[str, list[Need]] = {}
    for obj in orders:
        host = by_name.get(host_of(obj["metadata"].get("namespace")) or "")
        order = None if host is None or _counted(obj, host) else order_of(obj)
        if order is not None and _takes_room(order):
            need = need_of(order.spec.resources, replicas=order.spec.replicas)
            taken.setdefault(order.host, []).append(need)
    return [_candidate(host, taken.get(host.name, [])) for host in by_name.values()]


def _counted(obj: Json, host: KnownHost) -> bool:
    return obj["metadata"].get("uid") in host.counted


def _takes_room(order: Order) -> bool:
    return not order.withdrawn and order.declined is None


def _candidate(host: KnownHost, taken: list[Need]) -> Host:
    return Host(
        name=host.name,
        accepted=host.accepted,
        heard=host.heard,
        identity_changed=host.identity_changed,
        labels=host.labels,
        taints=host.taints,
        report_valid=host.report_valid,
        offer=less(offer_of(host.report), taken) if host.report else None,
    )
