"""`modelbond explain`: what a person is told, from objects alone."""

import asyncio
from typing import Any

import pytest

from fakes.kube import FakeKube
from modelbond.api.kinds import CONFIG_MAP, HOST_CLUSTER, MODEL_DEPLOYMENT
from modelbond.api.report import ClassReport, HostReport, encode_report
from modelbond.cli.explain import explained
from modelbond.errors import Forbidden, Refused

Json = dict[str, Any]
DIGEST = "sha256:" + "a" * 64


def condition(kind: str, status: str, reason: str, message: str = "") -> Json:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


class Home:
    """A home with one deployment that wants an L4."""

    def __init__(self) -> None:
        self.kube = FakeKube()
        self.deploy()

    def deploy(self, *, status: Json | None = None, **spec: Any) -> None:
        gpu = {"class": "NVIDIA-L4", "count": 1}
        model = {"name": "magika", "format": "onnx", "digest": DIGEST, "size": 3}
        body = {
            "metadata": {"name": "magika", "namespace": "models", "uid": "deployment-uid"},
            "spec": {
                "model": {**model, "sources": ["https://models.example.org/"]},
                "runtime": "triton",
                "resources": {"cpu": "1", "memory": "1Gi", "gpu": gpu},
                **spec,
            },
            "status": status or {},
        }
        self.kube.put(MODEL_DEPLOYMENT, body)

    def host(self, name: str, *, gpus: int = 4, heard: str = "Heard", **spec: Any) -> None:
        reachable = condition("Reachable", "True" if heard == "Heard" else "False", heard)
        self.kube.put(
            HOST_CLUSTER,
            {
                "metadata": {"name": name},
                "spec": {"accepted": True, **spec},
                "status": {"conditions": [reachable]},
            },
        )
        report = HostReport(
            version="0.1.0",
            cluster_uid=f"cluster-{name}",
            owner=f"{name}-labs",
            state="Active",
            policy_revision="1",
            cpu_free_milli=8000,
            memory_free_bytes=2**35,
            classes=(ClassReport(gpu_class="NVIDIA-L4", free=gpus, largest_on_one_node=gpus),),
            runtimes=("triton",),
            formats=("onnx",),
        )
        self.kube.put(
            CONFIG_MAP,
            {
                "metadata": {"name": "host-report", "namespace": f"modelbond-host-{name}"},
                "data": {"report": encode_report(report)},
            },
        )

    def explained(self) -> str:
        return asyncio.run(explained(self.kube, name="magika", namespace="models"))

    def answer(self, host: str) -> str:
        """Return what is said of this host, in the table of hosts."""
        table = self.explained().partition("\nHosts\n")[2].partition("\n\n")[0]
        (found,) = (line.split()[1] for line in table.splitlines() if line.split()[0] == host)
        return found


@pytest.fixture
def home() -> Home:
    return Home()


def test_each_host_is_chosen_or_has_its_reason(home: Home) -> None:
    home.host("alpha")
    home.host("beta", accepted=False)
    home.host("gamma", heard="Silent")
    home.host("delta", heard="NeverHeard")
    home.host("epsilon", gpus=0)
    home.host("zeta", taints=[{"key": "reserved", "effect": "NoSchedule"}])
    answers = {name: home.answer(name) for name in ("alpha", "beta", "gamma", "delta", "zeta")}
    assert answers == {
        "alpha": "Chosen",
        "beta": "NotAccepted",
        "gamma": "HostUnreachable",
        "delta": "NeverHeard",
        "zeta": "Tainted",
    }
    assert home.answer("epsilon") == "NotEnoughGpus"


def test_a_report_that_cannot_be_read_is_the_hosts_reason(home: Home) -> None:
    home.host("alpha")
    meta = {"name": "host-report", "namespace": "modelbond-host-alpha"}
    home.kube.put(CONFIG_MAP, {"metadata": meta, "data": {"report": "{"}})
    assert home.answer("alpha") == "ReportInvalid"


def test_without_hosts_it_is_said_how_to_get_one(home: Home) -> None:
    assert "modelbond invite NAME" in home.explained()


def test_conditions_stand_in_the_order_to_debug_by_and_the_first_bad_one_has_its_remedy(
    home: Home,
) -> None:
    home.deploy(
        status={
            "conditions": [
                condition("Ready", "False", "NoHostFits"),
                condition("Scheduled", "False", "NoHostFits", "2 hosts: 2 Declined"),
                condition("Accepted", "True", "Accepted"),
            ]
        }
    )
    told = home.explained()
    assert told.index("Accepted") < told.index("Scheduled") < told.index("Ready ")
    assert told.rstrip().splitlines()[-1].strip().startswith("Scheduled is False.")
    assert "loosen" in told


def test_a_reason_of_a_newer_operator_is_shown_without_a_remedy(home: Home) -> None:
    home.deploy(status={"conditions": [condition("Scheduled", "False", "FullMoon")]})
    assert "FullMoon" in home.explained()
    assert "Next" not in home.explained()


def test_placements_endpoints_and_the_last_failure_are_shown(home: Home) -> None:
    home.deploy(
        status={
            "placements": [
                {
                    "slot": 0,
                    "host": "alpha",
                    "health": "Progressing",
                    "reason": "Fetching",
                    "message": "40 %",
                    "replicas": 2,
                    "readyReplicas": 1,
                }
            ],
            "endpoints": [{"host": "alpha", "address": "203.0.113.7", "port": 30443}],
            "lastFailure": {
                "host": "alpha",
                "location": "fetch",
                "reason": "FetchFailed",
                "message": "HTTP 503",
                "retriable": True,
                "time": "2026-01-01T00:00:00Z",
            },
        }
    )
    told = home.explained()
    assert "0     alpha  Progressing  1/2    Fetching  40 %" in told
    assert "alpha: 203.0.113.7:30443" in told
    assert "FetchFailed at host alpha, fetch" in told
    assert "may pass by itself" in told


def test_a_customer_who_may_not_read_hosts_still_gets_the_conditions(home: Home) -> None:
    home.deploy(status={"conditions": [condition("Ready", "True", "Ready")]})
    home.kube.fail(Forbidden("hostclusters is forbidden"), verb="list", kind=HOST_CLUSTER)
    told = home.explained()
    assert "not shown, since you may not read" in told
    assert "Ready  True" in told


def test_a_deployment_that_is_not_there_is_refused(home: Home) -> None:
    with pytest.raises(Refused, match="look with -n"):
        asyncio.run(explained(home.kube, name="other", namespace="models"))


def test_a_deployment_that_is_being_deleted_says_so(home: Home) -> None:
    found = home.kube.at(MODEL_DEPLOYMENT, "magika", namespace="models")
    found["metadata"]["finalizers"] = ["modelbond.io/home"]
    found["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    home.kube.put(MODEL_DEPLOYMENT, found)
    assert "is being deleted since" in home.explained()


def test_explaining_changes_nothing(home: Home) -> None:
    home.host("alpha")
    home.explained()
    assert home.kube.writes() == []
