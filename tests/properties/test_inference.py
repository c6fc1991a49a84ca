"""The protocol's coding: what is sent is what was meant, and a stranger's bytes break nothing."""

import json

from hypothesis import given
from hypothesis import strategies as st

from fakes.canaries import strings, tensors
from modelbond.sla.canary import Canary, Expected, Rule, Tensor
from modelbond.sla.inference import LENGTH_HEADER
from modelbond.watcher.inference import NoAnswer, answers_of, question_of

words = st.lists(st.binary(max_size=8), min_size=1, max_size=4).map(lambda each: strings(*each))
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("name", "datatype", "shape", "data", "parameters", "outputs"))
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def echoed(canary: Canary) -> dict[str, Tensor]:
    """Return a question's own inputs, as a model that echoes them would."""
    question = question_of(canary)
    length = int(question.headers[LENGTH_HEADER])
    inputs = json.loads(question.body[:length])["inputs"]
    head = json.dumps({"outputs": inputs}).encode()
    return answers_of(head + question.body[length:], header_length=str(len(head)))


@given(tensors() | words)
def test_a_tensor_travels_there_and_back_bit_by_bit(tensor: Tensor) -> None:
    canary = Canary(
        name="c", inputs=(tensor,), expected=(Expected(tensor=tensor, rule=Rule.CLOSE),)
    )
    assert echoed(canary) == {tensor.name: tensor}


@given(st.binary(max_size=200), st.none() | st.text(max_size=6) | st.integers().map(str))
def test_bytes_of_any_kind_are_an_answer_or_none(body: bytes, length: str | None) -> None:
    assert_harmless(body, length)


@given(anything, st.binary(max_size=40), st.booleans())
def test_json_of_any_kind_is_an_answer_or_none(told: object, rest: bytes, binary: object) -> None:
    head = json.dumps({"outputs": told}).encode()
    assert_harmless(head + (rest if binary else b""), str(len(head)) if binary else None)


def assert_harmless(body: bytes, length: str | None) -> None:
    try:
        answers = answers_of(body, header_length=length)
    except NoAnswer:
        return
    for name, tensor in answers.items():
        assert (type(name), type(tensor)) == (str, Tensor)
