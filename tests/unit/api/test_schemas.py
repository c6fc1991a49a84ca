"""Rules that every schema in crds/ keeps."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelbond.api.conditions import ConditionType, Reason
from modelbond.api.kinds import OUR_KINDS, Kind

Schema = dict[str, Any]
CRDS = Path(__file__).parents[3] / "crds"
FROM_THE_SERVER = ("apiVersion", "kind", "metadata")


def crd(kind: Kind) -> Schema:
    found: Schema = yaml.safe_load((CRDS / f"{kind.plural}.yaml").read_text())
    return found


def version(kind: Kind) -> Schema:
    (only,) = crd(kind)["spec"]["versions"]
    found: Schema = only
    return found


def fields(path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield every field below an object, items of lists included."""
    for name, part in schema.get("properties", {}).items():
        if path or name not in FROM_THE_SERVER:
            yield f"{path}.{name}", part
            yield from fields(f"{path}.{name}", part)
    for name in ("items", "additionalProperties"):
        if name in schema:
            yield f"{path}[]", schema[name]
            yield from fields(f"{path}[]", schema[name])


ALL_FIELDS = {
    f"{kind.kind}{path}": part
    for kind in OUR_KINDS
    for path, part in fields("", version(kind)["schema"]["openAPIV3Schema"])
}


def offenders(rule: Callable[[Schema], bool]) -> list[str]:
    """Return the paths of the fields that break a rule."""
    return [path for path, field in ALL_FIELDS.items() if not rule(field)]


def bounded(field: Schema) -> bool:
    """Tell whether no value of this field can be of any size."""
    match field["type"]:
        case "string":
            return bool({"maxLength", "enum"} & field.keys()) or field["format"] == "date-time"
        case "integer":
            return field["format"] in ("int32", "int64") and "minimum" in field
        case "array":
            return "maxItems" in field
        case "object":
            return bool({"properties", "maxProperties"} & field.keys())
        case other:
            return str(other) == "boolean"


def test_every_field_is_described_in_whole_sentences() -> None:
    texts = {path: part["description"] for path, part in ALL_FIELDS.items() if path[-2:] != "[]"}
    assert len(texts) > 100
    assert [path for path, text in texts.items() if not re.fullmatch(r"(?s)\w.*\.", text)] == []


def test_every_field_is_bounded() -> None:
    assert offenders(bounded) == []


def test_every_list_says_how_two_writers_share_it() -> None:
    def merges(field: Schema) -> bool:
        keys = set(field.get("x-kubernetes-list-map-keys", ()))
        kind = field.get("x-kubernetes-list-type")
        known = kind in ("set", "map", "atomic") or field["type"] != "array"
        return known and keys <= set(field.get("items", {}).get("required", ()))

    assert offenders(merges) == []


def test_every_rule_says_what_is_wrong_and_what_to_do() -> None:
    def speaks(field: Schema) -> bool:
        rules = field.get("x-kubernetes-validations", ())
        return all(re.search(r"\w(: |, so )\w", rule["message"]) for rule in rules)

    assert offenders(speaks) == []


@pytest.mark.parametrize("kind", OUR_KINDS, ids=lambda kind: str(kind.kind))
def test_names_agree_with_the_code(kind: Kind) -> None:
    spec = crd(kind)["spec"]
    assert (spec["group"], version(kind)["name"]) == (kind.group, kind.version)
    assert (spec["names"]["kind"], spec["names"]["plural"]) == (kind.kind, kind.plural)
    assert (spec["scope"] == "Namespaced") == kind.namespaced
    assert spec["names"]["categories"] == ["modelbond"]
    assert spec["names"]["shortNames"][0].startswith("mb")


@pytest.mark.parametrize("kind", OUR_KINDS, ids=lambda kind: str(kind.kind))
def test_every_column_shows_a_field_that_exists(kind: Kind) -> None:
    known = {path for path, _ in fields("", version(kind)["schema"]["openAPIV3Schema"])}
    for column in version(kind)["additionalPrinterColumns"]:
        head, _, tail = column["jsonPath"].partition("[?")
        path = f"{head}[]{tail.partition(']')[2]}" if tail else head
        assert path in known or path == ".metadata.creationTimestamp"


@pytest.mark.parametrize("kind", OUR_KINDS, ids=lambda kind: str(kind.kind))
def test_every_condition_in_the_description_is_one_of_the_code(kind: Kind) -> None:
    schema = version(kind)["schema"]["openAPIV3Schema"]
    text = schema["properties"]["status"]["properties"]["conditions"]["description"]
    named = {word for word in ConditionType if word in text}
    assert {ConditionType.READY} < named


def test_every_condition_type_is_described_by_some_kind() -> None:
    texts = [(CRDS / f"{kind.plural}.yaml").read_text() for kind in OUR_KINDS]
    assert all(any(word in text for text in texts) for word in ConditionType)


def test_every_reason_is_a_word_with_a_meaning() -> None:
    for reason in Reason:
        assert re.fullmatch("[A-Z][A-Za-z]{0,62}", reason)
        assert reason.meaning.endswith(".")
        assert not reason.remedy or reason.remedy.endswith((".", "?"))
