"""A report beside the one before it."""

import json
from typing import Any

import pytest

from fakes.evidence import BEGIN, FRAME, Leased, evidence, silent, text_of
from modelbond.verify.hashes import hex_hash
from modelbond.verify.report import check, check_follows, read
from modelbond.verify.text import Differs, Values, canonical

LEASED = Leased(first=BEGIN - 60, letters=["g" * 60] * 3)
BEFORE = evidence(LEASED, frame=FRAME - 1)


def after(before: Values, **changes: Any) -> Values:
    """Return evidence of the next frame that carries on from there."""
    text = text_of(before)
    previous = {"root": read(text).root, "dataHash": hex_hash(text)}
    inputs = {"carried": before["result"], "previous": previous}
    return evidence(LEASED, **{**inputs, **changes})


def difference(values: Values, before: Values) -> str:
    """Return what is said of evidence beside that of the report before."""
    with pytest.raises(Differs) as raised:
        check_follows(read(text_of(values)), read(text_of(before)), say=silent)
    return str(raised.value)


def test_a_report_carries_on_from_the_one_before() -> None:
    told: list[str] = []
    values = after(BEFORE)
    assert values["result"]["leases"][LEASED.id()]["leaf"] == [120, 0, 0]
    check(text_of(values), say=silent)
    check_follows(
        read(text_of(values)), read(text_of(BEFORE)), say=lambda *line: told.append(" ".join(line))
    )
    assert told == [f"previous frame {FRAME - 1}: equal, carried is its result"]


def test_other_evidence_before_is_found_by_its_hash() -> None:
    other = evidence(Leased(first=BEGIN - 60, letters=["g" * 59 + "b"] * 3), frame=FRAME - 1)
    values = after(BEFORE)
    right, found = values["previous"]["dataHash"], hex_hash(text_of(other))
    assert difference(values, other) == f"previous.dataHash: {right}, should be {found}"


def test_a_carried_count_that_no_root_holds_is_found_by_the_evidence_before() -> None:
    result = json.loads(canonical(BEFORE["result"]))
    result["leases"][LEASED.id()]["unknown"] = 3
    values = after(BEFORE, carried=result)
    check(text_of(values), say=silent)
    assert difference(values, BEFORE) == f"carried.leases.{LEASED.id()}.unknown: 3, should be 0"


def test_a_report_does_not_follow_on_one_of_its_own_frame() -> None:
    same = evidence(LEASED)
    assert difference(after(same), same) == f"frame: {FRAME}, should be after {FRAME}"


def test_a_report_does_not_follow_on_another_towers() -> None:
    other = "0x" + "77" * 20
    values = after(BEFORE, tower=other, vectors=[])
    assert difference(values, BEFORE) == f"tower: {other}, should be {BEFORE['tower']}"
