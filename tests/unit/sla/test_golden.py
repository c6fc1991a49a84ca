"""The tally makes of each golden evidence what another implementation made of it, byte for byte."""

from pathlib import Path

import pytest

from modelbond.sla.evidence_text import evidence, evidence_of
from modelbond.sla.tally import tally

GOLDEN = sorted((Path(__file__).parents[2] / "golden/evidence").glob("*.json"))


def test_there_is_golden_evidence() -> None:
    assert GOLDEN


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_evidence_is_computed_to_the_same_text(path: Path) -> None:
    held = evidence_of(path.read_text().rstrip("\n"))
    assert evidence(held.inputs, tally(held.inputs)).text == held.text
