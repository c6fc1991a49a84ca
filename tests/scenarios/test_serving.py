"""The main job: apply, infer, scale, pause, change, delete, on clusters of two owners."""

import json
from collections.abc import Iterator

import pytest

from federation import looking
from federation.deployments import KIND, Deployed
from federation.install import CUSTOMER
from federation.polling import eventually
from federation.settled import ready
from federation.world import World

NAME = "echo"
PLAIN = """
import json, ssl, sys
import numpy, tritonclient.http as triton
name, url = sys.argv[1:]
token = open(f"/tmp/{name}/token").read().strip()
trust = lambda: ssl.create_default_context(cafile=f"/tmp/{name}/ca.crt")
with triton.InferenceServerClient(url, ssl=True, ssl_context_factory=trust) as client:
    x = triton.InferInput("x", [1, 4], "FP32")
    x.set_data_from_numpy(numpy.array([[1, 2, 3, 4]], dtype=numpy.float32))
    answer = client.infer("tiny", [x], headers={"Authorization": f"Bearer {token}"})
    print(json.dumps(answer.as_numpy("y").tolist()))
"""
MANAGEMENT = (
    ("POST", "/v2/repository/index"),
    ("POST", "/v2/repository/models/tiny/load"),
    ("GET", "/v2/systemsharedmemory/status"),
    ("GET", "/v2/cudasharedmemory/status"),
    ("GET", "/v2/trace/setting"),
    ("GET", "/v2/logging"),
    ("GET", "/v2/models/stats"),
    ("GET", "/v2/models/tiny/stats"),
    ("GET", "/metrics"),
    ("GET", "/v2/models/other/ready"),
    ("GET", "/v2/models/tiny/../../repository/index"),
    ("GET", "/v2/models/tiny/%2e%2e/%2e%2e/repository/index"),
    ("GET", "/"),
)


@pytest.fixture(scope="module")
def echo(world: World) -> Iterator[Deployed]:
    """The tiny model, served by both hosts."""
    with world.deployed(NAME, placement={"count": 2, "minOwners": 2}) as deployed:
        ready(deployed)
        world.client.credentials(NAME)
        yield deployed


def test_one_apply_serves_a_model_on_two_owners_clusters(echo: Deployed) -> None:
    status = echo.read()["status"]
    assert {each["type"]: each["status"] for each in status["conditions"]} == dict.fromkeys(
        ["Ready", "Accepted", "Scheduled", "ModelVerified", "ModelLoaded", "EndpointReady"], "True"
    )
    assert echo.hosts() == ["alpha", "beta"]
    assert status["summary"]["hosts"] == "2/2"
    assert len(status["endpoints"]) == 2


def test_model_verified_carries_the_digest(world: World, echo: Deployed) -> None:
    assert world.tiny.digest in echo.condition("ModelVerified")["message"]


def test_curl_with_the_homes_ca_and_token_reaches_the_model(world: World, echo: Deployed) -> None:
    answer = world.client.get(echo.name, "/v2/models/tiny", token=world.client.token(NAME))
    assert answer.status == 200
    assert json.loads(answer.body)["name"] == "tiny"


@pytest.mark.usefixtures("echo")
def test_tritonclient_gets_right_answers_from_both_owners(world: World) -> None:
    request = {"name": NAME, "url": f"https://{NAME}.{CUSTOMER}.svc", "model": "tiny"}
    tensor = {"datatype": "FP32", "shape": [1, 4], "data": [[1.5, -2.0, 3.25, 0.0]]}
    answers = world.client.infer([{**request, "inputs": {"x": tensor}}] * 40)
    assert {answer["host"] for answer in answers} == {"alpha", "beta"}
    assert all(answer["outputs"]["y"] == [[3.0, -4.0, 6.5, 0.0]] for answer in answers)


@pytest.mark.usefixtures("echo")
def test_the_plain_client_of_triton_needs_nothing_of_ours(world: World) -> None:
    printed = world.client.run("python3", "-c", PLAIN, NAME, f"{NAME}.{CUSTOMER}.svc")
    assert json.loads(printed) == [[2.0, 4.0, 6.0, 8.0]]


