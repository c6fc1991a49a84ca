"""How a GPU class becomes a resource to ask for and labels of the nodes that have it."""

import re

from modelbond.serving.workload import Gpu

GPU_RESOURCE = "nvidia.com/gpu"
PRODUCT_LABEL = "nvidia.com/gpu.product"
_MIG = re.compile(r"^mig-[0-9]+g\.[0-9]+gb(\.[a-z0-9.]+)?$")


def is_mig(gpu_class: str) -> bool:
    """Tell whether the class is a slice of a GPU: a resource of its own, not a product."""
    return _MIG.match(gpu_class) is not None


def resource_of(gpu_class: str) -> str:
    """Return the extended resource that pods of this class ask for."""
    return f"nvidia.com/{gpu_class}" if is_mig(gpu_class) else GPU_RESOURCE


def gpu_limits(gpu: Gpu | None) -> dict[str, str]:
    """Return the limits of one replica; requests follow limits for extended resources."""
    return {resource_of(gpu.gpu_class): str(gpu.count)} if gpu else {}


def gpu_node_selector(gpu: Gpu | None) -> dict[str, str]:
    """Return the GFD label that picks nodes with this product; a MIG slice needs none."""
    if gpu is None or is_mig(gpu.gpu_class):
        return {}
    return {PRODUCT_LABEL: gpu.gpu_class}


def gpu_tolerations(gpu: Gpu | None) -> list[dict[str, str]]:
    """Return the toleration of the taint that GPU nodes usually carry."""
    return [{"key": GPU_RESOURCE, "operator": "Exists", "effect": "NoSchedule"}] if gpu else []
