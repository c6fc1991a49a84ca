from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from fakes.workloads import workload
from modelbond.api.conditions import Reason
from modelbond.api.kinds import Json
from modelbond.reconcile.host_conditions import running_conditions
from modelbond.reconcile.host_pods import Failure, PodFacts, Progress
from modelbond.reconcile.host_seen import (
    NO_IDENTITY,
    Children,
    Identity,
    Refusal,
    Seen,
    pods_refused,
)
from modelbond.reconcile.host_status import (
    progress_to_tell,
    refused,
    running,
    status_body,
    withdrawn,
)
from modelbond.serving.revision import revision_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REVISION = revision_of(workload())
SERVICE: Json = {
    "spec": {"ports": [{"nodePort": 30000}], "selector": {"modelbond.io/revision": REVISION[:8]}}
}
READY = PodFacts(
    name="p",
    address="10.244.0.7",
    revision=REVISION[:8],
    going=False,
    ready=True,
    unschedulable=None,
    fetching=False,
    verified=workload().model.digest,
    failure=None,
)
FAILURE = Failure(
    location="triton", reason=Reason.LOAD_FAILED, message="bad", retriable=True, time="2026"
)
TAKEN = Refusal(reason=Reason.NAME_TAKEN, message="Service x belongs to somebody else")


def seen(*pods: PodFacts, service: Json | None = SERVICE, **changes: Any) -> Seen:
    children = Children(deployments={}, config_maps={}, pods=pods, service=service)
    facts: dict[str, Any] = {
        "workload": workload(),
        "revision": REVISION,
        "children": children,
        "addresses": ("192.0.2.1",),
        "progress": None,
        "identity": Identity(signing_request="csr", certified=True),
        "refusal": None,
        **changes,
    }
    return Seen(**facts)


def told(of: Seen) -> dict[str, str]:
    return {each.type.value: f"{each.status}/{each.reason}" for each in running_conditions(of)}


def test_a_ready_pod_on_the_current_revision_is_ready() -> None:
    assert set(told(seen(READY)).values()) == {
        "True/Ready",
        "True/Accepted",
        "True/Verified",
        "True/Loaded",
        "True/EndpointServing",
    }


def test_a_pod_of_another_revision_or_one_that_is_going_does_not_count() -> None:
    for pod in (replace(READY, revision="00000000"), replace(READY, going=True)):
        assert told(seen(pod))["Ready"] == "False/Progressing"
        assert running(seen(pod)).ready_replicas == 0


def test_fewer_ready_pods_than_wanted_are_progressing() -> None:
    found = told(seen(READY, workload=workload(replicas=2)))
    assert found["Ready"] == "False/Progressing"
    assert found["EndpointReady"] == "True/EndpointServing"


@pytest.mark.parametrize(
    ("progress", "message"),
    [
        (None, "the weights are being fetched"),
        (Progress(done_bytes=0, total_bytes=0), "the weights are being fetched"),
        (Progress(done_bytes=1, total_bytes=4), "25 % of 4 bytes arrived"),
    ],
)
def test_a_fetch_says_how_far_it_is(progress: Progress | None, message: str) -> None:
    pod = replace(READY, ready=False, verified=None, fetching=True)
    conditions = running_conditions(seen(pod, progress=progress))
    assert conditions[2].reason == Reason.FETCHING
    assert conditions[2].message == message


def test_a_failed_fetch_and_a_failed_load_are_told_apart() -> None:
    fetch = replace(FAILURE, location="fetch", reason=Reason.DIGEST_MISMATCH)
    unfetched = replace(READY, ready=False, verified=None, failure=fetch)
    assert told(seen(unfetched))["ModelVerified"] == "False/DigestMismatch"
    unloaded = replace(READY, ready=False, failure=FAILURE)
    assert told(seen(unloaded))["ModelVerified"] == "True/Verified"
    assert told(seen(unloaded))["ModelLoaded"] == "False/LoadFailed"
    assert running(seen(unloaded)).failure == FAILURE


def test_a_verified_model_that_is_not_ready_is_loading() -> None:
    assert told(seen(replace(READY, ready=False)))["ModelLoaded"] == "False/Loading"


def test_a_pod_without_a_node_is_unschedulable() -> None:
    waiting = replace(READY, ready=False, verified=None, unschedulable="no GPU")
    assert told(seen(waiting))["Ready"] == "False/Unschedulable"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"refusal": TAKEN, "service": None}, "False/NameTaken"),
        ({"refusal": TAKEN}, "True/EndpointServing"),
        ({"identity": NO_IDENTITY}, "False/WaitingForCertificate"),
        ({"addresses": ()}, "False/NoEndpoint"),
        ({"service": None}, "False/NoEndpoint"),
        ({"service": {"spec": {"ports": [{}]}}}, "False/NoEndpoint"),
        ({"service": {"spec": {}}}, "False/NoEndpoint"),
    ],
)
def test_an_endpoint_says_why_it_does_not_serve(change: dict[str, Any], reason: str) -> None:
    assert told(seen(READY, **change))["EndpointReady"] == reason