def test_no_token_and_a_foreign_token_are_refused(world: World, echo: Deployed) -> None:
    assert world.client.get(echo.name, "/v2/models/tiny").status == 401
    assert world.client.get(echo.name, "/v2/models/tiny", token="stranger").status == 401  # noqa: S106


@pytest.mark.parametrize(("method", "path"), MANAGEMENT)
def test_management_paths_do_not_exist_for_customers(
    world: World, echo: Deployed, method: str, path: str
) -> None:
    answer = world.client.get(echo.name, path, token=world.client.token(NAME), method=method)
    assert answer.status in {400, 403, 404, 405}, answer


def test_health_needs_no_token(world: World, echo: Deployed) -> None:
    assert world.client.get(echo.name, "/v2/health/ready").status == 200


@pytest.mark.usefixtures("echo")
def test_pods_pass_restricted_pod_security_in_an_enforcing_namespace(world: World) -> None:
    for cluster in world.hosts.values():
        pod = looking.pods(cluster, NAME)[0]
        namespace = cluster.kubectl_json("get", "namespace", pod["metadata"]["namespace"])
        labels = namespace["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        assert pod["spec"]["automountServiceAccountToken"] is False


def test_kubectl_scale_changes_the_replicas_of_each_placement(echo: Deployed) -> None:
    echo.home.kubectl("scale", KIND, echo.name, "-n", CUSTOMER, "--replicas=2")
    seen = eventually(
        echo.read,
        lambda obj: [each.get("readyReplicas") for each in obj["status"]["placements"]] == [2, 2],
        within_seconds=90,
    )
    assert seen["status"]["replicas"] == 2
    echo.patch({"replicas": 1})
    ready(echo)


def test_replicas_zero_pauses_and_one_resumes(echo: Deployed) -> None:
    echo.patch({"replicas": 0})
    eventually(
        lambda: echo.condition("Ready"), lambda seen: seen["reason"] == "Paused", within_seconds=60
    )
    assert echo.hosts() == ["alpha", "beta"]
    echo.patch({"replicas": 1})
    ready(echo)


def test_a_lower_count_withdraws_one_placement_and_a_higher_one_places_again(
    world: World, echo: Deployed
) -> None:
    echo.patch({"placement": {"count": 1, "minOwners": 1}})
    eventually(echo.hosts, lambda hosts: len(hosts) == 1, within_seconds=60)
    eventually(
        lambda: [looking.leftovers(world.host(host), NAME) for host in world.hosts],
        lambda left: [] in left,
        within_seconds=60,
    )
    echo.patch({"placement": {"count": 2, "minOwners": 2}})
    ready(echo)
    assert echo.hosts() == ["alpha", "beta"]


def test_a_killed_triton_pod_returns(world: World, echo: Deployed) -> None:
    alpha = world.host("alpha")
    killed = looking.pods(alpha, NAME)[0]["metadata"]
    alpha.kubectl("delete", "pod", "-n", killed["namespace"], killed["name"], "--wait=false")
    eventually(
        lambda: looking.uids(looking.pods(alpha, NAME)),
        lambda uids: uids and killed["uid"] not in uids,
        within_seconds=60,
    )
    ready(echo)


def test_a_changed_model_replaces_the_revision(world: World) -> None:
    with world.deployed("changed") as deployed:
        before = ready(deployed)["status"]["placements"][0]["revision"]
        model = deployed.read()["spec"]["model"]
        deployed.patch({"model": {**model, **world.other.spec(), "name": "tiny"}})
        seen = eventually(
            deployed.read,
            lambda obj: obj["status"]["placements"][0].get("revision") not in {None, before},
            within_seconds=90,
        )
        assert seen["status"]["placements"][0]["epoch"] == 1
        ready(deployed)
        assert world.other.digest in deployed.condition("ModelVerified")["message"]


def test_deletion_leaves_nothing_on_either_host(world: World) -> None:
    with world.deployed("gone", placement={"count": 2}) as deployed:
        ready(deployed)
        deployed.delete()
        for host in world.hosts:
            assert looking.leftovers(world.host(host), "gone") == []
        for kind in ("service", "secret", "endpointslice", "modelplacement"):
            names = world.home.kubectl("get", kind, "-A", "-o", "name")
            assert "gone" not in names
