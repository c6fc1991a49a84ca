import json

from modelbond.api.conditions import Reason
from modelbond.fetching.outcome import (
    Fetched,
    NotFetched,
    SourceFailure,
    exit_code,
    termination_message,
    verdict,
)


def failure(reason: Reason, *, retriable: bool, source: str = "a.example") -> SourceFailure:
    return SourceFailure(source=source, reason=reason, message="why", retriable=retriable)


WRONG = failure(Reason.DIGEST_MISMATCH, retriable=False)
CLOSED = failure(Reason.SOURCE_NOT_ALLOWED, retriable=False, source="b.example")
DOWN = failure(Reason.FETCH_FAILED, retriable=True, source="c.example")


def test_sources_that_all_serve_wrong_bytes_are_a_digest_mismatch() -> None:
    found = verdict([WRONG, WRONG])
    assert (found.reason, found.retriable) == (Reason.DIGEST_MISMATCH, False)


def test_sources_that_fail_for_different_reasons_are_a_failed_fetch_that_names_each() -> None:
    found = verdict([WRONG, CLOSED])
    assert (found.reason, found.retriable) == (Reason.FETCH_FAILED, False)
    assert found.message == "a.example: why; b.example: why"


def test_one_source_that_may_come_back_keeps_hope_for_the_whole() -> None:
    found = verdict([WRONG, CLOSED, DOWN])
    assert (found.reason, found.retriable) == (Reason.FETCH_FAILED, True)


def test_the_kubelet_is_told_the_digest_or_the_reason() -> None:
    assert json.loads(termination_message(Fetched(digest="sha256:a", size_bytes=3))) == {
        "digest": "sha256:a",
        "bytes": 3,
    }
    lost = NotFetched(reason=Reason.FETCH_FAILED, message="no", retriable=True)
    assert json.loads(termination_message(lost)) == {
        "reason": "FetchFailed",
        "message": "no",
        "retriable": True,
    }


def test_a_message_stays_within_what_the_kubelet_keeps() -> None:
    lost = NotFetched(reason=Reason.FETCH_FAILED, message="é" * 5000, retriable=True)
    for message in (termination_message(lost), termination_message(verdict([DOWN] * 500))):
        assert len(message.encode()) < 1100
        assert json.loads(message)["message"].endswith("…")


def test_exit_codes_tell_done_from_passing_from_refused() -> None:
    assert exit_code(Fetched(digest="sha256:a", size_bytes=3)) == 0
    assert exit_code(NotFetched(reason=Reason.FETCH_FAILED, message="", retriable=True)) == 1
    assert exit_code(NotFetched(reason=Reason.DIGEST_MISMATCH, message="", retriable=False)) == 2
