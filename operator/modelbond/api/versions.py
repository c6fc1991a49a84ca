"""Two owners never upgrade together: a writer leaves out what the reader's version lacks."""

import re
from collections.abc import Mapping

from modelbond.api.kinds import Json

OLDEST = "0.1.0"

FIELDS_SINCE: Mapping[str, str] = {}
"""Dotted path of a ModelPlacement field -> the version that brought it. The first has no entry."""


def declared(part: Json, *, at: str, version: str, since: Mapping[str, str] = FIELDS_SINCE) -> Json:
    """Return `part` without the fields that came after the reader's version.

    `at` is where the part stands in the object: `spec` or `status`. An unreadable version counts
    as the oldest.
    """
    reader = _numbers(version)
    return {
        name: declared(value, at=f"{at}.{name}", version=version, since=since)
        if isinstance(value, dict)
        else value
        for name, value in part.items()
        if _numbers(since.get(f"{at}.{name}", OLDEST)) <= reader
    }


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})", version)
    return tuple(int(number) for number in found.groups()) if found else _numbers(OLDEST)