def test_only_a_failure_to_make_pods_is_a_refusal_of_pods() -> None:
    available = {"type": "Available", "status": "False"}
    failed = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
    assert pods_refused(None) is None
    assert pods_refused({"status": {"conditions": [available]}}) is None
    found = pods_refused({"status": {"conditions": [available, failed]}})
    assert found is not None
    assert found.reason == Reason.OBJECT_REFUSED
    assert "exceeded quota" in found.message


def test_before_the_certificate_nothing_has_begun() -> None:
    found = told(seen(identity=NO_IDENTITY))
    assert set(found.values()) == {"False/WaitingForCertificate", "True/Accepted"}


def test_a_pause_is_told_by_every_step() -> None:
    found = told(seen(workload=workload(replicas=0)))
    assert set(found.values()) == {"False/Paused", "True/Accepted"}


def test_the_status_holds_only_what_is_known() -> None:
    body = status_body(withdrawn(released=True), before={}, generation=3, now=NOW)
    assert body["released"] is True
    assert body["observedGeneration"] == 3
    absent = {"revision", "progress", "endpoints", "signingRequest", "lastFailure"}
    assert absent & set(body) == set()


def test_equal_facts_give_equal_json_at_any_time() -> None:
    said = running(seen(replace(READY, failure=replace(FAILURE, time=""))))
    first = status_body(said, before={}, generation=1, now=NOW)
    later = status_body(said, before=first, generation=1, now=NOW.replace(year=2027))
    assert later == first
    assert first["lastFailure"]["time"] == "2026-01-01T00:00:00Z"


def test_a_failure_is_kept_after_it_is_mended_and_replaced_by_another() -> None:
    first = status_body(
        running(seen(replace(READY, failure=FAILURE))), before={}, generation=1, now=NOW
    )
    mended = status_body(running(seen(READY)), before=first, generation=1, now=NOW)
    assert mended["lastFailure"] == first["lastFailure"]
    other = replace(FAILURE, message="worse")
    worse = status_body(
        running(seen(replace(READY, failure=other))), before=mended, generation=1, now=NOW
    )
    assert worse["lastFailure"]["message"] == "worse"


def test_a_refusal_says_its_reason_in_ready_and_accepted() -> None:
    body = status_body(
        refused(Reason.HOST_DRAINED, "m", released=False), before={}, generation=1, now=NOW
    )
    assert [each["reason"] for each in body["conditions"]] == ["HostDrained", "HostDrained"]


@pytest.mark.parametrize(
    ("told_bytes", "done", "seconds", "published"),
    [
        (None, 10, 0.0, 10),
        (10, 14, 60.0, 10),
        (10, 15, 9.9, 10),
        (10, 15, 10.0, 15),
        (10, 100, 0.0, 100),
    ],
)
def test_progress_is_told_in_steps_of_five_percent_and_ten_seconds(
    told_bytes: int | None, done: int, seconds: float, published: int
) -> None:
    before = Progress(done_bytes=told_bytes, total_bytes=100) if told_bytes is not None else None
    now_at = Progress(done_bytes=done, total_bytes=100)
    found = progress_to_tell(before, now_at, seconds_since=seconds)
    assert found == Progress(done_bytes=published, total_bytes=100)


def test_progress_of_another_model_is_told_at_once() -> None:
    before = Progress(done_bytes=90, total_bytes=100)
    other = Progress(done_bytes=1, total_bytes=50)
    assert progress_to_tell(before, other, seconds_since=0.0) == other


def at(number: int, **changes: Any) -> PodFacts:
    return replace(READY, name=f"p-{number}", address=f"10.244.0.{number}", **changes)


def test_inside_its_own_cluster_a_copy_is_reached_at_its_ready_pods() -> None:
    inside = seen(at(2), at(1), at(3, ready=False), at(4, going=True), addresses=None)
    assert running(inside).endpoints == (("10.244.0.1", 8443), ("10.244.0.2", 8443))
    assert told(inside)["EndpointReady"] == "True/EndpointServing"


def test_no_more_pods_are_endpoints_than_a_status_holds() -> None:
    pods = [at(number) for number in range(9, 0, -1)]
    assert len(running(seen(*pods, addresses=None)).endpoints) == 4
    assert running(seen(*pods, addresses=None)) == running(seen(*pods[::-1], addresses=None))


def test_inside_its_own_cluster_a_copy_without_ready_pods_has_no_endpoint() -> None:
    starting = seen(replace(READY, ready=False, address=""), addresses=None)
    assert running(starting).endpoints == ()
    assert told(starting)["EndpointReady"] == "False/NoEndpoint"
