"""One inference of the Open Inference Protocol as bytes: the question, and what comes back.

Questions are asked in the binary form, in which numbers keep their last bit; answers are read in
that form and in JSON, tensor by tensor, as a server likes.
"""

import json
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from modelbond.sla import fields
from modelbond.sla.tensor import (
    AXES_LIMIT,
    AXIS_LIMIT,
    BYTES,
    LENGTH_BYTES,
    LETTERS,
    TENSOR_NAME,
    Tensor,
    datatype_of,
    fault,
)

LENGTH_HEADER = "Inference-Header-Content-Length"
OUTPUTS_LIMIT = 1024
_WHATEVER = re.compile(r".*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The body of a POST to `/v2/models/NAME/infer`; `json_bytes` goes into LENGTH_HEADER."""

    body: bytes
    json_bytes: int

    @property
    def headers(self) -> dict[str, str]:
        """Return what the request says of its body."""
        return {"Content-Type": "application/octet-stream", LENGTH_HEADER: str(self.json_bytes)}


def infer_path(model: str) -> str:
    """Return the path of a model's inference."""
    return f"/v2/models/{quote(model, safe='')}/infer"


def json_bytes(header: str | None) -> int | None:
    """Return how long the JSON part is by an answer's LENGTH_HEADER; None where it says none."""
    return int(header) if header is not None and header.isdecimal() else None


def question(inputs: Iterable[Tensor]) -> Question:
    """Return the question that these inputs are, with its answer asked for in binary form."""
    tensors = list(inputs)
    asked = {
        "inputs": [
            {
                "name": tensor.name,
                "datatype": tensor.datatype,
                "shape": list(tensor.shape),
                "parameters": {"binary_data_size": len(tensor.data)},
            }
            for tensor in tensors
        ],
        "parameters": {"binary_data_output": True},
    }
    head = json.dumps(asked, separators=(",", ":")).encode()
    body = b"".join([head, *(tensor.data for tensor in tensors)])
    return Question(body=body, json_bytes=len(head))


def answers(body: bytes, *, json_bytes: int | None) -> dict[str, Tensor]:
    """Return the outputs by name; Refused where the answer is none.

    `json_bytes` is what the answer's LENGTH_HEADER says, None without one.
    """
    end = len(body) if json_bytes is None else json_bytes
    document = fields.loaded(body[:end].decode(errors="replace"), "answer")
    (said,) = fields.some_members(document, "answer", "outputs")
    outputs = fields.listed(said, "answer.outputs", most=OUTPUTS_LIMIT)
    found: dict[str, Tensor] = {}
    for place, entry in enumerate(outputs):
        size = _binary_size(entry)
        raw = None if size is None else body[end : end + size]
        end += size or 0
        tensor = tensor_of(entry, f"answer.outputs[{place}]", raw=raw)
        found[tensor.name] = tensor
    return found


def tensor_of(entry: Any, where: str, *, raw: bytes | None = None) -> Tensor:
    """Return a tensor as requests and answers spell it; `raw` is its data where that lies apart.

    Refused names the field that is wrong.
    """
    name, datatype, shape = fields.some_members(entry, where, "name", "datatype", "shape")
    axes = fields.listed(shape, f"{where}.shape", most=AXES_LIMIT)
    checked = datatype_of(datatype, f"{where}.datatype")
    if raw is None:
        (numbers,) = fields.some_members(entry, where, "data")
        raw = _packed(numbers, checked, f"{where}.data")
    tensor = Tensor(
        name=fields.text(name, f"{where}.name", TENSOR_NAME),
        datatype=checked,
        shape=tuple(fields.whole(axis, f"{where}.shape", most=AXIS_LIMIT) for axis in axes),
        data=raw,
    )
    wrong = fault(tensor)
    if wrong is not None:
        fields.refuse(f"{where}.data", wrong)
    return tensor


def _binary_size(entry: Any) -> int | None:
    parameters = entry.get("parameters") if isinstance(entry, dict) else None
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    return size if isinstance(size, int) and size >= 0 else None


def _packed(said: Any, datatype: str, where: str) -> bytes:
    """Return JSON's numbers or strings, in lists or in lists of lists, in binary form."""
    try:
        flat = _flat(said)
        if datatype == BYTES:
            return b"".join(_element(text, where) for text in flat)
        return struct.pack(f"<{len(flat)}{LETTERS[datatype]}", *flat)
    except (TypeError, OverflowError, struct.error):
        fields.refuse(where, f"holds what is no {datatype}")


def _flat(said: Any) -> list[Any]:
    if not isinstance(said, list):
        raise TypeError
    flat = said
    while flat and isinstance(flat[0], list):
        flat = [element for row in flat for element in row]
    return flat


def _element(said: Any, where: str) -> bytes:
    content = fields.text(said, where, _WHATEVER).encode(errors="replace")
    return len(content).to_bytes(LENGTH_BYTES, "little") + content
