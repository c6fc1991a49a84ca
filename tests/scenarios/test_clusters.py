"""The clusters that everything else is tested on: apart from each other and from the world."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cluster import faults, flow, podman, proxies, world
from cluster.cluster import GPU_RESOURCE, Cluster
from cluster.commands import CommandFailed
from cluster.deadlines import eventually
from cluster.engine import state_folder
from cluster.preload import PROBE_IMAGE

UNREACHABLE = r"Couldn't connect|Network is unreachable"
OUTSIDE = ("1.1.1.1", "8.8.8.8")


@pytest.fixture(scope="module")
def probe(clusters: dict[str, Cluster]) -> Iterator[Cluster]:
    """The home cluster with a pod `probe` in the namespace `probing`, which can ask by curl."""
    home = clusters["home"]
    home.apply(json.dumps(_namespace("probing")))
    home.apply(json.dumps(_probe_pod("probe", namespace="probing")))
    home.kubectl("--namespace", "probing", "wait", "--for=condition=Ready", "pod/probe")
    yield home
    home.kubectl("delete", "namespace", "probing", "--wait=false")


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_node_cannot_reach_the_outside(home: Cluster, address: str) -> None:
    with pytest.raises(CommandFailed, match=UNREACHABLE):
        home.engine.in_node(home.name, "curl", "-sS", "--max-time", "5", f"http://{address}/")


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_pod_cannot_reach_the_outside(probe: Cluster, address: str) -> None:
    with pytest.raises(CommandFailed, match=UNREACHABLE):
        _in_pod(probe, "curl", "-sS", "--max-time", "5", f"http://{address}/")


def test_a_pod_learns_at_once_that_an_outside_name_is_unknown(probe: Cluster) -> None:
    started = time.monotonic()
    with pytest.raises(CommandFailed, match="Could not resolve host"):
        _in_pod(probe, "curl", "-sS", "--max-time", "20", "http://example.com/")
    assert time.monotonic() - started < 5


def test_a_pod_resolves_and_reaches_a_service_of_its_own_cluster(probe: Cluster) -> None:
    answer = _in_pod(probe, "curl", "-sk", "https://kubernetes.default.svc/version")
    assert json.loads(answer)["gitVersion"].startswith("v1.")


def test_a_pod_reaches_the_api_server_of_another_cluster(probe: Cluster, alpha: Cluster) -> None:
    answer = _in_pod(probe, "curl", "-sk", f"{alpha.server}/version")
    assert json.loads(answer)["gitVersion"].startswith("v1.")


def test_clusters_have_authorities_and_identities_of_their_own(
    home: Cluster, alpha: Cluster, beta: Cluster
) -> None:
    clusters = (home, alpha, beta)
    assert len({_authority(cluster) for cluster in clusters}) == 3
    assert len({_identity(cluster) for cluster in clusters}) == 3
    assert len({cluster.address for cluster in clusters}) == 3


def test_a_token_of_one_cluster_is_refused_by_another(home: Cluster, alpha: Cluster) -> None:
    token = home.kubectl("create", "token", "default", "--namespace", "default").strip()
    assert _status(home, token=token) == 200
    assert _status(alpha, token=token) == 401


def test_pretended_gpus_are_counted_by_the_scheduler(probe: Cluster) -> None:
    probe.fake_gpus(count=2, product="NVIDIA-L4")
    probe.apply(json.dumps(_probe_pod("first", namespace="probing", gpus=2)))
    probe.kubectl("--namespace", "probing", "wait", "--for=condition=Ready", "pod/first")
    probe.apply(json.dumps(_probe_pod("second", namespace="probing", gpus=2)))
    message = eventually(
        partial(_unscheduled_because, probe, "second"), within_seconds=20, what="second is refused"
    )
    assert f"Insufficient {GPU_RESOURCE}" in message
    probe.fake_gpus(count=0, product="NVIDIA-L4")
    assert "nvidia.com/gpu.product" not in _node(probe)["metadata"]["labels"]


def test_a_volume_is_writable_by_an_ordinary_user_and_outlives_its_pod(probe: Cluster) -> None:
    probe.volume(name="probing-weights", claim_namespace="probing", claim_name="weights")
    probe.apply(json.dumps(_claim("weights", namespace="probing")))
    for name, command in (("writer", "echo kept > /data/file"), ("reader", "cat /data/file")):
        probe.apply(json.dumps(_pod_on_volume(name, command=command)))
        wait = ("wait", "--for=jsonpath={.status.phase}=Succeeded", f"pod/{name}")
        probe.kubectl("--namespace", "probing", *wait, "--timeout=60s")
    assert probe.kubectl("--namespace", "probing", "logs", "reader") == "kept\n"
    probe.kubectl("--namespace", "probing", "delete", "pod", "writer", "reader", "--now")
    probe.kubectl("delete", "persistentvolume", "probing-weights", "--wait=false")


def test_a_cut_cluster_is_silent_until_its_link_is_restored(alpha: Cluster) -> None:
    with faults.cut_link(alpha):
        assert not alpha.answers("get", "--raw", "/readyz")
    assert alpha.answers("get", "--raw", "/readyz")


def test_a_cut_cluster_goes_on_inside(alpha: Cluster) -> None:
    inside = ("kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "get", "--raw", "/readyz")
    with faults.cut_link(alpha):
        assert alpha.engine.in_node(alpha.name, *inside) == "ok"


def test_services_work_again_after_a_cut(probe: Cluster) -> None:
    with faults.cut_link(probe):
        pass
    answer = probe.engine.in_node(probe.name, "curl", "-sk", "https://10.96.0.1/version")
    assert json.loads(answer)["gitVersion"].startswith("v1.")


def test_a_paused_cluster_is_silent_until_it_goes_on(alpha: Cluster) -> None:
    with faults.paused(alpha):
        assert not alpha.answers("get", "--raw", "/readyz")
    assert alpha.answers("get", "--raw", "/readyz")


def test_a_killed_component_is_started_again(alpha: Cluster) -> None:
    before = faults.kill_component(alpha, "kube-scheduler")
    after = eventually(
        lambda: [pid for pid in faults.component_pids(alpha, "kube-scheduler") if pid != before],
        within_seconds=60,
        what="a new scheduler runs",
    )
    assert len(after) == 1


def test_a_cluster_without_its_store_says_500_until_it_has_it_again(alpha: Cluster) -> None:
    with faults.etcd_stopped(alpha):
        assert _status(alpha, path="/readyz", seconds=15) == 500
        assert not alpha.answers("create", "namespace", "never")
    assert alpha.answers("get", "namespaces")


def test_refused_writes_are_500_while_reads_go_on(alpha: Cluster) -> None:
    with faults.writes_refused(alpha):
        with pytest.raises(CommandFailed, match="database space exceeded"):
            alpha.kubectl("create", "namespace", "refused")
        assert alpha.answers("get", "namespace", "default")
    alpha.kubectl("create", "configmap", "accepted", "--namespace", "default")
    alpha.kubectl("delete", "configmap", "accepted", "--namespace", "default")


def test_a_user_who_is_turned_away_gets_429_and_nobody_else_does(alpha: Cluster) -> None:
    user = "system:serviceaccount:default:default"
    token = alpha.kubectl("create", "token", "default", "--namespace", "default").strip()
    with flow.turned_away(alpha, user=user):
        assert _status(alpha, token=token) == 429
        assert alpha.answers("get", "--raw", "/version")
    assert _status(alpha, token=token) == 200


def test_a_connection_can_be_slowed_silenced_and_healed(alpha: Cluster, probe: Cluster) -> None:
    with proxies.slow_connection(alpha) as connection:
        ask = partial(_seconds_to_ask, probe, f"{connection.url}/version")
        assert ask() < 1
        connection.slow(milliseconds=1500)
        assert ask() > 1.5
        connection.heal()
        connection.silence()
        with pytest.raises(CommandFailed, match="code 28"):
            ask()
        connection.heal()
        connection.reset()
        with pytest.raises(CommandFailed, match=r"reset|SSL_ERROR|code 35|code 56"):
            ask()
        connection.heal()
        assert ask() < 1


def test_a_proxied_api_server_is_trusted_by_its_certificate(alpha: Cluster) -> None:
    with proxies.slow_connection(alpha) as connection:
        assert alpha.answers("--server", connection.url, "get", "--raw", "/readyz")


def test_a_cluster_whose_creation_was_killed_is_removed_whole(alpha: Cluster) -> None:
    name = f"{alpha.name}-doomed"
    command = [sys.executable, "-m", "cluster", "up", name]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1], stderr=subprocess.DEVNULL) as up:
        eventually(partial(_runs, alpha, name), within_seconds=60, what=f"the node of {name} runs")
        up.send_signal(signal.SIGKILL)
    world.down([name])
    assert name not in alpha.engine.names()
    assert podman.volumes(name) == []
    assert not state_folder(name).exists()


def _in_pod(cluster: Cluster, *command: str) -> str:
    return cluster.kubectl("--namespace", "probing", "exec", "probe", "--", *command)


def _seconds_to_ask(cluster: Cluster, url: str) -> float:
    """Return the seconds that an answer took, as a pod of the cluster measures it."""
    return float(
        _in_pod(
            cluster,
            *("curl", "-sSk", "--max-time", "4", "--output", "/dev/null"),
            *("--write-out", "%{time_total}", url),
        )
    )


def _status(cluster: Cluster, *, token: str = "", path: str = "/version", seconds: int = 5) -> int:
    """Return the HTTP status of the API server for that path, asked from the node itself."""
    answer = cluster.engine.in_node(
        cluster.name,
        *("curl", "-sk", "--max-time", str(seconds), "--output", "/dev/null"),
        *(
            "--write-out",
            "%{http_code}",
            "--header",
            f"Authorization: Bearer {token}" * bool(token),
        ),
        f"https://localhost:6443{path}",
    )
    return int(answer)


def _runs(cluster: Cluster, name: str) -> bool:
    try:
        return cluster.engine.node(name).running
    except LookupError:
        return False


def _authority(cluster: Cluster) -> str:
    config = cluster.kubectl_json("config", "view", "--raw")
    return str(config["clusters"][0]["cluster"]["certificate-authority-data"])


def _identity(cluster: Cluster) -> str:
    return str(cluster.kubectl_json("get", "namespace", "kube-system")["metadata"]["uid"])


def _node(cluster: Cluster) -> dict[str, dict[str, str]]:
    node: dict[str, dict[str, str]] = cluster.kubectl_json("get", "node", cluster.node_name)
    return node


def _unscheduled_because(cluster: Cluster, pod: str) -> str:
    status = cluster.kubectl_json("--namespace", "probing", "get", "pod", pod)["status"]
    conditions = status.get("conditions", [])
    return next((str(each.get("message", "")) for each in conditions), "")


def _namespace(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _probe_pod(name: str, *, namespace: str, gpus: int = 0) -> dict[str, object]:
    container = {
        "name": "probe",
        "image": PROBE_IMAGE,
        "command": ["sleep", "infinity"],
        "resources": {"limits": {GPU_RESOURCE: str(gpus)}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"terminationGracePeriodSeconds": 0, "containers": [container]},
    }


def _claim(name: str, *, namespace: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def _pod_on_volume(name: str, *, command: str) -> dict[str, object]:
    container = {
        "name": "probe",
        "image": PROBE_IMAGE,
        "command": ["sh", "-c", command],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "probing"},
        "spec": {
            "restartPolicy": "Never",
            "containers": [container],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "weights"}}],
        },
    }
