"""Which frames are open, and when a newer one may be reported before an older one."""

from typing import Any

import pytest

from modelbond.settlement.units import FrameIndex
from modelbond.sla.line import open_frames, passed_over, patience_seconds


@pytest.mark.parametrize(
    ("reported", "now", "frames"),
    [
        (99, 101 * 60, [100]),
        (99, 101 * 60 - 0.5, []),
        (100, 101 * 60, []),
        (98, 102 * 60, [99, 100, 101]),
        (0, 101 * 60, list(range(77, 101))),
    ],
)
def test_open_are_frames_that_ended_and_are_newer_than_the_report_and_not_too_old(
    reported: int, now: float, frames: list[int]
) -> None:
    assert open_frames(reported=FrameIndex(reported), now=now, frame_seconds=60) == frames


def test_everybody_has_two_turns_before_a_frame_is_given_up() -> None:
    assert patience_seconds(members=3, step=120) == 720


@pytest.mark.parametrize(
    ("changes", "passed"),
    [
        ({}, False),
        ({"empty": True, "is_last": True}, True),
        ({"has_vectors": False}, True),
        ({"has_vectors": False, "is_last": True}, False),
        ({"tried_seconds": 10}, True),
        ({"tried_seconds": 10, "is_last": True}, False),
        ({"tried_seconds": 10, "complete": True}, False),
    ],
)
def test_a_frame_is_passed_over_where_nothing_is_lost_or_it_was_tried_in_vain(
    *, changes: dict[str, Any], passed: bool
) -> None:
    usual: dict[str, Any] = {
        "empty": False,
        "complete": False,
        "has_vectors": True,
        "is_last": False,
        "tried_seconds": 9,
        "patience": 10,
    }
    assert passed_over(**{**usual, **changes}) == passed
