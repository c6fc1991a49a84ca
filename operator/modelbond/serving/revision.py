"""The revision: one hash over what makes running pods another thing than they were."""

import hashlib

import msgspec

from modelbond.serving.workload import Workload


def revision_of(workload: Workload) -> str:
    """Return 64 hex digits over model, format, runtime and resources.

    Left out on purpose: sources, replicas, cache, the edge's image and our version. So a moved
    file server, a scale or an upgrade of the operator restarts no model. For the same reason a
    runtime counts by what its owner set: a field that a later version adds changes nothing.
    """
    runtime = workload.runtime
    tolerations = [_set(toleration) for toleration in runtime.tolerations]
    gpu = workload.gpu
    facts = {
        "digest": workload.model.digest,
        "format": workload.model.format,
        "model": workload.model.name,
        "runtime": workload.runtime_name,
        "policy": {**_set(runtime), "tolerations": tolerations},
        "cpu": workload.cpu,
        "memory": workload.memory,
        "gpu": [gpu.gpu_class, gpu.count] if gpu else None,
    }
    return hashlib.sha256(msgspec.json.encode(facts, order="sorted")).hexdigest()


def _set(values: msgspec.Struct) -> dict[str, object]:
    """Return the fields that differ from their defaults; `formats` says what may run, not how."""
    found = {}
    for field in msgspec.structs.fields(values):
        made = field.default_factory
        default = field.default if made is msgspec.NODEFAULT else made()
        value = getattr(values, field.name)
        if value != default and field.name != "formats":
            found[field.encode_name] = value
    return found
