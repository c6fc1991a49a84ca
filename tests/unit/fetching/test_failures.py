import pytest

from modelbond.api.conditions import Reason
from modelbond.errors import TransientError
from modelbond.fetching.failures import (
    NotAllowed,
    SourceTrouble,
    StorageError,
    WrongBytes,
    WrongSize,
)


@pytest.mark.parametrize(
    ("failure", "reason", "retriable"),
    [
        (SourceTrouble("HTTP 503", retriable=True), Reason.FETCH_FAILED, True),
        (SourceTrouble("HTTP 404", retriable=False), Reason.FETCH_FAILED, False),
        (NotAllowed("not open"), Reason.SOURCE_NOT_ALLOWED, False),
        (WrongBytes("another sha256"), Reason.DIGEST_MISMATCH, False),
        (WrongSize("more bytes"), Reason.SIZE_MISMATCH, False),
    ],
)
def test_a_sources_failure_carries_its_reason_and_whether_it_may_pass(
    failure: SourceTrouble, reason: Reason, *, retriable: bool
) -> None:
    assert (failure.reason, failure.retriable) == (reason, retriable)


def test_a_volume_that_fails_may_be_mended() -> None:
    assert isinstance(StorageError("full"), TransientError)
