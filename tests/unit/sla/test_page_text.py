"""A page as JSON: it comes back as it was, and what is wrong in it is left out and counted."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.exchanged import commitment, proposal, report, signed, vector
from fakes.frames import FRAME
from modelbond.errors import Refused
from modelbond.sla.exchanged import Page
from modelbond.sla.page_text import LONGEST_REASON, page_of, page_text

WHOLE = Page(
    frame=FRAME,
    commitments=(commitment(vector(0)), commitment(vector(1))),
    vectors=(vector(1),),
    proposals=(proposal(vector(1)),),
    signatures=(signed(0), signed(2, report(round_=2))),
    refusals=((1, "it is late"),),
)


def said(**changes: Any) -> dict[str, Any]:
    return {**json.loads(page_text(WHOLE)), **changes}


def read(values: Any) -> Page:
    return page_of(json.dumps(values))


def changed(kind: str, *path: str, to: Any) -> Page:
    """Return the page with one field of the first entry of a kind changed."""
    values = said()
    place: Any = values[kind][0]
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = to
    return read(values)


def test_a_page_comes_back_as_it_was() -> None:
    assert page_of(page_text(WHOLE)) == WHOLE


def test_what_a_newer_version_adds_is_passed_over() -> None:
    assert read(said(more={"than": "we know"})) == WHOLE
    assert changed("commitments", "more", to=1) == WHOLE


def test_a_kind_that_is_not_there_is_empty() -> None:
    values = said()
    del values["vectors"]
    assert read(values).vectors == ()
    assert read(values).malformed == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no JSON", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "must be an object"),
        ("{}", "page.version"),
        ('{"version":2}', "upgrade modelbond"),
        ('{"version":1}', "page.frame"),
        ('{"version":1,"frame":-1}', "page.frame"),
        ('{"version":1,"frame":true}', "page.frame"),
    ],
)
def test_what_is_no_page_is_refused(text: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        page_of(text)


@pytest.mark.parametrize(
    ("kind", "path", "to"),
    [
        ("commitments", ("watcher",), "0xABC"),
        ("commitments", ("watcher",), f"0x{20 * 'AB'}"),
        ("commitments", ("watcher",), 5),
        ("commitments", ("commitment",), "0x12"),
        ("commitments", ("signature",), {"a": 1}),
        ("vectors", ("vector",), None),
        ("vectors", ("vector",), "not ASCII: \ud800"),
        ("vectors", ("salt",), "0x00"),
        ("proposals", ("vectors",), "none"),
        ("proposals", ("vectors",), [1]),
        ("proposals", ("signed",), []),
        ("signatures", ("report",), 1),
        ("signatures", ("report", "round"), 0),
        ("signatures", ("report", "round"), 2**16),
        ("signatures", ("report", "root"), None),
        ("signatures", ("report", "referenceBlock"), 1.5),
        ("refusals", ("reason",), 7),
    ],
)
def test_an_entry_that_is_wrong_is_left_out_and_counted(
    kind: str, path: tuple[str, ...], to: Any
) -> None:
    page = changed(kind, *path, to=to)
    assert page.malformed == 1
    assert len(getattr(page, kind)) == len(getattr(WHOLE, kind)) - 1


def test_a_list_that_is_none_is_one_wrong_entry() -> None:
    assert read(said(vectors={"a": 1})).malformed == 1


def test_more_entries_than_watchers_can_have_are_not_read() -> None:
    page = read(said(refusals=[{"round": 1, "reason": "x"}] * 1_500))
    assert (len(page.refusals), page.malformed) == (1_000, 500)


def test_a_long_reason_is_cut() -> None:
    assert len(changed("refusals", "reason", to="x" * 999).refusals[0][1]) == LONGEST_REASON


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(
    kind=st.sampled_from(["commitments", "vectors", "proposals", "signatures", "refusals"]),
    value=json_values,
)
def test_anything_at_all_is_read_or_counted(kind: str, value: Any) -> None:
    entries = value if isinstance(value, list) else [value]
    page = read(said(**{kind: entries}))
    assert len(getattr(page, kind)) + page.malformed == len(entries)
