import json
import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.canaries import strings, tensor, tensors
from modelbond.errors import Refused
from modelbond.sla.inference import (
    LENGTH_HEADER,
    answers,
    infer_path,
    json_bytes,
    question,
    tensor_of,
)
from modelbond.sla.tensor import Tensor


def said(**more: object) -> dict[str, Any]:
    return {"name": "y", "datatype": "FP32", "shape": [2], "data": [1, 2.5], **more}


def body(*outputs: object) -> bytes:
    return json.dumps({"model_name": "m", "outputs": list(outputs)}).encode()


def test_a_question_holds_the_inputs_raw_behind_their_description() -> None:
    asked = question([replace(tensor(1.0, 2.0), name="x"), replace(strings(b"ab"), name="s")])
    assert json.loads(asked.body[: asked.json_bytes]) == {
        "inputs": [
            {
                "name": "x",
                "datatype": "FP32",
                "shape": [1, 2],
                "parameters": {"binary_data_size": 8},
            },
            {
                "name": "s",
                "datatype": "BYTES",
                "shape": [1],
                "parameters": {"binary_data_size": 6},
            },
        ],
        "parameters": {"binary_data_output": True},
    }
    assert asked.body[asked.json_bytes :] == struct.pack("<2f", 1, 2) + b"\2\0\0\0ab"


def test_a_question_says_where_its_description_ends() -> None:
    asked = question([tensor(1.0)])
    assert asked.headers[LENGTH_HEADER] == str(asked.body.index(struct.pack("<f", 1.0)))
    assert json_bytes(asked.headers[LENGTH_HEADER]) == asked.json_bytes


@pytest.mark.parametrize("header", [None, "", "-1", "1.5", "many"])
def test_a_length_that_is_no_whole_number_says_nothing(header: str | None) -> None:
    assert json_bytes(header) is None


def test_a_model_whose_name_holds_a_slash_stays_one_part_of_the_path() -> None:
    assert infer_path("a/b") == "/v2/models/a%2Fb/infer"


@given(st.lists(tensors() | st.just(strings(b"a", b"")), max_size=3))
def test_a_binary_answer_gives_back_each_tensor(given_tensors: list[Tensor]) -> None:
    sent = [replace(each, name=f"y{place}") for place, each in enumerate(given_tensors)]
    as_inputs = question(sent)
    head = json.loads(as_inputs.body[: as_inputs.json_bytes])
    answer = json.dumps({"outputs": head["inputs"]}).encode()
    whole = answer + as_inputs.body[as_inputs.json_bytes :]
    assert answers(whole, json_bytes=len(answer)) == {each.name: each for each in sent}


def test_an_answer_in_json_is_read_too_flat_or_nested() -> None:
    assert answers(body(said()), json_bytes=None) == {"y": tensor(1.0, 2.5, shape=(2,))}
    nested = said(shape=[2, 1], data=[[1], [2.5]])
    assert answers(body(nested), json_bytes=None) == {"y": tensor(1.0, 2.5, shape=(2, 1))}
    words = said(datatype="BYTES", data=["cat", ""])
    assert answers(body(words), json_bytes=None) == {"y": strings(b"cat", b"")}


def test_an_answer_may_hold_nothing() -> None:
    assert answers(body(said(shape=[0], data=[])), json_bytes=None)["y"].data == b""
    assert answers(body(), json_bytes=None) == {}


WRONG: list[tuple[object, str]] = [
    (7, r"outputs\[0\]: must hold name, datatype, shape"),
    ({"name": "y"}, r"outputs\[0\]: must hold name, datatype, shape"),
    ({"name": "y", "datatype": "FP32", "shape": [1]}, r"outputs\[0\]: must hold data"),
    (said(name=""), r"outputs\[0\].name: must match"),
    (said(datatype="FP8"), r"outputs\[0\].datatype: is none of"),
    (said(shape=[-1]), r"outputs\[0\].shape: must be a whole number"),
    (said(shape=[3]), r"outputs\[0\].data: the data holds 8 bytes, the shape 12"),
    (said(data="12"), r"outputs\[0\].data: holds what is no FP32"),
    (said(data=[1, "2"]), r"outputs\[0\].data: holds what is no FP32"),
    (said(data=[1, 1e300]), r"outputs\[0\].data: holds what is no FP32"),
    (said(data=[[1], 2]), r"outputs\[0\].data: holds what is no FP32"),
    (said(datatype="INT8", data=[1, 200]), r"outputs\[0\].data: holds what is no INT8"),
    (said(datatype="BYTES", data=[1, 2]), r"outputs\[0\].data: must match"),
    (said(parameters={"binary_data_size": 8}), "the data holds 0 bytes, the shape 8"),
]


@pytest.mark.parametrize(("output", "field"), WRONG)
def test_an_output_that_makes_no_sense_is_refused(output: object, field: str) -> None:
    with pytest.raises(Refused, match=field):
        answers(body(output), json_bytes=None)


@pytest.mark.parametrize("size", [-1, "8", None])
def test_an_odd_binary_size_is_as_none(size: object) -> None:
    output = said(parameters={"binary_data_size": size})
    assert answers(body(output), json_bytes=None) == {"y": tensor(1.0, 2.5, shape=(2,))}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"error":"no"}', b"\xff", b'{"outputs":{}}'])
def test_a_body_that_is_no_answer_is_refused(content: bytes) -> None:
    with pytest.raises(Refused, match="answer"):
        answers(content, json_bytes=None)


@given(st.binary(max_size=60), st.none() | st.integers(-5, 80))
def test_no_body_of_a_stranger_raises_anything_but_refused(
    content: bytes, json_bytes: int | None
) -> None:
    with pytest.raises(Refused):
        answers(content, json_bytes=json_bytes)


def test_a_tensor_of_a_request_is_read_alike() -> None:
    assert tensor_of(said(), "inputs[0]") == tensor(1.0, 2.5, shape=(2,))
    with pytest.raises(Refused, match=r"inputs\[0\].shape"):
        tensor_of(said(shape=2), "inputs[0]")
