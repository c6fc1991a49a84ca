"""Several clusters at once: brought up when missing, reused when healthy, removed whole."""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cluster import debian, faults, steps
from cluster.cluster import Cluster
from cluster.commands import CommandFailed
from cluster.engine import Engine, kubeconfig_path
from cluster.podman import PodmanEngine

NAMES_WITHIN_SECONDS = 90.0

# Names of the cluster resolve; every other name is at once unknown, and no question leaves the
# machine. The zone "." in kubernetes' list is what turns them into NXDOMAIN.
_COREFILE = """\
.:53 {
    errors
    health {
        lameduck 1s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa . {
        pods insecure
        ttl 5
    }
    prometheus :9153
    cache 5
    reload
    loadbalance
}
"""


def engine() -> Engine:
    """Return the container engine that this machine's clusters run on."""
    return PodmanEngine()


def up(names: Sequence[str]) -> list[Cluster]:
    """Return the clusters of these names, creating what is missing or broken."""
    chosen = engine()
    with _alone():
        debian.ensure()
        existing = chosen.names()
        clusters = [_up(name, existing=existing, engine=chosen) for name in names]
        for cluster in clusters:
            _await_names(cluster)
        return clusters


def down(names: Sequence[str]) -> None:
    """Remove the clusters of these names; one that does not exist is no error."""
    chosen = engine()
    with _alone():
        for name in names:
            chosen.delete(name)
            steps.say(f"Cluster {name}: removed")


def clean() -> None:
    """Remove every cluster and what a killed run left on this machine."""
    with _alone():
        engine().clean()


def existing() -> list[Cluster]:
    """Return the clusters that exist, healthy or not."""
    chosen = engine()
    return [Cluster(name=name, engine=chosen) for name in chosen.names()]


def is_healthy(cluster: Cluster) -> bool:
    """Return whether the cluster is whole, running, and its API server ready."""
    if not kubeconfig_path(cluster.name).is_file():
        return False
    try:
        running = cluster.engine.node(cluster.name).running
    except LookupError:
        return False
    return running and cluster.answers("get", "--raw", "/readyz")


def _is_mended(cluster: Cluster) -> bool:
    """Take away what a killed test left; return whether the cluster is good to use."""
    if not kubeconfig_path(cluster.name).is_file():
        return False
    try:
        faults.heal(cluster)
    except (CommandFailed, LookupError, TimeoutError):
        return False
    return True


def _up(name: str, *, existing: Sequence[str], engine: Engine) -> Cluster:
    cluster = Cluster(name=name, engine=engine)
    if name in existing:
        if _is_mended(cluster):
            steps.say(f"Cluster {name}: up already")
            return cluster
        steps.say(f"Cluster {name}: broken or unfinished; making it anew")
        engine.delete(name)
    try:
        engine.create(name)
        _keep_names_inside(cluster)
    except BaseException:
        steps.say(f"Cluster {name}: not made; removing what there is of it")
        engine.delete(name)
        raise
    return cluster


def _keep_names_inside(cluster: Cluster) -> None:
    corefile = json.dumps({"data": {"Corefile": _COREFILE}})
    system = ("--namespace", "kube-system")
    cluster.kubectl(*system, "patch", "configmap", "coredns", "--patch", corefile)
    # One replica does for one node; a new pod reads the new Corefile at once.
    for replicas in (0, 1):
        cluster.kubectl(*system, "scale", "deployment/coredns", f"--replicas={replicas}")


def _await_names(cluster: Cluster) -> None:
    started = time.monotonic()
    patience = f"--timeout={NAMES_WITHIN_SECONDS:.0f}s"
    system = ("--namespace", "kube-system")
    try:
        cluster.kubectl("wait", "--for=create", "serviceaccount/default", patience)
        cluster.kubectl(*system, "rollout", "status", "deployment/coredns", patience)
    except CommandFailed:
        steps.say(cluster.kubectl(*system, "get", "pods", "--output", "wide"))
        raise
    steps.say(f"Cluster {cluster.name}: names resolve after {time.monotonic() - started:.1f} s")


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of everything that makes or removes clusters on this machine."""
    path = steps.cache_root() / "locks" / "clusters.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
