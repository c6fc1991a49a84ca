"""A real Prometheus on this machine that scrapes operators and watchers in their clusters.

It reaches them as an administrator does: through each API server's proxy to the pod.
"""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from cluster.cluster import Cluster
from federation.install import SYSTEM
from federation.leasing import Leased
from rules.conftest import RULES
from rules.prometheus import Prometheus, Scrape, prometheus

COMPONENTS = ("operator", "watcher")
METRICS_PORT = 8080
_FILES = {
    "ca_file": ("cluster", "certificate-authority-data"),
    "cert_file": ("user", "client-certificate-data"),
    "key_file": ("user", "client-key-data"),
}


@contextmanager
def scraping(leased: Leased, folder: Path) -> Iterator[Prometheus]:
    """Scrape every operator and watcher each second, while the block lasts."""
    scrapes = [
        Scrape(more=_page(cluster, component, folder=folder / name))
        for name, cluster in leased.world.clusters.items()
        for component in COMPONENTS
    ]
    with prometheus(folder, scrapes=scrapes, rules=RULES, interval="1s") as running:
        yield running


def _page(cluster: Cluster, component: str, *, folder: Path) -> dict[str, Any]:
    pod = _pod(cluster, component)
    address = cluster.server.removeprefix("https://")
    return {
        "scheme": "https",
        "metrics_path": f"/api/v1/namespaces/{SYSTEM}/pods/{pod}:{METRICS_PORT}/proxy/metrics",
        "tls_config": _administrator(cluster, folder),
        "static_configs": [{"targets": [address], "labels": {"cluster": cluster.name}}],
    }


def _pod(cluster: Cluster, component: str) -> str:
    selector = ("-l", f"app.kubernetes.io/component={component}", "-n", SYSTEM)
    pods = cluster.kubectl_json("get", "pods", *selector)["items"]
    alive = [each for each in pods if "deletionTimestamp" not in each["metadata"]]
    return str(alive[0]["metadata"]["name"])


def _administrator(cluster: Cluster, folder: Path) -> dict[str, str]:
    """Write the kubeconfig's certificates as the files that Prometheus reads."""
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    parts = {"cluster": config["clusters"][0]["cluster"], "user": config["users"][0]["user"]}
    folder.mkdir(exist_ok=True)
    for name, (part, entry) in _FILES.items():
        (folder / name).write_bytes(base64.b64decode(parts[part][entry]))
    return {name: str(folder / name) for name in _FILES}
