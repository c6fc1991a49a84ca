import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.canaries import canary, documents, strings, tensor
from modelbond.errors import Refused
from modelbond.sla.canary import (
    CANARIES_LIMIT,
    TEXT_LIMIT,
    Canary,
    Rule,
    canaries_of,
    canaries_text,
)


@given(documents())
def test_what_is_written_can_be_read(canaries: tuple[Canary, ...]) -> None:
    text = canaries_text(canaries)
    assert canaries_of(text) == canaries
    assert canaries_text(canaries_of(text)) == text


def test_the_text_is_canonical() -> None:
    assert canaries_text([canary(tensor(1.0), Rule.COSINE, ppm=5)]) == (
        '{"canaries":[{"expected":[{"k":0,"ppm":5,"rule":"cosine","tensor":{"data":"0x0000803f",'
        '"datatype":"FP32","name":"y","shape":[1,1]}}],"inputs":[{"data":"0x0000803f",'
        '"datatype":"FP32","name":"x","shape":[1,1]}],"name":"first"}],"version":1}'
    )


def test_a_document_that_a_person_laid_out_reads_the_same() -> None:
    text = canaries_text([canary(tensor(1.0))])
    assert canaries_of(json.dumps(json.loads(text), indent=2) + "\n") == canaries_of(text)


Change = Callable[[dict[str, Any]], Any]


def put(*path: str | int, value: object) -> Change:
    """Return a change that puts a value at a place of a document."""

    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


FIRST = ("canaries", 0)
INPUT = (*FIRST, "inputs", 0)
ANSWER = (*FIRST, "expected", 0)
TWICE = [{"name": "x", "datatype": "INT8", "shape": [1], "data": "0x00"}] * 2
WRONG: list[tuple[Change, str]] = [
    (put("version", value=2), "version: must be a whole number from 1 to 1"),
    (put("version", value=True), "version: "),
    (put("extra", value=1), "canaries: must hold version, canaries and nothing else"),
    (put("canaries", value={}), "canaries: must be a list of 1 to 64"),
    (put("canaries", value=[]), "canaries: must be a list of 1 to 64"),
    (put(*FIRST, value=7), r"canaries\[0\]: must hold name, inputs, expected"),
    (put(*FIRST, "name", value="../up"), r"canaries\[0\].name: must match"),
    (put(*FIRST, "name", value=7), r"canaries\[0\].name: must match"),
    (put(*FIRST, "inputs", value=[]), r"canaries\[0\].inputs: must be a list of 1 to 32"),
    (put(*FIRST, "inputs", value=TWICE), r"canaries\[0\].inputs: names x twice"),
    (put(*INPUT, "name", value="two words"), r"inputs\[0\].name: must match"),
    (put(*INPUT, "datatype", value="BF16"), r"inputs\[0\].datatype: is none of BOOL, BYTES, FP16"),
    (put(*INPUT, "datatype", value=[]), r"inputs\[0\].datatype: is none of"),
    (put(*INPUT, "shape", value="1"), r"inputs\[0\].shape: must be a list of 0 to 8"),
    (put(*INPUT, "shape", value=[1] * 9), r"inputs\[0\].shape: must be a list of 0 to 8"),
    (put(*INPUT, "shape", value=[-1]), r"inputs\[0\].shape: must be a whole number from 1"),
    (put(*INPUT, "shape", value=[0]), r"inputs\[0\].shape: must be a whole number from 1"),
    (put(*INPUT, "shape", value=[1.0]), r"inputs\[0\].shape: must be a whole number from 1"),
    (put(*INPUT, "shape", value=[2]), r"inputs\[0\].data: the data holds 4 bytes, the shape 8"),
    (put(*INPUT, "data", value="0000803f"), r"inputs\[0\].data: must match"),
    (put(*INPUT, "data", value="0x0000803F"), r"inputs\[0\].data: must match"),
    (put(*INPUT, "data", value="0x000"), r"inputs\[0\].data: must match"),
    (put(*ANSWER, "rule", value="equal"), r"expected\[0\].rule: is none of cosine, argmax, topK"),
    (put(*ANSWER, "rule", value={}), r"expected\[0\].rule: is none of"),
    (put(*ANSWER, "ppm", value=1_000_000), r"expected\[0\].ppm: must be a whole number from 0 to"),
    (put(*ANSWER, "ppm", value=0.5), r"expected\[0\].ppm: must be a whole number from 0 to"),
    (put(*ANSWER, "k", value=-1), r"expected\[0\].k: must be a whole number from 0 to"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_a_malformed_document_is_refused_with_the_field(change: Change, field: str) -> None:
    document = json.loads(canaries_text([canary(tensor(1.0))]))
    change(document)
    with pytest.raises(Refused, match=field):
        canaries_of(json.dumps(document))


UNFIT: list[tuple[Canary, str]] = [
    (canary(tensor(math.nan)), r"expected\[0\].tensor.data: holds NaN or infinity"),
    (canary(tensor(0.0), Rule.COSINE), r"expected\[0\].tensor.data: is all zeros"),
    (canary(tensor(1.0, 2.0), Rule.TOP_K), r"expected\[0\].k: must be from 1 to the length"),
    (canary(tensor(1.0, 2.0), Rule.TOP_K, k=3), r"expected\[0\].k: must be from 1 to the length"),
    (canary(strings(b"a"), Rule.COSINE), r"expected\[0\].rule: must be close with 0 ppm"),
    (canary(strings(b"a"), ppm=1), r"expected\[0\].rule: must be close with 0 ppm"),
    (canary(replace(strings(b"a"), shape=(2,))), "the data holds 1 elements, the shape 2"),
    (canary(replace(strings(b"a"), data=b"\5\0\0\0a")), "data holds -1 elements, the shape 1"),
    (canary(replace(strings(b"a"), data=b"\1\0\0\0a\0")), "data holds -1 elements, the shape 1"),
]


@pytest.mark.parametrize(("unfit", "field"), UNFIT)
def test_an_expectation_that_nothing_or_everything_meets_is_refused(
    unfit: Canary, field: str
) -> None:
    with pytest.raises(Refused, match=field):
        canaries_of(canaries_text([unfit]))


def test_two_canaries_of_one_name_are_refused() -> None:
    with pytest.raises(Refused, match="canaries: names first twice"):
        canaries_of(canaries_text([canary(tensor(1.0))] * 2))


def test_a_document_is_bounded() -> None:
    many = [replace(canary(tensor(1.0)), name=f"c{i}") for i in range(CANARIES_LIMIT + 1)]
    assert len(canaries_of(canaries_text(many[:-1]))) == CANARIES_LIMIT
    with pytest.raises(Refused, match="must be a list of 1 to 64"):
        canaries_of(canaries_text(many))
    with pytest.raises(Refused, match="larger than"):
        canaries_of(" " * (TEXT_LIMIT + 1))


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, '{"version":1,"version":1}', "9" * 5000, "\ud800"]
)
def test_what_is_not_json_or_says_a_thing_twice_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="canaries: the document is not JSON"):
        canaries_of(text)


@given(
    st.text(max_size=40)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["version", "canaries", "name", "inputs", "expected"]), inner
            )
        ),
    ).map(json.dumps)
)
def test_no_text_of_a_stranger_raises_anything_but_refused(text: str) -> None:
    with pytest.raises(Refused):
        canaries_of(text)
