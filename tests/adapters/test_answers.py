"""Answers that no honest API server gives: each is an error of its side, never our mistake."""

import pytest

from modelbond.adapters.api_errors import error_of
from modelbond.adapters.transport import Request, decoded
from modelbond.errors import ApiBroken

ANSWERS = [b"", b"[]", b"no json", b'{"a": "\xff"}', b'{"a":' * 50_000]


@pytest.mark.parametrize("body", ANSWERS)
def test_an_answer_that_is_no_object_is_told_with_its_request(body: bytes) -> None:
    with pytest.raises(ApiBroken, match="GET /api"):
        decoded(body, request=Request(verb="GET", path="/api"))


@pytest.mark.parametrize("body", ANSWERS)
def test_a_failure_without_a_readable_status_is_told_by_its_code(body: bytes) -> None:
    assert isinstance(error_of(503, body=body, headers={}, what="GET /api"), ApiBroken)
