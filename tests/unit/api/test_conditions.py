"""Conditions are stored so that equal facts give equal JSON."""

from datetime import UTC, datetime, timedelta, timezone

from modelbond.api.conditions import (
    MESSAGE_LIMIT,
    Condition,
    ConditionType,
    Reason,
    find,
    merged,
    timestamp,
)
from modelbond.api.kinds import Json

EARLY = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
LATE = EARLY + timedelta(hours=1)


def ready(reason: Reason, *, status: bool | None, message: str = "") -> Condition:
    return Condition(type=ConditionType.READY, status=status, reason=reason, message=message)


PROGRESSING = ready(Reason.PROGRESSING, status=None, message="waiting")
READY = ready(Reason.READY, status=True)
PAUSED = ready(Reason.PAUSED, status=False)


def stored(condition: Condition, *, at: datetime = EARLY) -> list[Json]:
    return merged([], [condition], generation=1, now=at)


def test_a_first_condition_is_stored_with_all_its_facts() -> None:
    assert stored(PROGRESSING) == [
        {
            "type": "Ready",
            "status": "Unknown",
            "reason": "Progressing",
            "message": "waiting",
            "observedGeneration": 1,
            "lastTransitionTime": "2026-01-01T12:00:00Z",
        }
    ]


def test_true_and_false_are_spelled_as_kubernetes_does() -> None:
    assert stored(READY)[0]["status"] == "True"
    assert stored(PAUSED)[0]["status"] == "False"


def test_the_transition_time_stays_while_the_status_does() -> None:
    other_reason = ready(Reason.SPEC_INVALID, status=False, message="another message")
    later = merged(stored(PAUSED), [other_reason], generation=2, now=LATE)
    assert later[0]["lastTransitionTime"] == timestamp(EARLY)
    assert later[0]["observedGeneration"] == 2
    assert later[0]["reason"] == "SpecInvalid"


def test_the_transition_time_moves_when_the_status_flips() -> None:
    later = merged(stored(PAUSED), [READY], generation=1, now=LATE)
    assert later[0]["lastTransitionTime"] == timestamp(LATE)


def test_equal_facts_give_equal_json_whatever_the_clock_says() -> None:
    before = stored(READY)
    assert merged(before, [READY], generation=1, now=LATE) == before


def test_conditions_stand_in_the_wanted_order_and_unwanted_ones_go() -> None:
    linked = Condition(
        type=ConditionType.LINKED, status=False, reason=Reason.ORPHANED, message="gone"
    )
    accepted = Condition(
        type=ConditionType.ACCEPTED, status=True, reason=Reason.ACCEPTED, message=""
    )
    before = merged([], [linked, READY], generation=1, now=EARLY)
    after = merged(before, [accepted, READY], generation=1, now=LATE)
    assert [entry["type"] for entry in after] == ["Accepted", "Ready"]


def test_a_message_beyond_the_bound_of_the_schema_is_cut() -> None:
    endless = ready(Reason.LOAD_FAILED, status=False, message="x" * 9999)
    assert len(stored(endless)[0]["message"]) == MESSAGE_LIMIT


def test_a_condition_is_found_by_its_type() -> None:
    assert find(stored(READY), ConditionType.READY) == stored(READY)[0]
    assert find(stored(READY), ConditionType.LINKED) is None


def test_a_timestamp_is_utc_in_whole_seconds() -> None:
    there = timezone(timedelta(hours=2))
    assert timestamp(datetime(2026, 1, 1, 1, 2, 3, 999, tzinfo=there)) == "2025-12-31T23:02:03Z"
