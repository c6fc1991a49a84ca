"""A home as somebody without its operator's memory sees it: from objects alone."""

from collections.abc import Iterable, Mapping

from modelbond.api.conditions import ConditionType, find
from modelbond.api.kinds import Json
from modelbond.api.reasons import Reason
from modelbond.api.v1alpha1 import HostClusterSpec
from modelbond.api.wire import read
from modelbond.placement.host import Heard, Taint
from modelbond.reconcile.home_host import judge
from modelbond.reconcile.home_order import Order, order_of
from modelbond.reconcile.home_room import KnownHost

_HEARD = {
    Reason.HEARD: Heard.HEARD,
    Reason.SILENT: Heard.SILENT,
    Reason.NEVER_HEARD: Heard.NEVER,
}


def known_hosts(clusters: Iterable[Json], *, reports: Mapping[str, str]) -> dict[str, KnownHost]:
    """Return the hosts by name. `reports` are the texts that hosts left, by host."""
    return {
        name: _known(cluster, report=reports.get(name))
        for cluster in clusters
        for name in [cluster["metadata"]["name"]]
    }


def orders_for(objects: Iterable[Json], *, uid: str) -> list[Order]:
    """Return the orders of one deployment; what is no order of ours is left out."""
    found = [order_of(obj) for obj in objects]
    return [order for order in found if order is not None and order.deployment_uid == uid]


def _known(cluster: Json, *, report: str | None) -> KnownHost:
    meta, status = cluster["metadata"], cluster.get("status") or {}
    spec = read(HostClusterSpec, cluster.get("spec") or {})
    judged = judge(report, pinned=status.get("clusterUID"))
    return KnownHost(
        name=meta["name"],
        uid=meta["uid"],
        accepted=spec.accepted and "deletionTimestamp" not in meta,
        heard=_heard(status),
        identity_changed=judged.identity_changed,
        report=judged.report,
        report_valid=judged.report is not None,
        labels=meta.get("labels") or {},
        taints=tuple(
            Taint(key=taint.key, value=taint.value or "", effect=taint.effect)
            for taint in spec.taints
        ),
        endpoint_cidrs=tuple(spec.endpoint_cidrs),
        counted=frozenset(judged.report.counted) if judged.report else frozenset(),
    )


def _heard(status: Json) -> Heard:
    """Return what the operator wrote last: silence is measured by its clock and no other."""
    reachable = find(status.get("conditions") or [], ConditionType.REACHABLE) or {}
    return _HEARD.get(reachable.get("reason", ""), Heard.WAITING)
