"""Objects of the API server to typed values and back."""

from typing import Any, TypeVar

import msgspec

from modelbond.api.kinds import Json
from modelbond.errors import Refused


class Wire(msgspec.Struct, frozen=True):
    """Base of all generated types: frozen, and unknown fields are ignored.

    A peer may be newer than this process, so a field that it does not know is no error.
    """


AnyWire = TypeVar("AnyWire", bound=Wire)


def read(wanted: type[AnyWire], value: Json) -> AnyWire:
    """Return the value as that type, with the schema's defaults filled in; Refused if it is not.

    Bounds and patterns are checked; the CEL rules of crds/ are the API server's alone.
    """
    try:
        return msgspec.convert(value, wanted)
    except msgspec.ValidationError as reason:
        raise Refused(f"{wanted.__name__}: {reason}") from reason


def written(value: Wire) -> Json:
    """Return the JSON of a typed value: defaults are written out, what is None or empty is not.

    An empty list, map or object means the same as an absent one. Defaults are explicit because
    the reader may be of another version with other defaults.
    """
    content: Json = _without_absent(msgspec.to_builtins(value))
    return content


def _without_absent(value: Any) -> Any:
    match value:
        case dict():
            kept = {key: _without_absent(part) for key, part in value.items()}
            return {key: part for key, part in kept.items() if part not in (None, [], {})}
        case list():
            return [_without_absent(item) for item in value]
        case _:
            return value
