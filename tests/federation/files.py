"""A real file server with the demo's models, in the home cluster behind a NodePort."""

import json
from typing import Any

from cluster.cluster import Cluster

IMAGE = "localhost/modelbond/files:dev"
NAMESPACE = "model-files"
PORT = 30080


def serve(cluster: Cluster) -> str:
    """Start the server and return the URL under which the models' folders lie, with a slash."""
    cluster.apply(json.dumps({"apiVersion": "v1", "kind": "List", "items": _objects()}))
    cluster.kubectl(
        "wait", "--for=condition=Available", "deployment/files", "-n", NAMESPACE, "--timeout=90s"
    )
    return f"http://{cluster.address}:{PORT}/"


def _objects() -> list[dict[str, Any]]:
    labels = {"app": "files"}
    meta = {"name": "files", "namespace": NAMESPACE}
    container = {
        "name": "files",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
    }
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": meta,
            "spec": {"selector": {"matchLabels": labels}, "template": template},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {
                "type": "NodePort",
                "selector": labels,
                "ports": [{"port": 8080, "nodePort": PORT}],
            },
        },
    ]
