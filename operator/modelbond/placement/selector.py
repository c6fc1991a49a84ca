"""Labels and taints of a HostCluster against a deployment's selector and tolerations."""

from collections.abc import Mapping, Sequence

from modelbond.api.v1alpha1 import LabelRequirement, LabelSelector, Toleration
from modelbond.placement.host import Taint


def mismatch(selector: LabelSelector | None, labels: Mapping[str, str]) -> str | None:
    """Return the first demand that these labels do not meet, in words; None when all are met."""
    if selector is None:
        return None
    for key, value in selector.match_labels.items():
        if labels.get(key) != value:
            return f"{key}={value}"
    for demand in selector.match_expressions:
        if not _met(demand, labels):
            return f"{demand.key} {demand.operator} {','.join(demand.values)}".strip()
    return None


def _met(demand: LabelRequirement, labels: Mapping[str, str]) -> bool:
    match demand.operator:
        case "In":
            return labels.get(demand.key) in demand.values
        case "NotIn":
            return labels.get(demand.key) not in demand.values
        case "Exists":
            return demand.key in labels
        case _:
            return demand.key not in labels


def untolerated(
    taints: Sequence[Taint], tolerations: Sequence[Toleration], *, effect: str
) -> list[Taint]:
    """Return the taints of that effect that no toleration covers."""
    return [
        taint
        for taint in taints
        if taint.effect == effect and not any(_tolerates(each, taint) for each in tolerations)
    ]


def _tolerates(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.operator == "Exists":
        return not toleration.key or toleration.key == taint.key
    return toleration.key == taint.key and (toleration.value or "") == taint.value
