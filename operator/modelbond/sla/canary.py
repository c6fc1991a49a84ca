"""Canaries: inputs with known answers, agreed on before anything is measured.

A document of them is canonical JSON; its hash stands in the agreement. `canaries_of` reads a
stranger's document, `canaries_text` writes the one form that is hashed, `mismatch` compares.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, assert_never

from modelbond.errors import Refused
from modelbond.sla import fields
from modelbond.sla.closeness import (
    PPM,
    Rule,
    apart_by_argmax,
    apart_by_closeness,
    apart_by_cosine,
    apart_by_top_k,
)
from modelbond.sla.tensor import (
    AXES_LIMIT,
    AXIS_LIMIT,
    BYTES,
    TENSOR_NAME,
    Tensor,
    datatype_of,
    fault,
    finite,
    values,
)

__all__ = [
    "CANARIES_LIMIT",
    "TEXT_LIMIT",
    "Canary",
    "Expected",
    "Rule",
    "Tensor",
    "canaries_of",
    "canaries_text",
    "mismatch",
]

VERSION = 1
CANARIES_LIMIT = 64
TENSORS_LIMIT = 32
TEXT_LIMIT = 1024 * 1024

_CANARY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """An agreed answer and how close another must come.

    `ppm` says nothing to argmax, and `k` only something to topK. BYTES are compared exactly.
    """

    tensor: Tensor
    rule: Rule
    ppm: int = 0
    k: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """One question to a model with its agreed answer."""

    name: str
    inputs: tuple[Tensor, ...]
    expected: tuple[Expected, ...]


def mismatch(canary: Canary, answers: Mapping[str, Tensor]) -> str | None:
    """Return why the answers, by output name, do not agree with the canary; None when they do.

    The reason is short and holds no more of a stranger's data than a number.
    """
    for expected in canary.expected:
        name = expected.tensor.name
        answer = answers.get(name)
        reason = "is missing" if answer is None else _apart(expected, answer)
        if reason is not None:
            return f"{name}: {reason}"
    return None


def canaries_text(canaries: Iterable[Canary]) -> str:
    """Return the canonical text of a document: the one whose hash is agreed on."""
    document = {"version": VERSION, "canaries": [_canary_json(canary) for canary in canaries]}
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def canaries_of(text: str) -> tuple[Canary, ...]:
    """Return the canaries of a document, or raise Refused with the field that is wrong.

    White space and the order of keys are free: a person may have laid the document out.
    """
    if len(text) > TEXT_LIMIT:
        raise Refused(f"canaries: the document is larger than {TEXT_LIMIT} bytes")
    version, listed = fields.members(
        fields.loaded(text, "canaries"), "canaries", "version", "canaries"
    )
    fields.whole(version, "version", least=VERSION, most=VERSION)
    entries = fields.listed(listed, "canaries", least=1, most=CANARIES_LIMIT)
    canaries = tuple(_canary(entry, f"canaries[{i}]") for i, entry in enumerate(entries))
    fields.check_once((canary.name for canary in canaries), "canaries")
    return canaries


def _apart(expected: Expected, answer: Tensor) -> str | None:
    wanted = expected.tensor
    if answer.datatype != wanted.datatype:
        return f"is not of {wanted.datatype}"
    if answer.shape != wanted.shape:
        return f"is not of shape {list(wanted.shape)}"
    if answer.data == wanted.data:
        return None
    if wanted.datatype == BYTES:
        return "holds other bytes"
    if fault(answer) is not None:
        return "has too little or too much data"
    return _numbers_apart(expected, answer)


def _numbers_apart(expected: Expected, answer: Tensor) -> str | None:
    wanted, found = values(expected.tensor), values(answer)
    if not finite(found):
        return "holds NaN or infinity"
    width = (1, *answer.shape)[-1]
    match expected.rule:
        case Rule.COSINE:
            return apart_by_cosine(wanted, found, ppm=expected.ppm)
        case Rule.ARGMAX:
            return apart_by_argmax(wanted, found, width=width)
        case Rule.TOP_K:
            k, ppm = expected.k, expected.ppm
            return apart_by_top_k(wanted, found, width=width, k=k, ppm=ppm)
        case Rule.CLOSE:
            return apart_by_closeness(wanted, found, ppm=expected.ppm)
        case _:
            assert_never(expected.rule)


def _canary_json(canary: Canary) -> dict[str, Any]:
    return {
        "name": canary.name,
        "inputs": [_tensor_json(tensor) for tensor in canary.inputs],
        "expected": [
            {
                "tensor": _tensor_json(expected.tensor),
                "rule": expected.rule.value,
                "ppm": expected.ppm,
                "k": expected.k,
            }
            for expected in canary.expected
        ],
    }


def _tensor_json(tensor: Tensor) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": list(tensor.shape),
        "data": f"0x{tensor.data.hex()}",
    }


def _canary(entry: Any, where: str) -> Canary:
    name, inputs, expected = fields.members(entry, where, "name", "inputs", "expected")
    asked = fields.listed(inputs, f"{where}.inputs", least=1, most=TENSORS_LIMIT)
    known = fields.listed(expected, f"{where}.expected", least=1, most=TENSORS_LIMIT)
    canary = Canary(
        name=fields.text(name, f"{where}.name", _CANARY_NAME),
        inputs=tuple(_tensor(entry, f"{where}.inputs[{i}]") for i, entry in enumerate(asked)),
        expected=tuple(_expected(entry, f"{where}.expected[{i}]") for i, entry in enumerate(known)),
    )
    fields.check_once((tensor.name for tensor in canary.inputs), f"{where}.inputs")
    fields.check_once((each.tensor.name for each in canary.expected), f"{where}.expected")
    return canary


def _expected(entry: Any, where: str) -> Expected:
    tensor, rule, ppm, k = fields.members(entry, where, "tensor", "rule", "ppm", "k")
    if rule not in list(Rule):
        fields.refuse(f"{where}.rule", f"is none of {', '.join(Rule)}")
    expected = Expected(
        tensor=_tensor(tensor, f"{where}.tensor"),
        rule=Rule(rule),
        # At a whole million everything agrees.
        ppm=fields.whole(ppm, f"{where}.ppm", most=PPM - 1),
        k=fields.whole(k, f"{where}.k", most=AXIS_LIMIT),
    )
    _check_expected(expected, where)
    return expected


def _check_expected(expected: Expected, where: str) -> None:
    tensor, rule = expected.tensor, expected.rule
    if tensor.datatype == BYTES:
        if rule is not Rule.CLOSE or expected.ppm:
            fields.refuse(f"{where}.rule", "must be close with 0 ppm: BYTES are compared exactly")
        return
    numbers = values(tensor)
    if not finite(numbers):
        fields.refuse(f"{where}.tensor.data", "holds NaN or infinity, with which nothing agrees")
    if rule is Rule.COSINE and not any(numbers):
        fields.refuse(f"{where}.tensor.data", "is all zeros, which have no direction")
    if rule is Rule.TOP_K and not 1 <= expected.k <= (1, *tensor.shape)[-1]:
        fields.refuse(f"{where}.k", "must be from 1 to the length of the last axis")


def _tensor(entry: Any, where: str) -> Tensor:
    name, datatype, shape, data = fields.members(entry, where, "name", "datatype", "shape", "data")
    axes = fields.listed(shape, f"{where}.shape", most=AXES_LIMIT)
    whole = partial(fields.whole, where=f"{where}.shape", least=1, most=AXIS_LIMIT)
    tensor = Tensor(
        name=fields.text(name, f"{where}.name", TENSOR_NAME),
        datatype=datatype_of(datatype, f"{where}.datatype"),
        shape=tuple(whole(axis) for axis in axes),
        data=bytes.fromhex(fields.text(data, f"{where}.data", _HEX)[2:]),
    )
    wrong = fault(tensor)
    if wrong is not None:
        fields.refuse(f"{where}.data", wrong)
    return tensor
