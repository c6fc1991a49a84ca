"""Faults as verbs: each is a context that heals when it is left, and waits until it has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from cluster import flow
from cluster.cluster import Cluster
from cluster.deadlines import eventually

NOTICED_WITHIN_SECONDS = 15.0
HEALED_WITHIN_SECONDS = 90.0
MENDED_WITHIN_SECONDS = 30.0
_ETCD = "https://127.0.0.1:2379/v3/maintenance"
_ETCD_KEYS = "/etc/kubernetes/pki/etcd"
_REFUSE_ETCD = (
    *("INPUT", "--protocol", "tcp", "--dport", "2379"),
    *("--jump", "REJECT", "--reject-with", "tcp-reset"),
)


@contextmanager
def cut_link(cluster: Cluster) -> Iterator[None]:
    """Cut the cluster off its network; inside, everything goes on and nothing is told.

    A packet sent there is lost in silence, as with a pulled cable.
    """
    cluster.engine.cut(cluster.name)
    try:
        yield
    finally:
        cluster.engine.restore(cluster.name)
        await_answer(cluster)


@contextmanager
def paused(cluster: Cluster) -> Iterator[None]:
    """Freeze the whole cluster: connections stay open and nobody answers."""
    cluster.engine.pause(cluster.name)
    try:
        yield
    finally:
        cluster.engine.resume(cluster.name)
        await_answer(cluster)


@contextmanager
def etcd_stopped(cluster: Cluster) -> Iterator[None]:
    """Take the store away from the API server.

    Its readiness answers 500 and requests hang until the client gives up or a 504 comes after 34
    to 60 s. Watches and cached lists go on. The store itself keeps running: a kubelet cannot
    start it again without an API server that answers. Keep it under a minute, for after that the
    kubelet restarts the API server as well. The API server asks its store about once a second and
    answers from memory between: the context begins when it has noticed.
    """
    try:
        with packet_rule(cluster, *_REFUSE_ETCD):
            eventually(
                lambda: not cluster.answers("get", "--raw", "/readyz"),
                within_seconds=NOTICED_WITHIN_SECONDS,
                what=f"{cluster.name} misses its store",
            )
            yield
    finally:
        await_answer(cluster)


@contextmanager
def packet_rule(cluster: Cluster, *rule: str) -> Iterator[None]:
    """Let a rule of iptables hold in the node, before all others of its chain."""
    _in_node(cluster, "iptables", "--insert", *rule)
    try:
        yield
    finally:
        _in_node(cluster, "iptables", "--delete", *rule)


@contextmanager
def writes_refused(cluster: Cluster) -> Iterator[None]:
    """Answer every write with 500 at once, as when the store is out of space; reads go on."""
    _space_alarm(cluster, action="ACTIVATE")
    try:
        yield
    finally:
        _space_alarm(cluster, action="DEACTIVATE")


def kill_component(cluster: Cluster, component: str) -> int:
    """Kill one process of the node, such as `kube-apiserver`, and return the pid it had there.

    The kubelet starts it again within seconds.
    """
    pids = component_pids(cluster, component)
    if not pids:
        raise LookupError(f"{cluster.name} runs no {component}")
    _in_node(cluster, "kill", "-KILL", str(pids[0]))
    return pids[0]


def component_pids(cluster: Cluster, component: str) -> list[int]:
    """Return the pids, inside the node, of the processes that were started by that name."""
    script = 'pgrep --full "^([^ ]*/)?$1( |\\$)" || true'
    found = _in_node(cluster, "sh", "-c", script, "pgrep", component)
    return [int(pid) for pid in found.split()]


def heal(cluster: Cluster) -> None:
    """Take away every fault that a killed test may have left on a cluster. May be repeated.

    Raises CommandFailed, LookupError or TimeoutError for a cluster that is broken beyond faults.
    """
    engine, name = cluster.engine, cluster.name
    if not engine.node(name).running:
        engine.resume(name)
    engine.restore(name)
    removal = 'while iptables --delete "$@" 2>/dev/null; do :; done'
    _in_node(cluster, "sh", "-c", removal, "iptables", *_REFUSE_ETCD)
    await_answer(cluster, within_seconds=MENDED_WITHIN_SECONDS)
    _space_alarm(cluster, action="DEACTIVATE")
    flow.unlimit(cluster)


def await_answer(cluster: Cluster, *, within_seconds: float = HEALED_WITHIN_SECONDS) -> None:
    """Wait until the API server says that it is ready and a list from the store comes back."""
    for question in (("get", "--raw", "/readyz"), ("get", "namespaces")):
        eventually(
            partial(cluster.answers, *question),
            within_seconds=within_seconds,
            what=f"{cluster.name} answers `kubectl {' '.join(question)}`",
        )


def _space_alarm(cluster: Cluster, *, action: str) -> None:
    member = json.loads(_ask_etcd(cluster, "status", {}))["header"]["member_id"]
    body = {"action": action, "memberID": member, "alarm": "NOSPACE"}
    _ask_etcd(cluster, "alarm", body)


def _ask_etcd(cluster: Cluster, path: str, body: dict[str, str]) -> str:
    return _in_node(
        cluster,
        *("curl", "--silent", "--show-error", "--fail", f"{_ETCD}/{path}"),
        *("--data", json.dumps(body), "--cacert", f"{_ETCD_KEYS}/ca.crt"),
        *("--cert", f"{_ETCD_KEYS}/healthcheck-client.crt"),
        *("--key", f"{_ETCD_KEYS}/healthcheck-client.key"),
    )


def _in_node(cluster: Cluster, *command: str) -> str:
    return cluster.engine.in_node(cluster.name, *command)
