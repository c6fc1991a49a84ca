from datetime import UTC, datetime

import pytest

from modelbond.fetching.backoff import RETRY_AFTER_LIMIT_SECONDS, Backoff, retry_after_seconds

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)


def test_waits_double_up_to_the_limit() -> None:
    backoff = Backoff(first_seconds=1, limit_seconds=10)
    waits = [backoff.delay_seconds(attempt, fraction=1.0) for attempt in range(6)]
    assert waits == [1, 2, 4, 8, 10, 10]


def test_half_of_a_wait_is_left_to_chance() -> None:
    backoff = Backoff(first_seconds=8)
    assert backoff.delay_seconds(0, fraction=0.0) == 4
    assert backoff.delay_seconds(0, fraction=0.5) == 6


def test_a_servers_wish_lengthens_the_wait_within_a_limit() -> None:
    backoff = Backoff(first_seconds=4)
    assert backoff.delay_seconds(0, fraction=0.0, retry_after_seconds=1) == 2
    assert backoff.delay_seconds(0, fraction=0.0, retry_after_seconds=30) == 30
    wished = backoff.delay_seconds(0, fraction=0.0, retry_after_seconds=1e9)
    assert wished == RETRY_AFTER_LIMIT_SECONDS


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("Fri, 01 May 2026 12:00:30 GMT", 30.0),
        ("Fri, 01 May 2026 12:00:30 -0000", 30.0),
        ("Fri, 01 May 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, now=NOW) == seconds
