"""Canaries in the Open Inference Protocol v2: requests and answers, by Triton's own client library.

Inputs travel as binary tensors, and outputs are asked for so; an answer may hold them as JSON too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from tritonclient.http import (
    InferenceServerClient,
    InferInput,
    InferRequestedOutput,
    InferResult,
)
from tritonclient.utils import (
    deserialize_bytes_tensor,
    np_to_triton_dtype,
    serialize_byte_tensor,
    triton_to_np_dtype,
)

from modelbond.sla.canary import Canary, Tensor
from modelbond.sla.inference import LENGTH_HEADER
from modelbond.sla.tensor import BYTES

# A number as JSON takes some twenty characters for each byte of the smallest datatype.
_JSON_GROWTH = 32
_ANSWER_FLOOR_BYTES = 64 * 1024


class NoAnswer(Exception):
    """What came is no answer of the protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A canary as it is sent: the same bytes each time."""

    body: bytes
    headers: Mapping[str, str]
    answer_limit_bytes: int


# Equal canaries of many leases are one entry; a model's own set is small.
@lru_cache(maxsize=4096)
def question_of(canary: Canary) -> Question:
    """Return the request of a canary, with its answers asked for by name."""
    outputs = [InferRequestedOutput(each.tensor.name, binary_data=True) for each in canary.expected]
    body, json_length = InferenceServerClient.generate_request_body(
        [_input(tensor) for tensor in canary.inputs], outputs=outputs
    )
    expected = sum(len(each.tensor.data) for each in canary.expected)
    return Question(
        body=body,
        headers={"Content-Type": "application/octet-stream", LENGTH_HEADER: str(json_length)},
        answer_limit_bytes=_ANSWER_FLOOR_BYTES + _JSON_GROWTH * expected,
    )


def answers_of(body: bytes, *, header_length: str | None) -> dict[str, Tensor]:
    """Return the output tensors by name; NoAnswer where the bytes are none.

    The bytes are a stranger's, and the library reads what it is given: any failure is theirs.
    """
    try:
        with np.errstate(all="ignore"):
            return _answers(body, header_length)
    except Exception as failure:
        raise NoAnswer(type(failure).__name__) from failure


def _answers(body: bytes, header_length: str | None) -> dict[str, Tensor]:
    length = None if header_length is None else int(header_length)
    result = InferResult.from_response_body(body, header_length=length)
    outputs = result.get_response()["outputs"]
    return {output["name"]: _tensor(result, output) for output in outputs}


def _tensor(result: InferResult, output: Mapping[str, object]) -> Tensor:
    name, datatype = str(output["name"]), str(output["datatype"])
    array = result.as_numpy(name)
    if datatype != BYTES and np_to_triton_dtype(array.dtype) != datatype:
        raise ValueError(datatype)
    data = _serialized(array) if datatype == BYTES else array.tobytes()
    return Tensor(name=name, datatype=datatype, shape=tuple(array.shape), data=data)


def _input(tensor: Tensor) -> InferInput:
    made = InferInput(tensor.name, list(tensor.shape), tensor.datatype)
    if tensor.datatype == BYTES:
        flat = deserialize_bytes_tensor(tensor.data)
    else:
        flat = np.frombuffer(tensor.data, dtype=triton_to_np_dtype(tensor.datatype))
    return made.set_data_from_numpy(flat.reshape(tensor.shape), binary_data=True)


def _serialized(array: np.ndarray) -> bytes:
    return bytes(serialize_byte_tensor(array).item()) if array.size else b""
