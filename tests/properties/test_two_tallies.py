"""The tally and its check, written apart, come to the same evidence byte for byte."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.evidence import BEGIN, FRAME_SECONDS, NOBODY, WATCHERS, Leased, evidence, silent, text_of
from modelbond.sla import evidence_text
from modelbond.sla.rules import RULES as RULES_OF_TALLY
from modelbond.sla.tally import leaves_of, tally
from modelbond.verify import hashes
from modelbond.verify.report import RULES, check

SLICE_SECONDS = (60, 7, 45, 3600)
"""Whole parts of a frame of an hour, one that is none, and the frame itself."""

small = st.integers(0, 130)


def said(slices: int) -> st.SearchStrategy[str | None]:
    """Draw what a watcher says: runs of letters, now and then of a wrong length, or nothing."""
    runs = st.lists(st.tuples(st.sampled_from("gggbbu"), st.integers(1, 30)), min_size=1)
    right = runs.map(lambda drawn: "".join(letter * count for letter, count in drawn))
    fitted = right.map(lambda text: (text * slices)[:slices])
    return st.one_of(fitted, fitted, fitted, right, st.none())


@st.composite
def leafs(draw: st.DrawFn) -> list[int]:
    through, unearned, breach = sorted((draw(small) for _ in range(3)), reverse=True)
    return [through, unearned, breach]


@st.composite
def leased(draw: st.DrawFn, *, epoch: int) -> Leased:
    """Draw a lease anywhere around the frame, with what three watchers say of it."""
    slice_seconds = draw(st.sampled_from(SLICE_SECONDS))
    begin = BEGIN * 60 // slice_seconds
    end = (BEGIN * 60 + FRAME_SECONDS) // slice_seconds
    first = begin + draw(st.integers(-150, 70))
    period = draw(st.sampled_from([1, 7, 20, 60, 100, 1000]))
    carried = None
    if draw(st.booleans()):
        leaf = draw(leafs())
        carried = {
            "leaf": leaf,
            "period": max(leaf[0] - 1, 0) // period,
            "bad": draw(small),
            "unknown": draw(small),
        }
    return Leased(
        first=first,
        end=first + draw(st.integers(0, 300)),
        letters=[draw(said(end - begin)) for _ in range(3)],
        settled=draw(st.one_of(st.just([0, 0, 0]), leafs())),
        announced=draw(
            st.lists(st.tuples(st.integers(first, first + 200), st.integers(1, 30)), max_size=2)
        ),
        carried=carried,
        offer={
            "slice": slice_seconds,
            "period": period,
            "allowance": draw(st.integers(0, 6)),
            "grace": draw(st.integers(0, 12)),
            "cover": str(draw(st.sampled_from([300, 1000, 100_000]))),
            "fee": str(draw(st.integers(0, 7))),
            "rules": draw(st.sampled_from([RULES, RULES, RULES, "0x" + "ee" * 32])),
            "epoch": epoch,
        },
    )


@st.composite
def frames(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the evidence of a frame with up to two leases, as the check computes it."""
    leases = [draw(leased(epoch=epoch)) for epoch in range(draw(st.integers(0, 2)))]
    awards = st.dictionaries(st.sampled_from(WATCHERS), st.integers(1, 10**9).map(str), max_size=2)
    weights = [draw(st.integers(1, 3)) for _ in range(3)]
    table = [
        {"signer": watcher, "weight": weight}
        for watcher, weight in zip(WATCHERS, weights, strict=False)
    ]
    return evidence(*leases, table=table, carried={**NOBODY, "awarded": draw(awards)})


def test_both_go_by_the_same_rules() -> None:
    assert f"0x{RULES_OF_TALLY.hex()}" == RULES


@settings(max_examples=80)
@given(frames())
def test_two_tallies_come_to_the_same_evidence_and_leaves(values: dict[str, Any]) -> None:
    text = text_of(values).decode()
    inputs = evidence_text.evidence_of(text).inputs
    result = tally(inputs)
    assert evidence_text.evidence(inputs, result).text == text
    expected = hashes.leaves(values["result"], bond=values["bond"])
    assert sorted(leaves_of(result, bond=inputs.bond)) == sorted(expected)
    check(text.encode(), say=silent)
