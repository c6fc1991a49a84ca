"""Weights that a host keeps: fetched once, proven at every start, left when all else goes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cluster.cluster import Cluster
from federation import files, looking
from federation.polling import eventually
from federation.settled import ready
from federation.world import World

CLAIM = "weights"
FOLDER = f"/var/lib/modelbond/{CLAIM}"
HOME = "homeclusters.modelbond.io"


@pytest.fixture
def cached(world: World) -> Iterator[Cluster]:
    """Alpha, whose owner gives the home a volume for its weights."""
    alpha = world.host("alpha")
    home = looking.home_cluster(alpha, world.home)["metadata"]["name"]
    namespace = f"modelbond-home-{home}"
    forget(alpha, namespace)
    alpha.volume(name=CLAIM, claim_namespace=namespace, claim_name=CLAIM)
    alpha.apply(json.dumps(claim(namespace)))
    try:
        name_claim(alpha, home, {"claimName": CLAIM})
        yield alpha
    finally:
        name_claim(alpha, home, None)
        forget(alpha, namespace)


def name_claim(host: Cluster, home: str, cache: dict[str, str] | None) -> None:
    """Say in the HomeCluster where that home's weights are kept; None keeps none."""
    patch = json.dumps({"spec": {"cache": cache}})
    host.kubectl("patch", HOME, home, "--type=merge", "-p", patch)


def claim(namespace: str) -> dict[str, object]:
    """Return the claim of the volume."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM, "namespace": namespace},
        "spec": {
            "storageClassName": "standard",
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def forget(host: Cluster, namespace: str) -> None:
    """Remove claim, volume and what lies in it."""
    for kind, flags in (("pvc", ("-n", namespace)), ("pv", ())):
        host.kubectl("delete", kind, CLAIM, *flags, "--ignore-not-found", "--timeout=60s")
    host.engine.in_node(host.name, "rm", "-rf", FOLDER)


@contextmanager
def no_sources(world: World) -> Iterator[None]:
    """Take the file server of the models away."""
    scale = ("scale", "deployment/files", "-n", files.NAMESPACE)
    world.home.kubectl(*scale, "--replicas=0")
    try:
        world.home.kubectl("wait", "--for=delete", "pod", "--all", "-n", files.NAMESPACE)
        yield
    finally:
        world.home.kubectl(*scale, "--replicas=1")
        world.home.kubectl("rollout", "status", "deployment/files", "-n", files.NAMESPACE)


def test_a_second_start_fetches_nothing_and_deletion_leaves_only_the_weights(
    world: World, cached: Cluster
) -> None:
    with world.deployed("kept", placement={"hosts": ["alpha"]}) as deployed:
        ready(deployed)
        first = looking.uids(looking.pods(cached, "kept"))
        with no_sources(world):
            deployed.patch({"replicas": 0})
            eventually(
                lambda: looking.pods(cached, "kept"), lambda pods: pods == [], within_seconds=60
            )
            deployed.patch({"replicas": 1})
            ready(deployed)
            assert looking.uids(looking.pods(cached, "kept")) != first
        deployed.delete()
        assert looking.leftovers(cached, "kept") == []
    kept = cached.engine.in_node(cached.name, "find", FOLDER, "-name", "model.onnx")
    assert len(kept.split()) == 1
