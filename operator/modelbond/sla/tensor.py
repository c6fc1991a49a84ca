"""Tensors as the Open Inference Protocol carries them: raw little-endian bytes with a shape."""

import math
import re
import struct
from dataclasses import dataclass
from typing import Any

from modelbond.sla import fields

BYTES = "BYTES"
LENGTH_BYTES = 4
# Datatype to struct's letter. BOOL is a byte: a model's odd "true" of 2 stays what it is.
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
DATATYPES = frozenset({*LETTERS, BYTES})
TENSOR_NAME = re.compile(r"[!-~]{1,128}")  # frameworks put / and : into them
AXES_LIMIT = 8
AXIS_LIMIT = 2**20

Values = tuple[int | float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One named tensor. `data` is its binary form: BYTES elements each behind a 4-byte length."""

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: bytes


def datatype_of(value: Any, where: str) -> str:
    """Return a stranger's datatype; Refused, with the field's name, where there is none such."""
    if not isinstance(value, str) or value not in DATATYPES:
        fields.refuse(where, f"is none of {', '.join(sorted(DATATYPES))}")
    return value


def fault(tensor: Tensor) -> str | None:
    """Return why the data cannot be what datatype and shape say; None when it can."""
    count = math.prod(tensor.shape)
    if tensor.datatype == BYTES:
        held = _elements(tensor.data)
        return None if held == count else f"the data holds {held} elements, the shape {count}"
    size = count * struct.calcsize(LETTERS[tensor.datatype])
    held = len(tensor.data)
    return None if held == size else f"the data holds {held} bytes, the shape {size}"


def values(tensor: Tensor) -> Values:
    """Return the numbers of a tensor without fault and not of BYTES, in row-major order."""
    return struct.unpack(f"<{math.prod(tensor.shape)}{LETTERS[tensor.datatype]}", tensor.data)


def finite(numbers: Values) -> bool:
    """Return whether no number is infinite or NaN."""
    return all(map(math.isfinite, numbers))


def _elements(data: bytes) -> int:
    """Return how many elements lie behind their lengths; -1 where the last is cut short."""
    place, count = 0, 0
    while place + LENGTH_BYTES <= len(data):
        place += LENGTH_BYTES + int.from_bytes(data[place : place + LENGTH_BYTES], "little")
        count += 1
    return count if place == len(data) else -1
