"""Hosts are sovereign, and every decision is explained."""

import json
from contextlib import ExitStack

from cluster.cluster import Cluster
from federation import looking, operators
from federation.deployments import KIND, Deployed
from federation.install import CUSTOMER
from federation.joining import modelbond
from federation.polling import always, eventually
from federation.world import GPU, World


def change_policy(world: World, host: str, spec: dict[str, object]) -> None:
    """Merge a change into the HomeCluster of that host, as its owner does."""
    name = looking.home_cluster(world.host(host), world.home)["metadata"]["name"]
    world.host(host).kubectl(
        "patch", "homeclusters.modelbond.io", name, "--type=merge", "-p", json.dumps({"spec": spec})
    )


def is_ready(deployed: Deployed) -> bool:
    """Return whether Ready is True now."""
    return deployed.condition("Ready").get("status") == "True"


def test_a_host_that_declines_by_policy_is_replaced_by_one_that_accepts(world: World) -> None:
    change_policy(world, "alpha", {"policy": {"sources": ["https://only.example.org/"]}})
    try:
        with world.deployed("declined", placement={"hosts": ["alpha", "beta"]}) as deployed:
            eventually(lambda: is_ready(deployed), bool, within_seconds=90)
            assert deployed.hosts() == ["beta"]
    finally:
        change_policy(world, "alpha", {"policy": {"sources": [world.files]}})


def test_describe_and_explain_answer_why_it_is_not_on_a_host(world: World) -> None:
    change_policy(world, "alpha", {"policy": {"sources": ["https://only.example.org/"]}})
    try:
        with world.deployed("whynot", placement={"count": 2}) as deployed:
            eventually(deployed.hosts, lambda hosts: hosts == ["beta"], within_seconds=60)
            for tell in (
                lambda: world.home.kubectl("describe", KIND, "whynot", "-n", CUSTOMER),
                lambda: modelbond(world.home, "explain", "whynot", "-n", CUSTOMER),
            ):
                told = eventually(tell, lambda text: "SourceNotAllowed" in text, within_seconds=60)
                assert "alpha" in told
    finally:
        change_policy(world, "alpha", {"policy": {"sources": [world.files]}})


def test_a_deployment_that_all_hosts_decline_runs_once_a_policy_opens(world: World) -> None:
    change_policy(world, "alpha", {"policy": {"sources": ["https://only.example.org/"]}})
    with world.deployed("opened", placement={"hosts": ["alpha"]}) as deployed:
        eventually(
            lambda: deployed.condition("Scheduled"),
            lambda seen: seen["status"] == "False" and "alpha" in seen["message"],
            within_seconds=60,
        )
        change_policy(world, "alpha", {"policy": {"sources": [world.files]}})
        eventually(lambda: is_ready(deployed), bool, within_seconds=90)


def test_when_no_host_fits_each_host_has_its_reason(world: World) -> None:
    gpu = {"class": "NVIDIA-H100", "count": 1}
    resources = {"cpu": "50m", "memory": "512Mi", "gpu": gpu}
    with world.deployed("unfit", resources=resources) as deployed:
        seen = eventually(
            lambda: deployed.condition("Scheduled"),
            lambda seen: seen["reason"] == "NoHostFits",
            within_seconds=30,
        )
        assert "alpha" in seen["message"]
        assert "beta" in seen["message"]
        told = modelbond(world.home, "explain", "unfit", "-n", CUSTOMER)
        assert "NVIDIA-H100" in told
        assert {"alpha", "beta"} <= set(told.replace(":", " ").split())


def test_a_gpu_model_gets_its_class_and_counts_against_the_quota(world: World) -> None:
    resources = {"cpu": "50m", "memory": "512Mi", "gpu": {"class": GPU, "count": 2}}
    with world.deployed("taking", resources=resources, placement={"count": 2}) as deployed:
        eventually(lambda: is_ready(deployed), bool, within_seconds=120)
        with world.deployed("late", resources=resources) as late:
            eventually(
                lambda: late.condition("Scheduled"),
                lambda seen: seen["reason"] == "NoHostFits",
                within_seconds=30,
            )
            always(late.hosts, lambda hosts: hosts == [], for_seconds=3)


def test_a_gpu_taken_between_decision_and_start_moves_the_model(world: World) -> None:
    resources = {"cpu": "50m", "memory": "512Mi", "gpu": {"class": GPU, "count": 2}}
    alpha = world.host("alpha")
    eventually(lambda: free_gpus(world, "alpha"), lambda free: free == 2, within_seconds=60)
    with ExitStack() as undone:
        with operators.stopped(alpha):
            raced = undone.enter_context(
                world.deployed("raced", resources=resources, placement={"hosts": ["alpha"]})
            )
            eventually(raced.hosts, lambda hosts: hosts == ["alpha"], within_seconds=30)
            take_gpus(alpha)
            undone.callback(alpha.kubectl, "delete", "pod", "thief", "-n", "default", "--now")
        raced.patch({"placement": {"hosts": ["alpha", "beta"]}})
        eventually(lambda: is_ready(raced), bool, within_seconds=120)
        assert raced.hosts() == ["beta"]


def free_gpus(world: World, host: str) -> int:
    """Return how many GPUs the home believes to be free on a host."""
    status = world.home.kubectl_json("get", "hostcluster", host)["status"]
    return next(int(each["free"]) for each in status["classes"] if each["class"] == GPU)


def take_gpus(cluster: Cluster) -> None:
    """Run a stranger's pod that takes both GPUs of the cluster."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "thief", "namespace": "default"},
        "spec": {
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {
                    "name": "thief",
                    "image": "localhost/modelbond/operator:dev",
                    "imagePullPolicy": "IfNotPresent",
                    "command": ["python3", "-c", "import signal; signal.pause()"],
                    "resources": {"limits": {"nvidia.com/gpu": 2}},
                }
            ],
        },
    }
    cluster.apply(json.dumps(pod))
    cluster.kubectl("wait", "--for=condition=Ready", "pod/thief", "--timeout=60s")


def test_scores_spread_but_an_accepted_placement_stays(world: World) -> None:
    with world.deployed("stays", placement={"hosts": ["alpha"]}) as deployed:
        eventually(lambda: is_ready(deployed), bool, within_seconds=90)
        deployed.patch({"placement": {"hosts": ["alpha", "beta"]}})
        always(deployed.hosts, lambda hosts: hosts == ["alpha"], for_seconds=5)
