"""The home follows what a customer asks for, and says how it is."""

import pytest

from fakes.home import OTHER_DIGEST, Home, deployment, other, placed, said
from modelbond.api.conditions import ConditionType
from modelbond.api.kinds import (
    ENDPOINT_SLICE,
    MODEL_DEPLOYMENT,
    SECRET,
    SERVICE,
)
from modelbond.errors import Conflicted

READY = ConditionType.READY
SCHEDULED = ConditionType.SCHEDULED
ENDPOINT = ConditionType.ENDPOINT_READY


async def test_a_deployment_gets_an_order_at_a_host_and_is_ready_once_it_serves(home: Home) -> None:
    host = await placed(home)
    assert home.condition(SCHEDULED)["status"] == "True"
    assert home.condition(READY)["reason"] == "Progressing"
    home.serves(host)
    await home.settle()
    assert home.condition(READY)["status"] == "True"
    assert home.status()["summary"] == {"desired": 1, "placed": 1, "ready": 1, "hosts": "1/1"}
    assert home.status()["endpoints"] == [{"host": host, "address": "10.1.1.1", "port": 30443}]
    assert home.status()["replicas"] == 1
    assert home.api.names(SERVICE) == ["models/llama"]
    assert home.api.names(ENDPOINT_SLICE) == [f"models/llama.{host}"]
    assert "models/llama-client" in home.api.names(SECRET)


async def test_an_order_says_what_the_customer_said_and_where_it_comes_from(home: Home) -> None:
    host = await placed(home, replicas=2)
    order = home.order_at(host)
    held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    assert order["metadata"]["finalizers"] == ["modelbond.io/home"]
    assert order["metadata"]["annotations"] == {"modelbond.io/home-version": "0.1.0"}
    assert order["metadata"]["labels"]["modelbond.io/deployment-uid"] == held["metadata"]["uid"]
    assert order["spec"]["deployment"]["name"] == "llama"
    assert (order["spec"]["slot"], order["spec"]["epoch"]) == (0, 1)
    assert order["spec"]["replicas"] == 2
    assert order["spec"]["model"] == held["spec"]["model"]
    assert held["metadata"]["finalizers"] == ["modelbond.io/home"]
    assert held["metadata"]["annotations"] == {"modelbond.io/last-epoch": "1"}


async def test_two_hosts_serve_when_two_are_asked_for_and_one_leaves_when_one_is_enough(
    home: Home,
) -> None:
    home.applies(deployment(placement={"count": 2, "minOwners": 2}))
    await home.settle()
    assert home.placed() == ["alpha", "beta"]
    home.serves("alpha", "beta")
    await home.settle()
    assert home.status()["summary"]["hosts"] == "2/2"
    home.applies(deployment(placement={"count": 1, "minOwners": 1}))
    await home.settle()
    (kept,) = home.placed()
    assert home.order_at(kept)["spec"]["slot"] == 0
    home.releases(other(kept))
    await home.settle()
    assert home.orders_at(other(kept)) == []
    assert home.status()["summary"]["hosts"] == "1/1"


async def test_the_copy_that_serves_is_kept_when_the_count_falls(home: Home) -> None:
    home.applies(deployment(placement={"count": 2, "minOwners": 1}))
    await home.settle()
    slots = {host: home.order_at(host)["spec"]["slot"] for host in ("alpha", "beta")}
    last = max(slots, key=lambda host: slots[host])
    home.serves(last)
    home.applies(deployment(placement={"count": 1, "minOwners": 1}))
    await home.settle()
    assert home.placed() == [last]


async def test_settled_means_that_nothing_is_written_any_more(home: Home) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    before = len(home.api.writes())
    home.clock.pass_by(3600)
    home.renews("alpha", "beta")
    await home.round()
    assert len(home.api.writes()) == before


async def test_a_change_of_the_digest_changes_the_order_in_the_same_epoch(home: Home) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    changed = deployment()
    changed["spec"]["model"]["digest"] = OTHER_DIGEST
    home.applies(changed)
    await home.settle()
    order = home.order_at(host)
    assert order["spec"]["model"]["digest"] == OTHER_DIGEST
    assert order["spec"]["epoch"] == 1
    assert order["spec"]["deployment"]["generation"] == 2
    assert home.status()["summary"]["ready"] == 0, "the old answer is about the old digest"
    assert home.condition(READY)["status"] == "False"
    home.serves(host)
    await home.settle()
    assert home.condition(READY)["status"] == "True"


