"""The serving pod, its Deployment and what both read: restricted, one revision each."""

import hashlib

import msgspec

from modelbond.api.config import Toleration
from modelbond.api.kinds import Json
from modelbond.api.quantities import memory_quantity
from modelbond.serving.containers import (
    GRACE_SECONDS,
    SOURCES,
    edge_container,
    fetch_container,
    shared_memory_bytes,
    startup_seconds,
    triton_container,
)
from modelbond.serving.edge import nginx_conf
from modelbond.serving.gpus import gpu_node_selector, gpu_tolerations
from modelbond.serving.names import (
    RENDERED,
    edge_secret,
    labels,
    metadata,
    pod_config,
    pod_selector,
    revision_deployment,
)
from modelbond.serving.workload import Workload

USER = 65532
_MIB = 2**20


def deployment(workload: Workload, *, revision: str) -> Json:
    """Return the Deployment of one revision. Once its pods serve, only its replicas change."""
    selector = pod_selector(workload.order, revision)
    name = revision_deployment(workload.order, revision)
    rendered = {
        "progressDeadlineSeconds": startup_seconds(workload.model.size_bytes) * 2,
        "template": {
            "metadata": {"labels": {**labels(workload), **selector}},
            "spec": _pod_spec(workload, revision=revision),
        },
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            **metadata(workload, name=name, more=selector),
            # The API server adds defaults of its own: what we rendered is told by this alone.
            "annotations": {RENDERED: _digest(rendered)},
        },
        "spec": {
            "replicas": workload.replicas,
            "revisionHistoryLimit": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": selector},
            **rendered,
        },
    }


def config_map(workload: Workload, *, revision: str) -> Json:
    """Return what the pods of one revision read when they start. The sources stay current."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(workload, name=pod_config(workload.order, revision)),
        "data": {
            "nginx.conf": nginx_conf(workload.model.name, host=workload.host),
            SOURCES: "".join(f"{entry}\n" for entry in workload.allowed_sources),
        },
    }


def _digest(rendered: Json) -> str:
    return hashlib.sha256(msgspec.json.encode(rendered, order="sorted")).hexdigest()[:16]


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
    config = {"name": pod_config(workload.order, revision)}
    volumes: list[Json] = [
        _scratch("models", size_bytes=models),
        _scratch("fetch-tmp", size_bytes=64 * _MIB),
        _scratch("edge-tmp", size_bytes=512 * _MIB),
        _scratch("triton-tmp", size_bytes=2048 * _MIB),
        {"name": "shm", "emptyDir": _shared_memory(workload)},
        {"name": "edge-config", "configMap": {**config, "items": [_item("nginx.conf")]}},
        {"name": "fetch-policy", "configMap": {**config, "items": [_item(SOURCES)]}},
        {"name": "edge-tls", "secret": _edge_secret(workload)},
    ]
    if workload.cache_claim:
        claim = {"claimName": workload.cache_claim}
        volumes.append({"name": "cache", "persistentVolumeClaim": claim})
    return volumes


def _item(key: str) -> Json:
    return {"key": key, "path": key}


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
