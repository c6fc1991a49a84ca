"""Every bound of the contract is said beforehand, by the name of the term."""

import pytest

from fakes.offers import offer
from modelbond.settlement.bounds import objections


def test_an_offer_within_all_bounds_has_no_objection() -> None:
    assert objections(offer()) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"slice_seconds": 1},
        {"slice_seconds": 3600, "period": 744, "notice": 720},
        {"allowance": 10_080, "maintenance_budget": 10_080},
        {"fee": 999},
        {"credit_per_slice": 1_000_000},
        {"cover_factor": 10, "cover": 10 * 1_000 * 10_080},
        {"allowance": 0, "maintenance_budget": 0, "fee": 0},
    ],
)
def test_the_bounds_themselves_are_allowed(changes: dict[str, int]) -> None:
    assert objections(offer(**changes)) == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"slice_seconds": 0}, "slice"),
        ({"slice_seconds": 3601, "period": 1, "notice": 1, "allowance": 1}, "slice"),
        ({"period": 0, "allowance": 0, "maintenance_budget": 0}, "period"),
        ({"period": 44_641}, "period"),
        ({"notice": 0}, "notice"),
        ({"notice": 43_201}, "notice"),
        ({"allowance": 10_081}, "allowance"),
        ({"maintenance_budget": 10_081}, "maintenance budget"),
        ({"fee": 1_000}, "fee"),
        ({"credit_per_slice": 0}, "credit"),
        ({"credit_per_slice": 1_000_001}, "credit"),
        ({"cover_factor": 11}, "cover factor"),
        ({"cover": 2 * 1_000 * 10_080 + 1}, "cover"),
    ],
)
def test_what_passes_a_bound_is_told_by_its_name(changes: dict[str, int], said: str) -> None:
    found = objections(offer(**changes))
    assert any(objection.startswith(f"{said}: ") for objection in found), found


def test_all_objections_are_told_at_once() -> None:
    found = objections(offer(fee=5_000, notice=0, cover_factor=11))
    assert [objection.partition(":")[0] for objection in found] == ["notice", "fee", "cover factor"]
