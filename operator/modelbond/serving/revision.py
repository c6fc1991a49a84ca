"""The revision: one hash over what makes running pods another thing than they were."""

import hashlib

import msgspec

from modelbond.serving.workload import Workload


def revision_of(workload: Workload) -> str:
    """Return 64 hex digits over model, format, runtime and resources.

    Left out on purpose: sources, replicas, cache, the edge's image and our version. So a moved
    file server, a scale or an upgrade of the operator restarts no model.
    """
    gpu = workload.gpu
    facts = {
        "digest": workload.model.digest,
        "format": workload.model.format,
        "model": workload.model.name,
        "runtime": workload.runtime_name,
        "policy": msgspec.to_builtins(workload.runtime),
        "cpu": workload.cpu,
        "memory": workload.memory,
        "gpu": [gpu.gpu_class, gpu.count] if gpu else None,
    }
    return hashlib.sha256(msgspec.json.encode(facts, order="sorted")).hexdigest()
