"""The operator's process as tests treat it: killed, stopped for a while, started again."""

from collections.abc import Iterator
from contextlib import contextmanager

from cluster.cluster import Cluster
from federation.install import OPERATOR, SYSTEM


def kill(cluster: Cluster) -> None:
    """SIGKILL the operator: no goodbye, and kubelet starts it again."""
    pattern = "modelbond operator"
    for pid in cluster.engine.in_node(cluster.name, "pgrep", "--full", pattern).split():
        cluster.engine.in_node(cluster.name, "kill", "-KILL", pid)


@contextmanager
def stopped(cluster: Cluster) -> Iterator[None]:
    """Keep the operator away, then start it again and wait until it is ready."""
    cluster.kubectl("scale", OPERATOR, "-n", SYSTEM, "--replicas=0")
    selected = ("-l", "app.kubernetes.io/component=operator", "-n", SYSTEM)
    cluster.kubectl("wait", "--for=delete", "pod", *selected, "--timeout=60s")
    try:
        yield
    finally:
        cluster.kubectl("scale", OPERATOR, "-n", SYSTEM, "--replicas=1")
        cluster.kubectl("rollout", "status", OPERATOR, "-n", SYSTEM, "--timeout=90s")


def restart(cluster: Cluster) -> None:
    """Start the operator anew: everything it knew in memory is gone."""
    with stopped(cluster):
        pass
