"""Room on the nodes: what the scheduler could still place, from nodes and pods as they are."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from modelbond.api.config import Toleration
from modelbond.api.kinds import Json
from modelbond.api.quantities import cpu_milli, memory_bytes, whole
from modelbond.reconcile.host_ledger import NOTHING, Amounts
from modelbond.serving.gpus import GPU_RESOURCE, PRODUCT_LABEL, is_mig

_VENDOR = "nvidia.com/"
_FINISHED = ("Succeeded", "Failed")
_BLOCKING = ("NoSchedule", "NoExecute")
GPU_TOLERATION = Toleration(key=GPU_RESOURCE, operator="Exists", effect="NoSchedule")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taint:
    """A taint that keeps pods away unless they tolerate it."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRoom:
    """What one node can still take."""

    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    free: Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Pods that look for room: that many, each of that size, where they may run."""

    count: int
    each: Amounts
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()


@dataclass(frozen=True, slots=True)
class Room:
    """The room on all Ready, schedulable nodes."""

    nodes: tuple[NodeRoom, ...] = ()

    def placed(self, ask: Ask) -> tuple["Room", int]:
        """Return the room after as many pods of the ask as fit, and how many did."""
        nodes = list(self.nodes)
        for done in range(ask.count):
            index = _tightest(nodes, ask)
            if index is None:
                return Room(tuple(nodes)), done
            node = nodes[index]
            nodes[index] = replace(node, free=node.free.plus(ask.each.times(-1)))
        return Room(tuple(nodes)), ask.count

    def free(self) -> Amounts:
        """Return the sum over nodes that ordinary pods, or GPU pods, may use."""
        total = NOTHING
        for node in self._usable():
            total = total.plus(node.free)
        return total

    def largest(self, gpu_class: str) -> int:
        """Return the most GPUs of the class that are free on one node."""
        return max((node.free.gpus.get(gpu_class, 0) for node in self._usable()), default=0)

    def _usable(self) -> Iterable[NodeRoom]:
        return (node for node in self.nodes if _tolerated(node, (GPU_TOLERATION,)))


def room_of(nodes: Iterable[Json], pods: Iterable[Json]) -> Room:
    """Return the room that is left when every pod that is bound to a node has its requests."""
    bound: dict[str, list[Json]] = {}
    for pod in pods:
        name = pod.get("spec", {}).get("nodeName")
        if name and pod.get("status", {}).get("phase") not in _FINISHED:
            bound.setdefault(name, []).append(pod)
    return Room(
        tuple(
            _node_room(node, bound.get(node["metadata"]["name"], []))
            for node in nodes
            if is_usable(node)
        )
    )


def is_usable(node: Json) -> bool:
    """Tell whether the node is Ready and not cordoned."""
    conditions = node.get("status", {}).get("conditions", [])
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and not node.get("spec", {}).get("unschedulable", False)


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


def _node_room(node: Json, pods: list[Json]) -> NodeRoom:
    labels = node["metadata"].get("labels", {})
    left = Counter(_numbers(node.get("status", {}).get("allocatable", {})))
    for pod in pods:
        left.subtract(pod_requests(pod))
    taints = tuple(
        Taint(key=taint["key"], value=taint.get("value", ""), effect=taint["effect"])
        for taint in node.get("spec", {}).get("taints", [])
        if taint["effect"] in _BLOCKING
    )
    free = Amounts(
        cpu_milli=max(left["cpu"], 0),
        memory_bytes=max(left["memory"], 0),
        gpus=_gpus_by_class(left, product=labels.get(PRODUCT_LABEL)),
    )
    return NodeRoom(labels=labels, taints=taints, free=free)


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


def _tightest(nodes: list[NodeRoom], ask: Ask) -> int | None:
    """Return the eligible node with the fewest free GPUs, then CPU: large gaps stay whole."""
    fitting = [
        (sum(node.free.gpus.values()), node.free.cpu_milli, index)
        for index, node in enumerate(nodes)
        if _eligible(node, ask) and not node.free.lacking(ask.each)
    ]
    return min(fitting)[2] if fitting else None


def _eligible(node: NodeRoom, ask: Ask) -> bool:
    selected = all(node.labels.get(key) == value for key, value in ask.node_selector.items())
    return selected and _tolerated(node, ask.tolerations)


def _tolerated(node: NodeRoom, tolerations: tuple[Toleration, ...]) -> bool:
    return all(any(_tolerates(each, taint) for each in tolerations) for taint in node.taints)


def _tolerates(toleration: Toleration, taint: Taint) -> bool:
    same_key = toleration.key in ("", taint.key)
    same_effect = toleration.effect in ("", taint.effect)
    same_value = toleration.operator == "Exists" or toleration.value == taint.value
    return same_key and same_effect and same_value
