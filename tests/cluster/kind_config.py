"""The kind configuration of a cluster that is meant to be small, quick and quiet."""

from __future__ import annotations

import json

# Few enough in all that a priority level with one share of them gets one seat (faults.py).
READS_IN_FLIGHT = 133
WRITES_IN_FLIGHT = 67


def render(*, gateway: str) -> str:
    """Return the configuration; the API server's certificate also names `gateway`, for proxies."""
    patches = [_control_plane(gateway), _kubelet()]
    return json.dumps(
        {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "nodes": [{"role": "control-plane"}],
            "kubeadmConfigPatches": [json.dumps(patch) for patch in patches],
        },
        indent=2,
    )


def _control_plane(gateway: str) -> dict[str, object]:
    return {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "apiServer": {
            "certSANs": ["localhost", "127.0.0.1", gateway],
            "extraArgs": _arguments(
                {
                    "max-requests-inflight": str(READS_IN_FLIGHT),
                    "max-mutating-requests-inflight": str(WRITES_IN_FLIGHT),
                    "profiling": "false",
                }
            ),
        },
        # One of each: nobody to elect, and no Lease written every two seconds.
        "controllerManager": {"extraArgs": _arguments({"leader-elect": "false"})},
        "scheduler": {"extraArgs": _arguments({"leader-elect": "false"})},
        # A test's cluster need not survive a power cut, and a small disk syncs slowly.
        "etcd": {"local": {"extraArgs": _arguments({"unsafe-no-fsync": "true"})}},
    }


def _kubelet() -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
    }


def _arguments(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in sorted(values.items())]