async def test_gpus_that_are_not_asked_for_any_more_leave_the_order(home: Home) -> None:
    gpu = {"cpu": "1", "memory": "1Gi", "gpu": {"class": "NVIDIA-L4", "count": 1}}
    host = await placed(home, resources=gpu)
    assert home.order_at(host)["spec"]["resources"]["gpu"] == {"class": "NVIDIA-L4", "count": 1}
    home.applies(deployment())
    await home.settle()
    assert "gpu" not in home.order_at(host)["spec"]["resources"]


async def test_a_change_that_no_host_needs_to_know_changes_no_order(home: Home) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    before = home.order_at(host)["metadata"]["resourceVersion"]
    home.applies(deployment(placement={"count": 1, "minOwners": 1, "hosts": [host]}))
    await home.settle()
    assert home.order_at(host)["metadata"]["resourceVersion"] == before
    assert home.condition(READY)["observedGeneration"] == 2


async def test_pause_keeps_the_placement_and_says_paused(home: Home) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    home.applies(deployment(replicas=0))
    await home.settle()
    paused = said("Ready", status="False", reason="Paused")
    home.answers(host, conditions=[said("Accepted", reason="Accepted"), paused])
    await home.settle()
    assert home.placed() == [host]
    assert home.order_at(host)["spec"]["replicas"] == 0
    assert home.condition(READY)["reason"] == "Paused"
    assert home.condition(ENDPOINT)["reason"] == "Paused"
    assert home.status()["summary"]["ready"] == 0


async def test_a_placement_that_leaves_takes_its_endpoint_along_before_its_pods_end(
    home: Home,
) -> None:
    home.applies(deployment(placement={"count": 2, "minOwners": 1}))
    await home.settle()
    home.serves("alpha", "beta")
    await home.settle()
    assert len(home.api.names(ENDPOINT_SLICE)) == 2
    home.applies(deployment(placement={"count": 1, "minOwners": 1}))
    await home.settle()
    (kept,) = home.placed()
    assert home.api.names(ENDPOINT_SLICE) == [f"models/llama.{kept}"]
    assert home.orders_at(other(kept)), "the host has not even answered yet"


async def test_a_namespace_that_is_not_served_is_said_with_the_remedy(home: Home) -> None:
    home.applies(deployment(namespace="other"))
    await home.settle()
    held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="other")
    ready = held["status"]["conditions"][0]
    assert ready["reason"] == "NamespaceNotServed"
    assert "home.namespaces" in ready["message"]
    assert home.placed() == []
    assert "finalizers" not in held["metadata"]


async def test_a_spec_that_cannot_be_read_is_said(home: Home) -> None:
    broken = deployment()
    broken["spec"]["replicas"] = "many"
    home.applies(broken)
    await home.settle()
    assert home.condition(ConditionType.ACCEPTED)["reason"] == "SpecInvalid"
    assert "replicas" in home.condition(ConditionType.ACCEPTED)["message"]


async def test_the_last_failure_a_host_told_of_is_kept_and_cut(home: Home) -> None:
    host = await placed(home)
    failure = {
        "location": "fetch",
        "reason": "DigestMismatch",
        "message": "x" * 800 + "\x1b[31mend",
        "retriable": True,
        "time": "2026-01-01T00:00:00Z",
    }
    wrong = said("ModelVerified", status="False", reason="DigestMismatch", message="bad bytes")
    home.answers(host, conditions=[said("Accepted", reason="Accepted"), wrong], lastFailure=failure)
    await home.settle()
    assert home.status()["lastFailure"]["host"] == host
    assert "\x1b" not in home.status()["lastFailure"]["message"]
    assert home.status()["placements"][0]["health"] == "Degraded"
    assert home.condition(ConditionType.MODEL_VERIFIED)["reason"] == "DigestMismatch"
    assert home.condition(READY)["reason"] == "DigestMismatch"
    home.serves(host)
    await home.settle()
    assert home.status()["lastFailure"]["host"] == host


async def test_an_order_status_that_cannot_be_read_counts_as_nothing(home: Home) -> None:
    host = await placed(home)
    home.answers(host, replicas="lots", conditions="none")
    await home.settle()
    assert home.status()["placements"][0]["reason"] == "ReportInvalid"
    assert home.condition(READY)["status"] == "False"


async def test_a_deployment_that_changed_since_it_was_read_is_tried_again(home: Home) -> None:
    home.applies(deployment())
    home.api.fail(Conflicted("changed"), verb="merge", kind=MODEL_DEPLOYMENT)
    with pytest.raises(Conflicted):
        await home.looks_at()
    assert home.placed() == [], "nothing is ordered before the finalizer holds"
    await home.settle()
    assert len(home.placed()) == 1
