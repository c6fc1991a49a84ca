"""How a host breaks its promise: what it does to its own copy, in its own cluster."""

import base64
import json
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

from cluster import faults
from cluster.cluster import Cluster
from cluster.commands import CommandFailed
from cluster.proxies import slow_connection
from federation import looking, operators
from federation.deployments import Json
from federation.polling import eventually
from modelbond.serving.edge import TOKENS
from modelbond.serving.names import edge_secret

TRITON, STUB = "tritonserver --backend", "triton_python_backend_stub"
EDGE_WORKER = "nginx: worker process"
WEIGHTS = "kubernetes.io~empty-dir/models"
_KILL_SECONDS = 0.5
# The processes of one pod whose command line holds some words: both are given as arguments.
_PIDS = (
    'for pid in $(pgrep --full -- "$2"); do grep -q "$1" /proc/$pid/cgroup && echo $pid; done; :'
)


@contextmanager
def killed(host: Cluster, name: str) -> Iterator[None]:
    """Kill Triton whenever it runs, until the context ends; then a new pod takes its place."""
    over = Event()

    def kill() -> None:
        while not over.wait(_KILL_SECONDS):
            with suppress(CommandFailed, subprocess.TimeoutExpired):  # a busy machine: once more
                signal_to(host, name, TRITON)

    killer = Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()
        renew(host, name)


def kill_stubs(host: Cluster, name: str) -> None:
    """Kill the processes that run the model: Triton goes on, and says that it is ready."""
    assert signal_to(host, name, STUB) > 0


def swap_weights(host: Cluster, name: str, weights: Path) -> None:
    """Serve other weights under the same name: they replace the verified ones in the pod."""
    uid = _pod(host, name)["metadata"]["uid"]
    content = base64.b64encode(weights.read_bytes()).decode()
    volumes = f"/var/lib/kubelet/pods/{uid}/volumes/{WEIGHTS}"
    script = f"base64 --decode | tee {volumes}/*/1/model.onnx > /dev/null"
    host.engine.in_node(host.name, "sh", "-c", script, stdin=content)
    assert signal_to(host, name, TRITON) > 0


@contextmanager
def slow(host: Cluster, name: str, *, milliseconds: int) -> Iterator[None]:
    """Lead who asks the copy from outside over a slow way; inside, nothing is different."""
    port = str(_node_port(host, name))
    with slow_connection(host, port=int(port)) as way:
        way.slow(milliseconds=milliseconds)
        there = (
            *("PREROUTING", "--table", "nat", "--protocol", "tcp", "--dport", port),
            *("!", "--source", way.address, "--jump", "DNAT"),
            *("--to-destination", f"{way.address}:{way.port}"),
        )
        back = (
            *("POSTROUTING", "--table", "nat", "--protocol", "tcp", "--destination", way.address),
            *("--dport", str(way.port), "--jump", "MASQUERADE"),
        )
        with faults.packet_rule(host, *there), faults.packet_rule(host, *back):
            # Connections that rest know the old way: they end, as at any reload of the edge.
            signal_to(host, name, EDGE_WORKER)
            yield


def hidden_from(watcher: Cluster, host: Cluster, name: str) -> AbstractContextManager[None]:
    """Refuse the way from one watcher's cluster to the copy: that watcher alone calls it bad."""
    return faults.packet_rule(
        watcher,
        *("FORWARD", "--protocol", "tcp", "--destination", host.address),
        *("--dport", str(_node_port(host, name)), "--jump", "REJECT"),
        *("--reject-with", "tcp-reset"),
    )


@contextmanager
def probes_refused(host: Cluster, name: str) -> Iterator[None]:
    """Take the watchers' token out of the edge: 401 for them, while the customer is served."""
    with operators.stopped(host):
        (copy,) = looking.copies(host, name)
        namespace, secret = copy["metadata"]["namespace"], edge_secret(copy["metadata"]["name"])
        tokens = looking.secret(host, namespace, secret)[TOKENS]
        kept = "".join(line for line in tokens.splitlines(keepends=True) if " probe;" not in line)
        assert kept != tokens
        patch = json.dumps({"stringData": {TOKENS: kept}})
        host.kubectl("patch", "secret", secret, "-n", namespace, "-p", patch)
        yield


def renew(host: Cluster, name: str) -> None:
    """Delete the pods of a copy; its Deployment makes new ones, which wait for nothing."""
    for pod in looking.pods(host, name):
        place = ("-n", pod["metadata"]["namespace"], "--wait=false")
        host.kubectl("delete", "pod", pod["metadata"]["name"], *place)


def signal_to(host: Cluster, name: str, words: str) -> int:
    """SIGKILL the processes of the copy's pods with these words, and return how many there were."""
    killed_ones = 0
    for pod in looking.pods(host, name):
        cgroup = pod["metadata"]["uid"].replace("-", "_")
        pids = host.engine.in_node(host.name, "sh", "-c", _PIDS, "pids", cgroup, words).split()
        if pids:
            script = 'kill -KILL "$@" 2>/dev/null || :'
            host.engine.in_node(host.name, "sh", "-c", script, "kill", *pids)
        killed_ones += len(pids)
    return killed_ones


def says_ready(host: Cluster, name: str) -> bool:
    """Tell whether the copy's pod is Ready: its own readiness, as Kubernetes asks it."""
    conditions = _pod(host, name)["status"]["conditions"]
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _pod(host: Cluster, name: str) -> Json:
    return eventually(
        lambda: looking.pods(host, name), lambda found: len(found) == 1, within_seconds=60
    )[0]


def _node_port(host: Cluster, name: str) -> int:
    (service,) = looking.of_deployment(looking.listed(host, "services"), name)
    return int(service["spec"]["ports"][0]["nodePort"])
