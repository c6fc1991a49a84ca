"""One cluster as tests use it: kubectl, helm, images, pretended GPUs and volumes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster import binaries
from cluster.commands import CommandFailed, capture
from cluster.engine import Engine, kubeconfig_path
from cluster.helm import helm

GPU_RESOURCE = "nvidia.com/gpu"
GPU_LABELS = "nvidia.com/gpu."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster that is up. `name` is the short one, such as `home`."""

    name: str
    engine: Engine

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of the cluster's administrator; it holds the node's address."""
        return kubeconfig_path(self.name)

    @property
    def node_name(self) -> str:
        """The name of the one node, in Kubernetes and in the engine."""
        return self.engine.node(self.name).container

    @property
    def address(self) -> str:
        """The node's address on the clusters' network; NodePorts answer there."""
        return self.engine.node(self.name).address

    @property
    def server(self) -> str:
        """The URL of the API server, as other clusters reach it."""
        return f"https://{self.address}:6443"

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl and return its stdout. Raises CommandFailed with its stderr."""
        command = [str(binaries.kubectl()), "--kubeconfig", str(self.kubeconfig), *arguments]
        return capture(command, stdin=stdin)

    def kubectl_json(self, *arguments: str) -> Any:
        """Run kubectl with `--output json` and return what it printed, decoded."""
        return json.loads(self.kubectl(*arguments, "--output", "json"))

    def answers(self, *arguments: str) -> bool:
        """Return whether kubectl succeeds with these arguments within five seconds."""
        try:
            self.kubectl("--request-timeout=5s", *arguments)
        except CommandFailed:
            return False
        return True

    def helm(self, *arguments: str) -> str:
        """Run helm and return its stdout. Raises CommandFailed with its stderr."""
        return capture([str(helm()), "--kubeconfig", str(self.kubeconfig), *arguments])

    def apply(self, yaml_text: str) -> None:
        """Apply manifests by server-side apply."""
        self.kubectl(
            "apply", "--server-side", "--force-conflicts", "--filename", "-", stdin=yaml_text
        )

    def load(self, archive: Path) -> None:
        """Make the images of a docker-archive known to the node."""
        self.engine.load(self.name, archive)

    def fake_gpus(self, *, count: int, product: str, memory_mebibytes: int = 81_920) -> None:
        """Make the node show `count` GPUs of one class, as a device plugin and GFD would.

        The scheduler counts them like real ones. A count of 0 takes them away.
        """
        amounts = {
            "capacity": {GPU_RESOURCE: str(count)},
            "allocatable": {GPU_RESOURCE: str(count)},
        }
        self._patch_node({"status": amounts}, subresource="status")
        labels = {"product": product, "count": str(count), "memory": str(memory_mebibytes)}
        present = count > 0
        self._patch_node(
            {
                "metadata": {
                    "labels": {
                        GPU_LABELS + key: value if present else None
                        for key, value in labels.items()
                    }
                }
            }
        )

    def volume(
        self, *, name: str, claim_namespace: str, claim_name: str, size: str = "1Gi"
    ) -> None:
        """Make a PersistentVolume on the node that only the named claim can bind.

        The claim is the caller's to make, with the class `standard` or none.
        """
        path = f"/var/lib/modelbond/{name}"
        self.engine.in_node(self.name, "mkdir", "--parents", "--mode=0777", path)
        self.apply(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "PersistentVolume",
                    "metadata": {"name": name},
                    "spec": {
                        "capacity": {"storage": size},
                        "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
                        "persistentVolumeReclaimPolicy": "Retain",
                        "storageClassName": "standard",
                        "claimRef": {"namespace": claim_namespace, "name": claim_name},
                        "local": {"path": path},
                        "nodeAffinity": {"required": _only_on(self.node_name)},
                    },
                }
            )
        )

    def _patch_node(self, patch: dict[str, Any], *, subresource: str | None = None) -> None:
        flags = [] if subresource is None else [f"--subresource={subresource}"]
        self.kubectl(
            *(
                "patch",
                "node",
                self.node_name,
                *flags,
                "--type",
                "merge",
                "--patch",
                json.dumps(patch),
            )
        )


def _only_on(node_name: str) -> dict[str, Any]:
    rule = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node_name]}
    return {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
