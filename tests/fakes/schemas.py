"""What the API server's schemas of crds/ say about an object: its violations, in words."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from modelbond.api.kinds import OUR_KINDS, Json, Kind

CRDS = Path(__file__).parents[2] / "crds"


def violations(kind: Kind, obj: Json) -> list[str]:
    """Return what the schema refuses or would drop; kinds that are not ours are not looked at."""
    if kind not in OUR_KINDS:
        return []
    return [
        f"{kind.kind}.{'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in _validator(kind.plural).iter_errors(obj)
    ]


@cache
def _validator(plural: str) -> Draft202012Validator:
    crd = yaml.safe_load((CRDS / f"{plural}.yaml").read_text())
    (version,) = crd["spec"]["versions"]
    schema = _closed(version["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}
    return Draft202012Validator(schema)


def _closed(schema: Any) -> Any:
    """Return the schema with undeclared fields refused, which the API server drops silently."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed
