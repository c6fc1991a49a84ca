"""What `modelbond join` opens at a host: what its owner says, and nothing that the home says."""

import base64

import pytest
import yaml

from fakes.people import HOME, SERVER, ca_pem, cluster, invited, joined
from modelbond.api.kinds import HOME_CLUSTER, NAMESPACE, ROLE_BINDING, SECRET
from modelbond.cli.main import main
from modelbond.errors import NameTaken, Refused

SPACE = f"modelbond-home-{HOME}"
OPENED = [
    "--runtime=triton",
    "--format=onnx",
    "--source=https://models.example.org",
    "--source=10.0.0.0/8",
    "--cpu=8",
    "--memory=32Gi",
    "--quota-gpu=NVIDIA-L4=2",
    "--address=203.0.113.7",
]


@pytest.fixture
def invitation() -> str:
    _, home = cluster()
    return invited(home, "alpha")


def test_a_home_gets_a_namespace_under_restricted_pod_security(invitation: str) -> None:
    kube, host = cluster()
    joined(host, invitation)
    labels = kube.at(NAMESPACE, SPACE)["metadata"]["labels"]
    assert labels["modelbond.io/home"] == HOME
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_hosts_own_operator_gets_its_rights_there(invitation: str) -> None:
    kube, host = cluster()
    joined(host, invitation)
    binding = kube.at(ROLE_BINDING, "host-operator", namespace=SPACE)
    assert binding["roleRef"]["name"] == "modelbond-host-in-home-namespace"
    assert [subject["namespace"] for subject in binding["subjects"]] == ["modelbond-system"]


def test_the_join_secret_holds_server_ca_and_token_and_nothing_else(invitation: str) -> None:
    kube, host = cluster()
    joined(host, invitation)
    data = kube.at(SECRET, f"join-{HOME}", namespace="modelbond-system")["data"]
    told = {key: base64.b64decode(value).decode() for key, value in data.items()}
    assert told == {"server": SERVER, "ca": ca_pem(), "token": "token-host-1"}


def test_without_options_all_stays_closed_and_it_is_said_how_to_open_it(invitation: str) -> None:
    kube, host = cluster()
    said = joined(host, invitation)
    assert kube.at(HOME_CLUSTER, HOME)["spec"] == {
        "server": SERVER,
        "joinSecret": f"join-{HOME}",
    }
    for option in ("--runtime", "--format", "--cpu", "--memory", "--quota-gpu"):
        assert option in said


def test_what_the_owner_says_is_opened(invitation: str) -> None:
    kube, host = cluster()
    said = joined(host, invitation, *OPENED)
    spec = kube.at(HOME_CLUSTER, HOME)["spec"]
    assert spec["quota"] == {
        "gpus": [{"class": "NVIDIA-L4", "count": 2}],
        "cpu": "8",
        "memory": "32Gi",
    }
    assert spec["policy"] == {
        "runtimes": ["triton"],
        "formats": ["onnx"],
        "sources": ["https://models.example.org/", "10.0.0.0/8"],
    }
    assert spec["endpoint"] == {"addresses": ["203.0.113.7"]}
    assert "closed" not in said


def test_joining_again_renews_the_token_and_keeps_what_is_not_named(invitation: str) -> None:
    kube, host = cluster()
    joined(host, invitation, *OPENED)
    newer = invitation.replace("token-host-1", "token-host-2")
    joined(host, newer, "--cpu=16")
    spec = kube.at(HOME_CLUSTER, HOME)["spec"]
    assert spec["quota"]["cpu"] == "16"
    assert spec["quota"]["memory"] == "32Gi"
    secret = kube.at(SECRET, f"join-{HOME}", namespace="modelbond-system")
    assert base64.b64decode(secret["data"]["token"]) == b"token-host-2"


def test_joining_again_as_before_changes_nothing(invitation: str) -> None:
    kube, host = cluster()
    joined(host, invitation, *OPENED)
    before = dict(kube.stored)
    joined(host, invitation)
    assert kube.stored == before


def test_a_new_invitation_mends_the_link_where_the_owner_relaxed_pod_security(
    invitation: str,
) -> None:
    kube, host = cluster()
    joined(host, invitation)
    space = kube.at(NAMESPACE, SPACE)
    enforce = "pod-security.kubernetes.io/enforce"
    relaxed = {**space["metadata"]["labels"], enforce: "baseline"}
    kube.put(NAMESPACE, {**space, "metadata": {**space["metadata"], "labels": relaxed}})
    joined(host, invitation.replace("token-host-1", "token-host-2"))
    secret = kube.at(SECRET, f"join-{HOME}", namespace="modelbond-system")
    assert base64.b64decode(secret["data"]["token"]) == b"token-host-2"
    assert kube.at(NAMESPACE, SPACE)["metadata"]["labels"] == relaxed


def test_a_home_that_moved_is_not_followed(invitation: str) -> None:
    kube, host = cluster()
    joined(host, invitation)
    moved = invitation.replace(SERVER, "https://elsewhere.example.org")
    before = dict(kube.stored)
    with pytest.raises(Refused, match="moved"):
        joined(host, moved)
    assert kube.stored == before


def test_a_namespace_of_somebody_else_is_not_taken(invitation: str) -> None:
    kube, host = cluster()
    kube.put(NAMESPACE, {"metadata": {"name": SPACE}})
    with pytest.raises(NameTaken):
        joined(host, invitation)
    assert kube.writes() == []


def test_a_secret_of_somebody_else_is_not_taken(invitation: str) -> None:
    kube, host = cluster()
    meta = {"name": f"join-{HOME}", "namespace": "modelbond-system"}
    kube.put(SECRET, {"metadata": meta, "data": {}})
    with pytest.raises(NameTaken):
        joined(host, invitation)


def test_a_dry_run_shows_all_objects_and_makes_none(invitation: str) -> None:
    kube, host = cluster()
    shown = list(yaml.safe_load_all(joined(host, invitation, "--dry-run", *OPENED)))
    assert [document["kind"] for document in shown] == [
        "Namespace",
        "RoleBinding",
        "Secret",
        "HomeCluster",
    ]
    assert kube.writes() == []


@pytest.mark.parametrize("quota", ["NVIDIA-L4", "=2", "NVIDIA-L4=many", "NVIDIA-L4=-1"])
def test_a_quota_that_makes_no_sense_is_refused(quota: str, invitation: str) -> None:
    kube, host = cluster()
    with pytest.raises(Refused, match="CLASS=N"):
        joined(host, invitation, "--quota-gpu", quota)
    assert kube.writes() == []


def test_a_file_that_is_not_there_is_an_error_for_people(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["join", "-f", "/nowhere/invitation.yaml"]) == 2
    assert "cannot be read" in capsys.readouterr().err
