"""Nodes and pods as far as room depends on them: read once, when they change."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from modelbond.api.kinds import Json
from modelbond.api.quantities import cpu_milli, memory_bytes, whole
from modelbond.reconcile.host_ledger import Amounts
from modelbond.reconcile.host_room import NodeRoom, Taint
from modelbond.serving.gpus import GPU_RESOURCE, PRODUCT_LABEL, is_mig
from modelbond.serving.names import PLACEMENT

_VENDOR = "nvidia.com/"
_FINISHED = ("Succeeded", "Failed")
_BLOCKING = ("NoSchedule", "NoExecute")

PlaceKey = tuple[str, str]
"""The namespace of a home here, and the name of the order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """What a node offers. `addresses` are (type, address); one that is unusable takes no pods."""

    name: str
    usable: bool
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    allocatable: Mapping[str, int]
    addresses: tuple[tuple[str, str], ...]

    def room(self, used: Mapping[str, int]) -> NodeRoom:
        """Return what is left beside what is used; never less than nothing."""
        left = Counter(self.allocatable)
        left.subtract(used)
        free = Amounts(
            cpu_milli=max(left["cpu"], 0),
            memory_bytes=max(left["memory"], 0),
            gpus=_gpus_by_class(left, product=self.labels.get(PRODUCT_LABEL)),
        )
        return NodeRoom(labels=self.labels, taints=self.taints, free=free)


@dataclass(frozen=True, slots=True, kw_only=True)
class PodUse:
    """What a pod that is bound to a node takes there, and for which order, if any."""

    node: str
    place: PlaceKey | None
    requests: Mapping[str, int]


def node_facts(node: Json) -> NodeFacts:
    """Read a node."""
    meta, spec, status = node["metadata"], node.get("spec", {}), node.get("status", {})
    return NodeFacts(
        name=meta["name"],
        usable=_is_ready(status) and not spec.get("unschedulable", False),
        labels=meta.get("labels") or {},
        taints=tuple(
            Taint(key=taint["key"], value=taint.get("value", ""), effect=taint["effect"])
            for taint in spec.get("taints", [])
            if taint["effect"] in _BLOCKING
        ),
        allocatable=_numbers(status.get("allocatable", {})),
        addresses=tuple(
            (str(each["type"]), str(each["address"])) for each in status.get("addresses", [])
        ),
    )


def pod_use(pod: Json) -> PodUse | None:
    """Return what a pod takes of its node; None where it is on none, or has finished."""
    node = pod.get("spec", {}).get("nodeName")
    if not node or pod.get("status", {}).get("phase") in _FINISHED:
        return None
    meta = pod["metadata"]
    order = (meta.get("labels") or {}).get(PLACEMENT)
    place = (str(meta.get("namespace")), str(order)) if order else None
    return PodUse(node=node, place=place, requests=pod_requests(pod))


def pod_requests(pod: Json) -> dict[str, int]:
    """Return what the scheduler counts for a pod: cpu in millicores, the rest in whole units.

    Native sidecars count beside the containers; a plain init container counts when it is larger.
    """
    spec = pod["spec"]
    steady: Counter[str] = Counter()
    for container in spec.get("containers", []):
        steady.update(_requests(container))
    peak: Counter[str] = Counter()
    for container in spec.get("initContainers", []):
        if container.get("restartPolicy") == "Always":
            steady.update(_requests(container))
        else:
            peak |= _requests(container)
    return dict(steady | peak)


def _is_ready(status: Json) -> bool:
    conditions = status.get("conditions", [])
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _gpus_by_class(left: Mapping[str, int], *, product: str | None) -> dict[str, int]:
    classes = {}
    for resource, count in left.items():
        name = resource.removeprefix(_VENDOR)
        if resource == GPU_RESOURCE and product:
            classes[product] = max(count, 0)
        elif resource != name and is_mig(name):
            classes[name] = max(count, 0)
    return classes


def _requests(container: Json) -> Counter[str]:
    resources = container.get("resources", {})
    return Counter(_numbers({**resources.get("limits", {}), **resources.get("requests", {})}))


def _numbers(quantities: Mapping[str, str]) -> dict[str, int]:
    return {
        name: _number(name, quantity)
        for name, quantity in quantities.items()
        if name in ("cpu", "memory") or name.startswith(_VENDOR)
    }


def _number(name: str, quantity: str) -> int:
    match name:
        case "cpu":
            return cpu_milli(quantity)
        case "memory":
            return memory_bytes(quantity)
        case _:
            return whole(quantity)
