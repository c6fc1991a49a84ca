"""A host that runs pods on paper: no controllers, a node without kubelet, statuses by hand.

No machine of two cores runs a hundred model servers; the operator cannot tell the difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.api import MERGE, NODES, PODS, WORKLOADS, Api, Ask, Json
from cluster.cluster import Cluster
from cluster.deadlines import eventually
from cluster.faults import component_pids

NODE = "bench-paper"
_CONTROLLERS = "kube-controller-manager"
_MANIFEST = f"/etc/kubernetes/manifests/{_CONTROLLERS}.yaml"
_ASIDE = f"/etc/kubernetes/{_CONTROLLERS}.aside"
PLACEMENT = "modelbond.io/placement"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperPod:
    """A pod that was made by hand for the Deployment of one order."""

    order: str
    namespace: str
    name: str
    digest: str


@contextmanager
def without_controllers(host: Cluster) -> Iterator[None]:
    """Stop the cluster's controllers: nobody makes pods, judges nodes or collects garbage."""
    _move(host, _MANIFEST, _ASIDE)
    eventually(
        lambda: not component_pids(host, _CONTROLLERS), within_seconds=60, what="controllers stop"
    )
    try:
        yield
    finally:
        _move(host, _ASIDE, _MANIFEST)
        eventually(
            lambda: component_pids(host, _CONTROLLERS), within_seconds=90, what="controllers start"
        )


@contextmanager
def paper_node(api: Api) -> Iterator[None]:
    """Add a Ready node of which no kubelet knows, with room for everything."""
    with api.session() as ask:
        ask("POST", NODES.path(), {"metadata": {"name": NODE}})
        ask("PATCH", NODES.path(name=NODE), {"spec": {"taints": None}}, MERGE)
        ask("PATCH", NODES.path(name=NODE) + "/status", _node_status(), MERGE)
    try:
        yield
    finally:
        with api.session() as ask:
            _remove_pods(ask)
            ask("DELETE", NODES.path(name=NODE))


def pods_of(api: Api, *, count: int, within_seconds: float = 300) -> list[PaperPod]:
    """Make one pod for each Deployment of ours, once there are `count` of them."""
    owned = eventually(
        lambda: _at_least(_ours(api), count), within_seconds=within_seconds, what="Deployments"
    )
    with api.session() as ask:
        return [_made(ask, workload) for workload in owned]


def tell(ask: Ask, pod: PaperPod, *, readiness: str) -> None:
    """Write the pod's status as a kubelet would; `readiness` is True or False, as text."""
    ask("PATCH", PODS.path(pod.namespace, pod.name) + "/status", _status(pod, readiness), MERGE)


def _at_least(found: list[Json], count: int) -> list[Json]:
    return found if len(found) >= count else []


def _ours(api: Api) -> list[Json]:
    items = api.list(WORKLOADS)["items"]
    return [item for item in items if PLACEMENT in item["metadata"].get("labels", {})]


def _made(ask: Ask, workload: Json) -> PaperPod:
    meta, template = workload["metadata"], workload["spec"]["template"]
    pod = {
        "metadata": {"name": f"{meta['name']}-paper", "labels": template["metadata"]["labels"]},
        "spec": {**template["spec"], "nodeName": NODE},
    }
    ask("POST", PODS.path(meta["namespace"]), pod)
    arguments = template["spec"]["initContainers"][0]["args"]
    return PaperPod(
        order=meta["labels"][PLACEMENT],
        namespace=meta["namespace"],
        name=pod["metadata"]["name"],
        digest=arguments[arguments.index("--digest") + 1],
    )


def _status(pod: PaperPod, readiness: str) -> Json:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    ready = readiness == "True"
    fetched = {
        "exitCode": 0,
        "reason": "Completed",
        "message": json.dumps({"digest": pod.digest, "bytes": 1}),
        "finishedAt": now,
    }
    return {
        "status": {
            "phase": "Running",
            "conditions": [
                _condition("PodScheduled", "True", now),
                _condition("Initialized", "True", now),
                _condition("ContainersReady", readiness, now),
                _condition("Ready", readiness, now),
            ],
            "initContainerStatuses": [
                {**_container("fetch"), "ready": True, "state": {"terminated": fetched}},
                {**_container("edge"), "ready": True, "state": {"running": {"startedAt": now}}},
            ],
            "containerStatuses": [
                {**_container("triton"), "ready": ready, "state": {"running": {"startedAt": now}}}
            ],
        }
    }


def _condition(kind: str, status: str, now: str) -> Json:
    return {"type": kind, "status": status, "lastTransitionTime": now}


def _container(name: str) -> Json:
    return {"name": name, "image": "paper", "imageID": "", "restartCount": 0}


def _node_status() -> Json:
    room = {"cpu": "1000", "memory": "4Ti", "pods": "10000"}
    ready = {"type": "Ready", "status": "True", "reason": "Paper", "message": "no kubelet"}
    return {"status": {"capacity": room, "allocatable": room, "conditions": [ready]}}


def _remove_pods(ask: Ask) -> None:
    at_once = {"gracePeriodSeconds": 0}
    query = f"?fieldSelector=spec.nodeName={NODE}"
    for pod in ask("GET", PODS.path() + query)["items"]:
        meta = pod["metadata"]
        ask("DELETE", PODS.path(meta["namespace"], meta["name"]), at_once)


def _move(host: Cluster, source: str, target: str) -> None:
    host.engine.in_node(host.name, "mv", source, target)
