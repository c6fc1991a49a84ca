"""One correct manifest of each kind, and small edits that make a wrong one of it."""

import copy
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
NAMESPACE = "default"
API_VERSION = "modelbond.io/v1alpha1"
UID = "0c6f9a52-7c0e-4d62-9f0a-3a1de4b9f001"
MODEL: Json = {
    "name": "digits",
    "digest": "sha256:" + "0a" * 32,
    "size": 1000,
    "sources": ["https://models.example.org/digits/"],
}
ABSENT = object()


def deployment() -> Json:
    """Return a ModelDeployment with a little of everything."""
    spec = {
        "model": MODEL,
        "runtime": "triton",
        "resources": {"gpu": {"class": "NVIDIA-L4"}},
        "placement": {
            "count": 2,
            "hosts": ["alpha", "beta"],
            "selector": {"matchExpressions": [{"key": "tier", "operator": "Exists"}]},
            "spreadConstraints": [{"spreadByField": "owner"}],
            "tolerations": [{"key": "gpu-only", "value": "yes"}],
        },
    }
    return _object("ModelDeployment", "digits", spec, namespace=NAMESPACE)


def order() -> Json:
    """Return a ModelPlacement of role Order."""
    spec = {
        "role": "Order",
        "deployment": {"namespace": "models", "name": "digits", "uid": UID, "generation": 1},
        "host": "alpha",
        "slot": 0,
        "epoch": 1,
        "model": MODEL,
        "runtime": "triton",
        "replicas": 1,
        "resources": {"cpu": "1", "memory": "1Gi"},
    }
    return _object("ModelPlacement", "digits-0c6f9a52", spec, namespace=NAMESPACE)


def copy_of_order() -> Json:
    """Return a ModelPlacement of role Copy."""
    body = order()
    body["spec"]["role"] = "Copy"
    body["spec"]["origin"] = {
        "homeCluster": "acme-1f2e3d4c",
        "homeClusterUID": UID,
        "homeUID": UID,
        "orderUID": UID,
    }
    return body


def host_cluster() -> Json:
    """Return a HostCluster."""
    spec = {
        "accepted": False,
        "taints": [{"key": "gpu-only", "effect": "NoSchedule"}],
        "endpointCIDRs": ["203.0.113.0/24", "2001:db8::/32"],
    }
    return _object("HostCluster", "kinds-under-test", spec)


def home_cluster() -> Json:
    """Return a HomeCluster at an address that answers nobody."""
    spec = {
        "server": "https://192.0.2.1:6443",
        "joinSecret": "join-kinds-1f2e3d4c",
        "quota": {"cpu": "2", "memory": "4Gi", "gpus": [{"class": "NVIDIA-L4", "count": 1}]},
        "policy": {"sources": ["https://models.example.org/", "10.0.0.0/8"], "orphanAfter": "72h"},
        "cache": {"claimName": "weights"},
        "endpoint": {"addresses": ["203.0.113.10", "2001:db8::10"]},
    }
    return _object("HomeCluster", "kinds-1f2e3d4c", spec)


def _object(kind: str, name: str, spec: Json, *, namespace: str | None = None) -> Json:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": metadata,
        "spec": copy.deepcopy(spec),
    }


@dataclass(frozen=True, slots=True)
class Edit:
    """Set the field at `path`, such as `spec.model.sources.0`, to `value`; ABSENT removes it."""

    path: str
    value: object

    def applied_to(self, body: Json) -> Json:
        """Return a changed copy of the object."""
        changed = copy.deepcopy(body)
        *way, last = [int(step) if step.isdigit() else step for step in self.path.split(".")]
        place: Any = changed
        for step in way:
            place = place[step] if isinstance(step, int) else place.setdefault(step, {})
        if self.value is ABSENT:
            del place[last]
        else:
            place[last] = self.value
        return changed
