"""Room on the nodes: what the scheduler could still place there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from modelbond.api.config import Toleration
from modelbond.reconcile.host_ledger import NOTHING, Amounts
from modelbond.serving.gpus import GPU_RESOURCE

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
        done = len(_filled(nodes, ask))
        return Room(tuple(nodes)), done

    def chosen(self, ask: Ask) -> list[int]:
        """Return the indexes of the nodes that the ask's pods would go to, as many as fit."""
        return _filled(list(self.nodes), ask)

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


def _filled(nodes: list[NodeRoom], ask: Ask) -> list[int]:
    """Put the ask's pods on nodes, in place; return where each went."""
    chosen: list[int] = []
    while len(chosen) < ask.count and (index := _tightest(nodes, ask)) is not None:
        nodes[index] = replace(nodes[index], free=nodes[index].free.plus(ask.each.times(-1)))
        chosen.append(index)
    return chosen


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
