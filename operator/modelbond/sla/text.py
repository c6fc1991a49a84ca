"""Canonical JSON: one text for one value, so that a hash names what was agreed or seen.

Rules and fields: docs/reference/evidence.md.
"""

import json
from typing import Any

from modelbond.errors import Refused
from modelbond.settlement.encoding import keccak
from modelbond.settlement.units import Address, Digest, Wei, address

_HEX = "0x"
_WEI_DIGITS = 39


def canonical(value: Any) -> str:
    """Return the one text of a value of objects, lists, strings and whole numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def parsed(text: str, *, what: str) -> Any:
    """Return the value of a canonical text; Refused where it is another text, or none."""
    try:
        value = json.loads(text)
        again = canonical(value)
    except (ValueError, RecursionError) as failure:
        raise Refused(f"{what}: it is not JSON") from failure
    if again != text:
        raise Refused(f"{what}: it is not canonical JSON, so its hash would name two texts")
    return value


def text_hash(text: str) -> Digest:
    """Return the name of a text."""
    return keccak(text.encode())


def hexed(data: bytes) -> str:
    """Return bytes as texts hold them."""
    return f"{_HEX}{data.hex()}"


def bytes_of(text: Any, *, size: int | None = None, name: str) -> bytes:
    """Return the bytes of lower-case hex digits behind 0x; Refused, with the name, else."""
    try:
        data = bytes.fromhex(text[len(_HEX) :])
    except (TypeError, ValueError):
        data = b""
    if hexed(data) != text or size not in (None, len(data)):
        wanted = "hex digits" if size is None else f"{2 * size} hex digits"
        raise Refused(f"{name}: it must be 0x and {wanted}")
    return data


def wei_of(text: Any, *, name: str) -> Wei:
    """Return an amount; Refused, with the name, where it is no whole number in decimal digits."""
    plain = isinstance(text, str) and text.isascii() and text.isdigit()
    if not plain or len(text) > _WEI_DIGITS or str(int(text)) != text:
        raise Refused(f"{name}: it must be a whole number in decimal digits, as a string")
    return Wei(int(text))


def address_of(text: Any, *, name: str) -> Address:
    """Return an address in its one spelling; Refused, with the name, where it has another."""
    if not isinstance(text, str) or address(text) != text:
        raise Refused(f"{name}: it must be an address in lower case")
    return Address(text)


def count_of(value: Any, *, name: str) -> int:
    """Return a whole number from 0 to 2^64 - 1; Refused, with the name, else."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**64:
        raise Refused(f"{name}: it must be a whole number from 0")
    return value


def fields_of(value: Any, *names: str, what: str) -> list[Any]:
    """Return an object's fields in this order; Refused where one is missing or is too many."""
    if not isinstance(value, dict) or set(value) != set(names):
        raise Refused(f"{what}: it must have the fields {', '.join(names)}, and no others")
    return [value[name] for name in names]
