import json
from typing import Any

import pytest

from modelbond.api.conditions import Reason
from modelbond.api.kinds import Json
from modelbond.reconcile.host_pods import Failure, Progress, last_failure, pod_facts, progress_in


def pod(*, init: list[Json] | None = None, main: list[Json] | None = None, **meta: Any) -> Json:
    return {
        "metadata": {"name": "p", **meta},
        "status": {"initContainerStatuses": init or [], "containerStatuses": main or []},
    }


def ended(message: str = "", *, code: int = 1, at: str = "2026-01-01T00:00:00Z") -> Json:
    facts = {"exitCode": code, "reason": "Error", "message": message, "finishedAt": at}
    return {"terminated": facts}


def failure(container: Json, *, init: bool = False) -> Failure | None:
    return pod_facts(pod(init=[container]) if init else pod(main=[container])).failure


def test_a_pod_that_says_nothing_yet_has_no_facts() -> None:
    facts = pod_facts({"metadata": {"name": "p"}})
    assert (facts.ready, facts.fetching, facts.verified, facts.failure) == (
        False,
        False,
        None,
        None,
    )


@pytest.mark.parametrize(
    "message", ["", "no json", "[1]", '{"digest": 7}', '{"bytes": 7}', "[" * 4096]
)
def test_only_a_digest_that_fetch_wrote_is_verified(message: str) -> None:
    fetch = {"name": "fetch", "state": ended(message, code=0)}
    assert pod_facts(pod(init=[fetch])).verified is None


def test_a_refusal_of_fetch_keeps_its_class_and_says_whether_it_tries_again() -> None:
    told = {"reason": "DigestMismatch", "message": "the files differ", "retriable": False}
    found = failure({"name": "fetch", "state": ended(json.dumps(told), code=2)}, init=True)
    assert found is not None
    assert (found.reason, found.retriable) == (Reason.DIGEST_MISMATCH, False)
    assert found.message == "the files differ"


@pytest.mark.parametrize("message", ["Traceback ...", '{"reason": "Nonsense"}'])
def test_a_fetch_that_ends_without_a_word_has_failed(message: str) -> None:
    found = failure({"name": "fetch", "state": ended(message)}, init=True)
    assert found is not None
    assert (found.reason, found.retriable) == (Reason.FETCH_FAILED, True)


def test_a_failed_load_and_a_crash_loop_differ() -> None:
    first = failure({"name": "triton", "state": ended("bad model")})
    looping = {"waiting": {"reason": "CrashLoopBackOff"}}
    later = failure({"name": "triton", "state": looping, "lastState": ended("bad model")})
    assert first is not None
    assert later is not None
    assert (first.reason, later.reason) == (Reason.LOAD_FAILED, Reason.CRASH_LOOPING)


def test_a_container_that_recovered_has_not_failed() -> None:
    container = {"name": "triton", "ready": True, "state": {}, "lastState": ended("once")}
    assert failure(container) is None


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        ("ErrImagePull", Reason.IMAGE_PULL_FAILED),
        ("ImagePullBackOff", Reason.IMAGE_PULL_FAILED),
        ("CreateContainerConfigError", Reason.LOAD_FAILED),
    ],
)
def test_a_container_that_cannot_start_says_why(trouble: str, reason: Reason) -> None:
    state = {"waiting": {"reason": trouble, "message": "x" * 3000}}
    found = failure({"name": "triton", "state": state})
    assert found is not None
    assert found.reason == reason
    assert len(found.message) == 1024


def test_a_pod_that_is_going_fails_at_nothing() -> None:
    body = pod(
        main=[{"name": "triton", "state": ended("killed", code=137)}],
        deletionTimestamp="2026-01-01T00:00:00Z",
    )
    facts = pod_facts(body)
    assert facts.going
    assert facts.failure is None


def test_the_latest_failure_of_several_pods_is_told() -> None:
    pods = [
        pod_facts(pod(main=[{"name": "triton", "state": ended(text, at=at)}]))
        for text, at in (("first", "2026-01-01T00:00:00Z"), ("second", "2026-01-01T00:01:00Z"))
    ]
    found = last_failure(pods)
    assert found is not None
    assert found.message.endswith("second")
    assert last_failure([]) is None


@pytest.mark.parametrize(
    ("log", "progress"),
    [
        ("", None),
        ("starting\n", None),
        ('{"done": 5, "total": 4}', None),
        ('{"done": "5", "total": 4}', None),
        ('{"done": 1, "total": 4}\nnoise\n', Progress(done_bytes=1, total_bytes=4)),
        (
            '{"done": 1, "total": 4}\n{"done": 2, "total": 4}\n',
            Progress(done_bytes=2, total_bytes=4),
        ),
    ],
)
def test_the_last_line_of_progress_counts(log: str, progress: Progress | None) -> None:
    assert progress_in(log) == progress


def test_a_container_that_the_kubelet_lost_has_failed_at_no_known_time() -> None:
    lost = {"exitCode": 137, "reason": "ContainerStatusUnknown", "finishedAt": None}
    found = failure({"name": "triton", "state": {"terminated": lost}})
    assert found is not None
    assert found.time == "", "a status with the text None is refused by the API server"
