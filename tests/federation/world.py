"""The world of demo and scenarios: a home, two hosts of different owners, files and a customer."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import images.build
import images.models
from cluster import steps
from cluster.cluster import Cluster
from federation import files, install, joining
from federation.client import Client
from federation.deployments import Deployed, Model, applied, deployment
from federation.install import Owner

Json = dict[str, Any]
OWNERS = {
    "home": Owner(name="customer", region="eu-1"),
    "alpha": Owner(name="alpha-labs", region="eu-1"),
    "beta": Owner(name="beta-cloud", region="us-2"),
}
HOSTS = ("alpha", "beta")
GPU = "NVIDIA-L4"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Three clusters in which modelbond runs and two hosts have joined the home."""

    home: Cluster
    hosts: Mapping[str, Cluster]
    files: str
    tiny: Model
    other: Model
    magika: Model
    client: Client

    @property
    def clusters(self) -> dict[str, Cluster]:
        """Return all clusters by their short names."""
        return {"home": self.home, **self.hosts}

    def host(self, name: str) -> Cluster:
        """Return the cluster of that host."""
        return self.hosts[name]

    def deploy(self, name: str, model: Model | None = None, **spec: object) -> Deployed:
        """Apply a ModelDeployment of the tiny model, or of another, and return a handle."""
        return applied(self.home, deployment(name, model or self.tiny, **spec))

    @contextmanager
    def deployed(self, name: str, model: Model | None = None, **spec: object) -> Iterator[Deployed]:
        """As `deploy`, and begin to delete it whatever happens; `Deployed.delete` waits."""
        handle = self.deploy(name, model, **spec)
        try:
            yield handle
        finally:
            handle.delete(wait=False)


def opened(file_server: str) -> list[str]:
    """Return the flags with which a host's owner opens the host for the home's models."""
    return [
        "--runtime", "triton", "--format", "onnx", "--source", file_server,
        "--cpu", "2", "--memory", "8Gi", "--quota-gpu", f"{GPU}=2",
    ]  # fmt: skip


def federate(found: Mapping[str, Cluster]) -> World:
    """Install modelbond on the clusters `home`, `alpha` and `beta` and join them.

    What is missing is built, what stands already is kept.
    """
    operator = images.build.operator()
    hosts, customers = [images.build.triton()], [images.build.files(), images.build.client()]
    for name, cluster in found.items():
        for archive in [operator, *(hosts if name in HOSTS else customers)]:
            load_once(cluster, archive)
    _install(found, content=operator.parent.name)
    return _populate(found)


def _install(found: Mapping[str, Cluster], *, content: str) -> None:
    """Install at all owners at once: each mostly waits for its operator."""
    began = time.monotonic()
    with ThreadPoolExecutor() as at_once:
        begun = [
            at_once.submit(install.install, cluster, OWNERS[name], content=content)
            for name, cluster in found.items()
        ]
        for each in begun:
            each.result()
    steps.say(f"Operators: installed and ready after {time.monotonic() - began:.1f} s")


def load_once(cluster: Cluster, archive: Path) -> None:
    """Load an archive unless this node has it: its folder is named by its content."""
    marker = f"/kind/loaded/{archive.parent.name}"
    loaded = cluster.engine.in_node(cluster.name, "sh", "-c", f"ls {marker} 2>/dev/null || true")
    if loaded.strip():
        return
    cluster.load(archive)
    cluster.engine.in_node(cluster.name, "mkdir", "-p", marker)


def _populate(found: Mapping[str, Cluster]) -> World:
    home = found["home"]
    began = time.monotonic()
    url = files.serve(home)
    client = Client(home)
    client.start()
    steps.say(f"File server and customer's pod: ready after {time.monotonic() - began:.1f} s")
    for name in HOSTS:
        began = time.monotonic()
        found[name].fake_gpus(count=2, product=GPU)
        joining.join(home, found[name], name=name, opened=opened(url))
        steps.say(f"Host {name}: joined the home after {time.monotonic() - began:.1f} s")
    return World(
        home=home,
        hosts={name: found[name] for name in HOSTS},
        files=url,
        tiny=_model(images.models.tiny(), url),
        other=_model(images.models.other(), url),
        magika=_model(images.models.magika(), url),
        client=client,
    )


def _model(folder: images.models.ModelFolder, url: str) -> Model:
    return Model(
        name=folder.name,
        digest=folder.digest,
        size=folder.size,
        sources=[f"{url}{folder.name}"],
    )
