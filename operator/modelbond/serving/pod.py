"""The serving pod and its Deployment: restricted, without a token, one revision each."""

from modelbond.api.config import Toleration
from modelbond.api.kinds import Json
from modelbond.api.quantities import memory_quantity
from modelbond.serving.containers import (
    GRACE_SECONDS,
    edge_container,
    fetch_container,
    shared_memory_bytes,
    startup_seconds,
    triton_container,
)
from modelbond.serving.gpus import gpu_node_selector, gpu_tolerations
from modelbond.serving.names import (
    edge_config,
    edge_secret,
    labels,
    metadata,
    pod_selector,
    revision_deployment,
)
from modelbond.serving.workload import Workload

USER = 65532
_MIB = 2**20


def deployment(workload: Workload, *, revision: str) -> Json:
    """Return the Deployment of one revision. Only its replicas change once it exists."""
    selector = pod_selector(workload.order, revision)
    name = revision_deployment(workload.order, revision)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(workload, name=name, more=selector),
        "spec": {
            "replicas": workload.replicas,
            "revisionHistoryLimit": 1,
            "progressDeadlineSeconds": startup_seconds(workload.model.size_bytes) * 2,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": selector},
            "template": {
                "metadata": {"labels": {**labels(workload), **selector}},
                "spec": _pod_spec(workload, revision=revision),
            },
        },
    }


def _pod_spec(workload: Workload, *, revision: str) -> Json:
    runtime = workload.runtime
    spec: Json = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [fetch_container(workload), edge_container(workload)],
        "containers": [triton_container(workload)],
        "volumes": _volumes(workload, revision=revision),
        "nodeSelector": {**runtime.node_selector, **gpu_node_selector(workload.gpu)},
        "tolerations": [
            *gpu_tolerations(workload.gpu),
            *(_toleration(toleration) for toleration in runtime.tolerations),
        ],
    }
    if runtime.runtime_class_name:
        spec["runtimeClassName"] = runtime.runtime_class_name
    if runtime.image_pull_secrets:
        spec["imagePullSecrets"] = [{"name": name} for name in runtime.image_pull_secrets]
    return spec


def _volumes(workload: Workload, *, revision: str) -> list[Json]:
    # Twice the model: one part being fetched or cached, and its files in Triton's layout.
    models = workload.model.size_bytes * 2 + 64 * _MIB
    volumes: list[Json] = [
        _scratch("models", size_bytes=models),
        _scratch("fetch-tmp", size_bytes=64 * _MIB),
        _scratch("edge-tmp", size_bytes=512 * _MIB),
        _scratch("triton-tmp", size_bytes=2048 * _MIB),
        {"name": "shm", "emptyDir": _shared_memory(workload)},
        {"name": "edge-config", "configMap": {"name": edge_config(workload.order, revision)}},
        {"name": "edge-tls", "secret": _edge_secret(workload)},
    ]
    if workload.cache_claim:
        claim = {"claimName": workload.cache_claim}
        volumes.append({"name": "cache", "persistentVolumeClaim": claim})
    return volumes


def _scratch(name: str, *, size_bytes: int) -> Json:
    return {"name": name, "emptyDir": {"sizeLimit": memory_quantity(size_bytes)}}


def _shared_memory(workload: Workload) -> Json:
    return {"medium": "Memory", "sizeLimit": memory_quantity(shared_memory_bytes(workload))}


def _edge_secret(workload: Workload) -> Json:
    return {"secretName": edge_secret(workload.order), "defaultMode": 0o440}


def _toleration(toleration: Toleration) -> dict[str, str]:
    facts = {
        "key": toleration.key,
        "operator": toleration.operator,
        "value": toleration.value,
        "effect": toleration.effect,
    }
    return {name: value for name, value in facts.items() if value}
