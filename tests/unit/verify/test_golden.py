"""The cases that were computed on paper."""

from pathlib import Path

import pytest

from fakes.evidence import silent, text_of
from golden.cases import CASES, Case
from modelbond.verify.report import check

FOLDER = Path(__file__).parents[2] / "golden/evidence"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_frame_comes_to_what_was_computed_on_paper(case: Case) -> None:
    made = case.evidence()
    for leased, counted in zip(case.leased, case.counted, strict=True):
        assert made["result"]["leases"][leased.id()] == {
            "leaf": counted.leaf,
            "period": counted.period,
            "bad": counted.bad,
            "unknown": counted.unknown,
        }
    assert len(made["result"]["leases"]) == len(case.leased)
    awarded = {
        member["signer"]: str(amount)
        for member, amount in zip(made["table"], case.awarded, strict=True)
        if amount
    }
    assert made["result"]["awarded"] == awarded


@pytest.mark.parametrize("name", CASES)
def test_the_evidence_in_the_repository_is_of_these_cases_and_is_equal(name: str) -> None:
    text = (FOLDER / f"{name}.json").read_bytes()
    assert text == text_of(CASES[name].evidence())
    check(text, say=silent)


def test_there_is_no_other_evidence_in_the_repository() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(CASES)
