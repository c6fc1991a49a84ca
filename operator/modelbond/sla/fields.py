"""A stranger's JSON, read field by field: Refused names the one that is wrong."""

import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

from modelbond.errors import Refused


def loaded(text: str, where: str) -> Any:
    """Return what the JSON text holds; a key twice in one object is refused."""
    try:
        return json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        raise Refused(f"{where}: the document is not JSON, or names a key twice") from None


def members(value: Any, where: str, *names: str) -> list[Any]:
    """Return the values of an object that must have these keys and no other."""
    if not isinstance(value, dict) or value.keys() != set(names):
        refuse(where, f"must hold {', '.join(names)} and nothing else")
    return [value[name] for name in names]


def some_members(value: Any, where: str, *names: str) -> list[Any]:
    """Return the values of an object that must have these keys, and may have others."""
    if not isinstance(value, dict) or not value.keys() >= set(names):
        refuse(where, f"must hold {', '.join(names)}")
    return [value[name] for name in names]


def listed(value: Any, where: str, *, most: int, least: int = 0) -> list[Any]:
    """Return a list of so many entries."""
    if not isinstance(value, list) or not least <= len(value) <= most:
        refuse(where, f"must be a list of {least} to {most}")
    return value


def text(value: Any, where: str, pattern: re.Pattern[str]) -> str:
    """Return a string that is wholly of the pattern."""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        refuse(where, f"must match {pattern.pattern}")
    return value


def whole(value: Any, where: str, *, most: int, least: int = 0) -> int:
    """Return a whole number in these bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        refuse(where, f"must be a whole number from {least} to {most}")
    return value


def check_once(names: Iterable[str], where: str) -> None:
    """Refuse a name that comes twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            refuse(where, f"names {name} twice")
        seen.add(name)


def refuse(where: str, what: str) -> NoReturn:
    """Raise Refused for the field `where`."""
    raise Refused(f"{where}: {what}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):  # readers would differ over which of the two counts
        raise ValueError
    return found
