"""The format of evidence, and the first place where something is not what it should be."""

import json
import re
from dataclasses import dataclass
from typing import Any

from modelbond.errors import Refused

Values = dict[str, Any]
"""What a text of one of the shapes below holds."""

_LONGEST_SHOWN = 160


class Differs(Refused):
    """The first difference: where it is, what stands there, and what should."""

    def __init__(
        self, path: str, found: object, expected: object, words: str = "{}, should be {}"
    ) -> None:
        super().__init__(f"{path}: {words.format(shown(found), shown(expected))}")
        self.path, self.found, self.expected = path, found, expected


@dataclass(frozen=True, slots=True)
class Letters:
    """The shape of a string, and how people call it."""

    pattern: str
    words: str


ADDRESS = Letters("0x[0-9a-f]{40}", "0x and 40 lower-case hex digits")
HASH = Letters("0x[0-9a-f]{64}", "0x and 64 lower-case hex digits")
SIGNATURE = Letters("0x[0-9a-f]{128}1[bc]", "r, s and v of 27 or 28 in hex")
AMOUNT = Letters("0|[1-9][0-9]{0,76}", "a whole number in a string")
ANY = Letters("(?s:.*)", "a string")
BYTE, UINT32, UINT40, UINT64 = (range(2**bits) for bits in (8, 32, 40, 64))
POSITIVE = range(1, 2**32)

OFFER = (
    "address customer,address asset,address host,address tower,bytes32 slot,uint64 epoch,"
    "uint128 rate,uint128 fee,uint128 cover,uint128 creditPerSlice,uint32 coverFactor,uint32 slice,"
    "uint32 period,uint32 allowance,uint32 notice,uint32 maintenanceNotice,"
    "uint32 maintenanceBudget,uint32 grace,uint32 prepayment,uint64 expiry,bytes32 agreement,"
    "bytes32 rules"
)
OFFER_FIELDS = [(name, kind) for kind, name in map(str.split, OFFER.split(","))]
_KINDS = {
    "address": ADDRESS, "bytes32": HASH, "uint128": AMOUNT, "uint64": UINT64, "uint32": UINT32
}  # fmt: skip
_OFFER = {name: _KINDS[kind] for name, kind in OFFER_FIELDS}
_LEAF = (UINT40, UINT40, UINT40)
_LEASE = {
    "offer": _OFFER | {"slice": POSITIVE, "period": POSITIVE},
    "first": UINT40,
    "end": UINT40,
    "settled": _LEAF,
    "announced": [(UINT40, UINT40)],
}
_RESULT = {
    "leases": {HASH: {"leaf": _LEAF, "period": UINT40, "bad": UINT40, "unknown": UINT40}},
    "awarded": {ADDRESS: AMOUNT},
}
EVIDENCE = {
    "version": range(1, 2),
    "rules": HASH,
    "chain": UINT64,
    "tower": ADDRESS,
    "bond": ADDRESS,
    "frame": UINT40,
    "frameSeconds": POSITIVE,
    "referenceBlock": {"number": UINT64, "time": UINT64, "hash": HASH},
    "previous": {"root": HASH, "dataHash": HASH},
    "carried": _RESULT,
    "table": [{"signer": ADDRESS, "weight": range(1, 256)}],
    "leases": {HASH: _LEASE},
    "vectors": [{"watcher": ADDRESS, "salt": HASH, "vector": ANY, "signature": SIGNATURE}],
    "result": _RESULT,
}
VECTOR = {
    "version": range(1, 2),
    "chain": UINT64,
    "tower": ADDRESS,
    "frame": UINT40,
    "watcher": ADDRESS,
    "leases": {HASH: ANY},
}


def canonical(value: object) -> str:
    """Return the one way to write these values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def parsed(text: str, shape: object, *, what: str) -> Values:
    """Return the values of a text; Differs where it is not canonical, or not of that shape."""
    try:
        values: Values = json.loads(text)
    except (ValueError, RecursionError):
        raise Differs(what, text, "JSON") from None
    fit(values, shape, path="" if shape is EVIDENCE else what)
    right = canonical(values)
    if text != right:
        place = next((i for i, (a, b) in enumerate(zip(text, right, strict=False)) if a != b), 0)
        words = f"not canonical at character {place}: {{}}, should be {{}}"
        raise Differs(what, text[place : place + 20], right[place : place + 20], words)
    return values


def fit(value: object, shape: object, *, path: str) -> None:
    """Raise Differs where the value is not of that shape.

    A tuple is a list of that length, a list one of any; a dictionary is an object with just these
    keys, or with any keys of its one key's letters.
    """
    match shape, value:
        case Letters(), str() if re.fullmatch(shape.pattern, value):
            return
        case range(), int() if not isinstance(value, bool) and value in shape:
            return
        case tuple(), list() if len(shape) == len(value):
            for place, (one, each) in enumerate(zip(value, shape, strict=True)):
                fit(one, each, path=f"{path}[{place}]")
        case [each], list():
            for place, one in enumerate(value):
                fit(one, each, path=f"{path}[{place}]")
        case dict(), dict():
            _fit_fields(value, shape, path=path)
        case _:
            raise Differs(path or "evidence", value, _called(shape))


def _fit_fields(value: Values, shape: dict[Any, object], *, path: str) -> None:
    key_shape = next(iter(shape))
    if isinstance(key_shape, Letters):
        for key, one in value.items():
            fit(key, key_shape, path=f"{path}: key")
            fit(one, shape[key_shape], path=join(path, key))
        return
    for key in [*shape, *value]:
        if key not in value:
            raise Differs(join(path, key), None, _called(shape[key]), "is missing")
        if key not in shape:
            raise Differs(join(path, shown(key)), value[key], None, "is no field of this format")
        fit(value[key], shape[key], path=join(path, key))


def compare(found: object, expected: object, *, path: str) -> None:
    """Raise Differs at the first place where the two are not the same."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in dict.fromkeys([*expected, *found]):
            if key not in found:
                raise Differs(join(path, key), None, expected[key], "is missing, should be {1}")
            if key not in expected:
                raise Differs(join(path, key), found[key], None, "{0}, should not be there")
            compare(found[key], expected[key], path=join(path, key))
    elif found != expected:
        raise Differs(path, found, expected)


def join(path: str, key: str) -> str:
    """Return the path of a field."""
    return f"{path}.{key}" if path else key


def shown(value: object) -> str:
    """Return a stranger's value as a short text that no terminal obeys."""
    plain = isinstance(value, str) and value.isascii() and value.isprintable()
    text = str(value) if plain else json.dumps(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def _called(shape: object) -> str:
    match shape:
        case Letters():
            return shape.words
        case range():
            return f"a whole number from {shape.start} to {shape.stop - 1}"
        case tuple():
            return f"a list of {len(shape)}"
        case list():
            return "a list"
        case _:
            return "an object"
