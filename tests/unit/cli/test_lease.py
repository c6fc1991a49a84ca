"""`modelbond lease` tells what the status holds, and asks the operator to claim."""

import asyncio
from typing import Any

import pytest

from fakes.home import deployment
from fakes.leased import SLA, TERMS
from fakes.people import arguments, cluster
from modelbond.api.kinds import MODEL_DEPLOYMENT
from modelbond.cli import lease
from modelbond.cli.kubeconfig import PersonsCluster
from modelbond.cli.main import main
from modelbond.errors import Refused

LEASE = {
    "state": "Open",
    "id": "0x" + "ab" * 32,
    "frame": 7,
    "through": 60,
    "breach": 5,
    "credited": "15000",
    "fundedUntil": "2026-01-02T00:00:00Z",
}
CONDITION = {"type": "BondActive", "status": "True", "reason": "LeaseOpen", "message": "cover 9"}


def asked(home: PersonsCluster, *words: str) -> str:
    return asyncio.run(lease.answered(arguments(lease, *words), home))


def leased(name: str = "llama", **state: Any) -> dict[str, Any]:
    placement = {"slot": 0, "host": "alpha", "epoch": 1, "lease": {**LEASE, **state}}
    status = {
        "conditions": [CONDITION],
        "placements": [placement],
        "uptime": "75.00%",
        "spending": {"total": "20", "day": "2026-01-01", "today": "5"},
    }
    return {**deployment(name, sla=SLA, lease=TERMS), "status": status}


def test_leases_are_listed_one_a_line() -> None:
    kube, home = cluster()
    kube.put(MODEL_DEPLOYMENT, leased())
    kube.put(MODEL_DEPLOYMENT, deployment("plain"))
    heading, line = asked(home, "ls", "-n", "models").splitlines()
    assert heading.split() == list(lease.HEADINGS)
    assert line.split() == [
        "models",
        "llama",
        "alpha",
        "Open",
        "7",
        "60",
        "5",
        "15000",
        "2026-01-02T00:00:00Z",
    ]
    assert asked(home, "ls", "-A") == asked(home, "ls", "-n", "models")
    assert asked(home, "ls", "-n", "other") == "no deployment has a lease here\n"


def test_one_deployment_is_shown_with_all_that_is_known() -> None:
    kube, home = cluster()
    kube.put(MODEL_DEPLOYMENT, leased())
    kube.put(MODEL_DEPLOYMENT, deployment("plain"))
    text = asked(home, "show", "llama", "-n", "models")
    for words in (
        "BondActive: True, LeaseOpen: cover 9",
        "uptime: 75.00%",
        "paid into escrow: 20, on 2026-01-01 5",
        "alpha, slot 0, epoch 1",
        f"  lease: {LEASE['id']}",
        "  credited: 15000",
    ):
        assert words in text
    assert asked(home, "show", "plain", "-n", "models") == "it has no lease\n"


def test_a_claim_is_a_mark_on_the_deployment_and_nothing_is_sent_from_here() -> None:
    kube, home = cluster()
    kube.put(MODEL_DEPLOYMENT, leased())
    assert "was asked to claim" in asked(home, "claim", "llama", "-n", "models")
    found = kube.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    assert found["metadata"]["annotations"]["modelbond.io/claim"].endswith("Z")


def test_what_cannot_be_claimed_is_refused() -> None:
    kube, home = cluster()
    kube.put(MODEL_DEPLOYMENT, deployment("plain"))
    with pytest.raises(Refused, match=r"has no spec\.lease"):
        asked(home, "claim", "plain", "-n", "models")
    with pytest.raises(Refused, match="there is no ModelDeployment none"):
        asked(home, "claim", "none", "-n", "models")


@pytest.mark.parametrize(
    ("words", "error"),
    [(("ls", "llama"), "lease ls takes no name"), (("claim",), "lease claim needs the name")],
)
def test_each_action_takes_what_it_needs(
    words: tuple[str, ...], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lease", *words]) == 2
    assert error in capsys.readouterr().err
