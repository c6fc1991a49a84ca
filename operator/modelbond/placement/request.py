"""What a deployment asks of placement: its rules, its need, and which hosts refused it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelbond.api.quantities import cpu_milli, memory_bytes
from modelbond.api.v1alpha1 import PlacementRules, Resources
from modelbond.placement.host import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One deployment's wish. `barred` maps hosts that declined to why and until when."""

    uid: str
    runtime: str
    model_format: str
    rules: PlacementRules
    need: Need
    barred: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupied:
    """A host that holds an order of this deployment; `leaving` once that is withdrawn."""

    host: str
    slot: int
    leaving: bool


def need_of(resources: Resources, *, replicas: int) -> Need:
    """Return what a placement of so many replicas takes; Refused when no quantity is meant."""
    gpu = resources.gpu
    return Need(
        cpu_milli=cpu_milli(resources.cpu) * replicas,
        memory_bytes=memory_bytes(resources.memory) * replicas,
        gpu_class=gpu.class_ if gpu else None,
        gpus=gpu.count * replicas if gpu else 0,
        gpus_per_pod=gpu.count if gpu and replicas else 0,
    )
