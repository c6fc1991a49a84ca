"""The ledger against outages that are known, beside a real blackbox_exporter of Debian's.

docs/reference/accuracy.md states the error; `make bench-accuracy` plays the same for longer.
"""

import asyncio
from collections.abc import Sequence
from random import Random

import pytest

from bench.accuracy.running import SAMPLE_SECONDS, SLICE_SECONDS, Played, played
from bench.accuracy.scripts import (
    Fault,
    Outage,
    Sample,
    Script,
    contradictions,
    counted,
    drawn,
    false_samples,
    stated,
)
from modelbond.sla.verdict import Verdict

pytestmark = pytest.mark.timeout(240)

SLICES = 18
CHANCE = Random(7)  # noqa: S311 - moments of outages
WHOLE = Script(
    title="whole slices",
    slices=SLICES,
    outages=(Outage(begins=2, ends=5), Outage(begins=7, ends=8), Outage(begins=12, ends=16)),
)
ANY = [
    Script(
        title=f"any moment: {fault}",
        slices=SLICES,
        fault=fault,
        outages=drawn(CHANCE, slices=SLICES, shortest=2, longest=4),
    )
    for fault in Fault
]
SHORT = Script(
    title="shorter than a slice",
    slices=SLICES,
    outages=drawn(CHANCE, slices=SLICES, shortest=0.1, longest=0.9),
)
NEVER = Script(title="never down", slices=SLICES)


@pytest.fixture(scope="module")
def all_played(tmp_path_factory: pytest.TempPathFactory) -> list[Played]:
    """Play all scripts once: it takes as long as their slices do."""
    folder = tmp_path_factory.mktemp("accuracy")
    return asyncio.run(played([WHOLE, *ANY, SHORT, NEVER], folder=folder))


def of(all_played: Sequence[Played], script: Script) -> Played:
    return next(each for each in all_played if each.script is script)


def test_no_slice_that_an_outage_fills_is_good_and_none_that_it_spares_is_bad(
    all_played: list[Played],
) -> None:
    assert {each.script.name: contradictions(each.script, each.letters) for each in all_played} == {
        each.script.name: [] for each in all_played
    }


def test_outages_on_slice_boundaries_are_counted_to_the_slice(all_played: list[Played]) -> None:
    letters = of(all_played, WHOLE).letters
    unknown = [
        letters[outage.touched.start : outage.touched.stop].count("u") for outage in WHOLE.outages
    ]
    counts = [counted(outage, letters) for outage in WHOLE.outages]
    assert [count + doubted for count, doubted in zip(counts, unknown, strict=True)] == [3, 1, 4]
    assert Verdict.BAD in letters


def test_each_edge_moves_an_outages_count_by_one_slice_at_most(all_played: list[Played]) -> None:
    for each in all_played:
        for outage in each.script.outages:
            bounds = stated(outage, each.letters)
            assert bounds.hold(counted(outage, each.letters)), (each.script.name, outage)
            assert len(outage.touched) - len(outage.certain) <= 2


def test_whatever_breaks_shows_and_what_never_broke_does_not(all_played: list[Played]) -> None:
    for script in ANY:
        assert Verdict.BAD in of(all_played, script).letters, script.name
    assert set(of(all_played, NEVER).letters) <= {Verdict.GOOD, Verdict.UNKNOWN}
    assert Verdict.GOOD in of(all_played, NEVER).letters


def test_no_sample_of_the_exporter_is_what_it_cannot_be(all_played: list[Played]) -> None:
    for each in all_played:
        false = false_samples(each.script, each.samples)
        assert [one for one in false if not gave_up(one)] == [], each.script.name


def test_the_exporter_sees_every_fault_but_answers_of_another_model(
    all_played: list[Played],
) -> None:
    seen = {
        script.fault
        for script in ANY
        if any(not one.up and not gave_up(one) for one in of(all_played, script).samples)
    }
    assert seen == {Fault.ERROR, Fault.RESET}  # of the slow one it waits for answers in vain


def gave_up(one: Sample) -> bool:
    """Tell whether the exporter waited in vain: so it does before a machine that is slow, too."""
    return (one.answered - one.asked) * SLICE_SECONDS >= SAMPLE_SECONDS
