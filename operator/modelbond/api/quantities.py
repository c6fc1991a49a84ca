"""Kubernetes quantities as whole numbers: CPU in millicores, memory in bytes."""

import re
from decimal import ROUND_CEILING, Decimal

from modelbond.errors import Refused

_NUMBER = r"(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_SUFFIX = r"(?:(?P<unit>[numkMGTPE]|[KMGTPE]i)|[eE](?P<exponent>[+-]?[0-9]{1,2}))?"
_QUANTITY = re.compile(f"{_NUMBER}{_SUFFIX}")
_LENGTH_LIMIT = 32
_UNITS = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "P": Decimal(10**15),
    "E": Decimal(10**18),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
    "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}


def cpu_milli(quantity: str) -> int:
    """Return millicores, rounded up as Kubernetes does; Refused when it is no quantity."""
    return _rounded_up(_value(quantity) * 1000)


def memory_bytes(quantity: str) -> int:
    """Return bytes, rounded up as Kubernetes does; Refused when it is no quantity."""
    return _rounded_up(_value(quantity))


def whole(quantity: str) -> int:
    """Return a count, such as GPUs or pods, rounded up; Refused when it is no quantity."""
    return _rounded_up(_value(quantity))


def cpu_quantity(milli: int) -> str:
    """Return millicores as people write them: `2` or `1500m`."""
    return str(milli // 1000) if milli % 1000 == 0 else f"{milli}m"


def memory_quantity(size_bytes: int) -> str:
    """Return bytes in the largest binary unit that is exact: `2Gi`, `1536Mi`, `1000`."""
    for unit in ("Ti", "Gi", "Mi", "Ki"):
        if size_bytes and size_bytes % int(_UNITS[unit]) == 0:
            return f"{size_bytes // int(_UNITS[unit])}{unit}"
    return str(size_bytes)


def _value(quantity: str) -> Decimal:
    found = _QUANTITY.fullmatch(quantity) if len(quantity) <= _LENGTH_LIMIT else None
    if found is None:
        raise Refused(f"{quantity[:_LENGTH_LIMIT]!r} is not a quantity such as 2, 500m or 4Gi")
    number = Decimal(found["number"])
    if found["exponent"] is not None:
        return number.scaleb(int(found["exponent"]))
    return number * _UNITS[found["unit"] or ""]


def _rounded_up(value: Decimal) -> int:
    return int(value.to_integral_value(rounding=ROUND_CEILING))
