"""A writer drops what the reader's version does not declare."""

import pytest

from modelbond.api.versions import declared

SINCE = {"spec.model.license": "0.2.0", "spec.sla": "0.3.0", "status.sla": "0.1.5"}
SPEC = {"model": {"name": "m", "license": "mit"}, "sla": {"objective": 1}, "replicas": 1}


@pytest.mark.parametrize("version", ["0.1.0", "v0.1.9", "", "newest", "0.1", "-1.0.0"])
def test_an_old_or_unreadable_reader_gets_the_oldest_fields(version: str) -> None:
    found = declared(SPEC, at="spec", version=version, since=SINCE)
    assert found == {"model": {"name": "m"}, "replicas": 1}


def test_each_reader_gets_what_it_knows() -> None:
    found = declared(SPEC, at="spec", version="0.2.1-rc1", since=SINCE)
    assert found == {"model": {"name": "m", "license": "mit"}, "replicas": 1}
    assert declared(SPEC, at="spec", version="v0.10.0", since=SINCE) == SPEC


def test_fields_are_told_apart_by_where_they_stand() -> None:
    assert declared({"sla": 1}, at="status", version="0.2.0", since=SINCE) == {"sla": 1}


def test_every_field_of_the_first_version_is_known_to_everybody() -> None:
    assert declared(SPEC, at="spec", version="0.1.0") == SPEC
