"""One order as the host will run it: the customer's numbers and the host's own choices."""

from collections.abc import Mapping
from dataclasses import dataclass

from modelbond.api.config import Runtime

NOT_OFFERED = Runtime(image="not-offered", formats=("onnx",))
"""Stands for a runtime that this host's values lost: what runs with it runs on, nothing starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """GPUs of one class for each replica: a GFD product name or a MIG resource."""

    gpu_class: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What is served. `digest` is `sha256:` and hex; `sources` are the customer's, untrusted."""

    name: str
    format: str
    digest: str
    size_bytes: int
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The copy that owns every object: they go when it goes."""

    name: str
    uid: str

    @property
    def reference(self) -> Mapping[str, object]:
        """Return the ownerReference for metadata."""
        return {
            "apiVersion": "modelbond.io/v1alpha1",
            "kind": "ModelPlacement",
            "name": self.name,
            "uid": self.uid,
            "controller": True,
            "blockOwnerDeletion": False,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Everything that rendering needs. Two equal workloads render equal objects."""

    order: str
    host: str
    namespace: str
    owner: Owner
    model: Model
    replicas: int
    cpu: str
    memory: str
    gpu: Gpu | None
    runtime_name: str
    runtime: Runtime
    edge_image: str
    allowed_sources: tuple[str, ...]
    cache_claim: str | None

    @property
    def offered(self) -> bool:
        """Tell whether this host still says what its runtime needs."""
        return self.runtime is not NOT_OFFERED
