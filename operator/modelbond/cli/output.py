"""YAML as people like to read it."""

from collections.abc import Iterable
from typing import Any

import yaml

from modelbond.api.kinds import Json, Kind


class _Plain(yaml.SafeDumper):
    """YAML without anchors, with texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write out each time what is shared in memory."""
        del data
        return True

    def text(self, value: str) -> yaml.ScalarNode:
        """Write a text of several lines as a block."""
        style = "|" if "\n" in value else None
        return self.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Plain.add_representer(str, _Plain.text)


def as_yaml(documents: Iterable[Json]) -> str:
    """Return the documents as one text, keys in the order given."""
    return yaml.dump_all(documents, Dumper=_Plain, sort_keys=False)


def typed(objects: Iterable[tuple[Kind, Json]]) -> list[Json]:
    """Return the objects with their types, as kubectl takes them."""
    return [{"apiVersion": kind.api_version, "kind": kind.kind, **body} for kind, body in objects]
