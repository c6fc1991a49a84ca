"""Python types from the schemas of crds/: one class for each titled object."""

import copy
import re
import tempfile
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from datamodel_code_generator import DataModelType, InputFileType, LiteralType, generate
from datamodel_code_generator.format import Formatter, PythonVersion

Schema = dict[str, Any]

PROJECT = Path(__file__).resolve().parents[2]
KEPT_FORMATS = ("int32", "int64")
DOCSTRING_COLUMNS = 92
ALIASES = {"endpointCIDRs": "endpoint_cidrs"}
METADATA = {"type": "object", "additionalProperties": True}
HEADER = '"""Generated from crds/ by operator/generate.py: do not edit."""'


def schemas(crd: Schema) -> dict[str, Schema]:
    """Return every object schema of a CRD under its title, nested ones replaced by references."""
    found: dict[str, Schema] = {}
    root = copy.deepcopy(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    root["properties"]["metadata"] = dict(METADATA)
    root["required"] = ["apiVersion", "kind", "metadata", *root.get("required", [])]
    _hoist(root, found)
    return found


def _hoist(schema: Schema, found: dict[str, Schema]) -> Schema:
    """Move titled objects out of a schema into `found`; return what stands in their place."""
    description = schema.pop("description", "")
    for key in [key for key in schema if key.startswith("x-kubernetes-")]:
        del schema[key]
    if schema.get("format") not in KEPT_FORMATS:
        schema.pop("format", None)
    schema.pop("anyOf", None)
    for name, part in schema.get("properties", {}).items():
        schema["properties"][name] = _hoist(part, found)
    if "items" in schema:
        schema["items"] = _element(schema["items"], found)
    if isinstance(schema.get("additionalProperties"), dict):
        schema["additionalProperties"] = _element(schema["additionalProperties"], found)
    if "properties" not in schema:
        return schema
    schema["description"] = textwrap.fill(description, DOCSTRING_COLUMNS)
    schema["required"] = [*schema.get("required", []), *_settle(schema)]
    return _referred(schema, found)


def _element(schema: Schema, found: dict[str, Schema]) -> Schema:
    """Return an item's schema; a plain one without bounds, each of which would be a named type."""
    kept = ("type", "enum")
    item = _hoist(schema, found)
    return item if "$ref" in item else {key: item[key] for key in kept if key in item}


def _settle(schema: Schema) -> Iterator[str]:
    """Let an absent list or map be an empty one; yield the names that always have a value."""
    for name, part in schema["properties"].items():
        if name in schema.get("required", ()):
            continue
        if part.get("type") == "array":
            part.setdefault("default", [])
        if "additionalProperties" in part:
            part.setdefault("default", {})
        if "default" in part:
            yield name


def _referred(schema: Schema, found: dict[str, Schema]) -> Schema:
    default = {"default": schema.pop("default")} if "default" in schema else {}
    title = schema.pop("title")
    if found.setdefault(title, schema) != schema:
        raise SystemExit(f"{title} has two meanings within one CRD: give one another title")
    reference = {"$ref": f"#/components/schemas/{title}"}
    return {"allOf": [reference], **default} if default else reference


def _document(crds: Iterable[Schema]) -> Schema:
    """Return one OpenAPI document of all kinds; a title stands for one schema everywhere."""
    merged: dict[str, Schema] = {}
    for crd in crds:
        for title, schema in schemas(crd).items():
            if merged.setdefault(title, schema) != schema:
                raise SystemExit(f"{crd['metadata']['name']}: {title} differs from another kind's")
    return {
        "openapi": "3.0.3",
        "info": {"title": "modelbond.io", "version": "v1alpha1"},
        "paths": {},
        "components": {"schemas": merged},
    }


def types(crds: Iterable[Schema]) -> str:
    """Return the Python types of all kinds."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "types.py"
        generate(
            yaml.safe_dump(_document(crds), sort_keys=False),
            input_file_type=InputFileType.OpenAPI,
            output=output,
            output_model_type=DataModelType.MsgspecStruct,
            base_class="modelbond.api.wire.Wire",
            keyword_only=True,
            apply_default_values_for_required_fields=True,
            snake_case_field=True,
            use_annotated=True,
            use_single_line_docstring=True,
            aliases=ALIASES,
            settings_path=PROJECT,
            use_schema_description=True,
            enum_field_as_literal=LiteralType.All,
            target_python_version=PythonVersion.PY_311,
            use_standard_collections=True,
            use_union_operator=True,
            disable_future_imports=True,
            custom_file_header=HEADER,
            formatters=[Formatter.RUFF_CHECK, Formatter.RUFF_FORMAT],
        )
        return _plain(output.read_text())


def _plain(code: str) -> str:
    """Spell absence as None and freeze the classes, for which the tool has no switch."""
    code = code.replace("UnsetType", "None").replace("UNSET", "None")
    code = re.sub(r"^from msgspec import .*$", _without_none, code, flags=re.MULTILINE)
    return code.replace("(Wire, kw_only=True)", "(Wire, frozen=True, kw_only=True)")


def _without_none(line: re.Match[str]) -> str:
    names = sorted(set(line[0].removeprefix("from msgspec import ").split(", ")) - {"None"})
    return f"from msgspec import {', '.join(names)}"
