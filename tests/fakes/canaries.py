"""Tensors and canaries for tests, and strategies that draw them."""

import math
import struct
from dataclasses import replace
from typing import Literal

from hypothesis import strategies as st

from modelbond.sla.canary import Canary, Expected, Rule, Tensor

LETTERS = {
    "BOOL": "B",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "FP16": "e",
    "FP32": "f",
    "FP64": "d",
}
FLOATS: dict[str, Literal[16, 32, 64]] = {"FP16": 16, "FP32": 32, "FP64": 64}


def tensor(*numbers: float, datatype: str = "FP32", shape: tuple[int, ...] | None = None) -> Tensor:
    """Return an answer `y` of these numbers, one row unless a shape is given."""
    data = struct.pack(f"<{len(numbers)}{LETTERS[datatype]}", *numbers)
    return Tensor(name="y", datatype=datatype, shape=shape or (1, len(numbers)), data=data)


def strings(*elements: bytes) -> Tensor:
    """Return an answer `y` of BYTES."""
    data = b"".join(struct.pack("<I", len(element)) + element for element in elements)
    return Tensor(name="y", datatype="BYTES", shape=(len(elements),), data=data)


def canary(answer: Tensor, rule: Rule = Rule.CLOSE, *, ppm: int = 0, k: int = 0) -> Canary:
    """Return a canary `first` that asks with one number `x` and expects this answer."""
    asked = replace(tensor(1.0), name="x")
    expected = Expected(tensor=answer, rule=rule, ppm=ppm, k=k)
    return Canary(name="first", inputs=(asked,), expected=(expected,))


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    """Return a tensor of any datatype but BYTES, without NaN, whose first number is not 0."""
    datatype = draw(st.sampled_from(sorted(LETTERS)))
    shape = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)))
    bits = 8 * struct.calcsize(LETTERS[datatype])
    if datatype in FLOATS:
        numbers: st.SearchStrategy[float] = st.floats(
            allow_nan=False, allow_infinity=False, width=FLOATS[datatype]
        )
    elif datatype.startswith("INT"):
        numbers = st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    else:
        numbers = st.integers(0, 1 if datatype == "BOOL" else 2**bits - 1)
    count = math.prod(shape) - 1
    rest = draw(st.lists(numbers, min_size=count, max_size=count))
    return tensor(1, *rest, datatype=datatype, shape=shape)


@st.composite
def documents(draw: st.DrawFn) -> tuple[Canary, ...]:
    """Return canaries of every rule and datatype."""
    names = draw(
        st.lists(
            st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True),
            min_size=1,
            max_size=3,
            unique=True,
        )
    )
    found = []
    for name in names:
        if draw(st.booleans()):
            elements = draw(st.lists(st.binary(max_size=4), min_size=1, max_size=3))
            found.append(replace(canary(strings(*elements)), name=name))
            continue
        answer = draw(tensors())
        k = draw(st.integers(1, answer.shape[-1]))
        ppm = draw(st.integers(0, 999_999))
        rule = draw(st.sampled_from(Rule))
        found.append(replace(canary(answer, rule, ppm=ppm, k=k), name=name))
    return tuple(found)
