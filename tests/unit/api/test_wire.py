"""Typed values and the JSON of the API server are two views of one thing."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modelbond.api import v1alpha1
from modelbond.api.kinds import Json
from modelbond.api.wire import Wire, read, written
from modelbond.errors import Refused

EXAMPLES = Path(__file__).parents[3] / "manifests/examples"
OURS = sorted(
    path for path in EXAMPLES.glob("*.yaml") if "\napiVersion: v1\n" not in path.read_text()
)
MODEL: Json = {
    "name": "digits",
    "digest": "sha256:" + "0a" * 32,
    "size": 1000,
    "sources": ["https://models.example.org/digits/"],
}
SPEC: Json = {"model": MODEL, "runtime": "triton"}


def spec(**more: object) -> v1alpha1.ModelDeploymentSpec:
    return read(v1alpha1.ModelDeploymentSpec, {**SPEC, **more})


def test_what_is_left_out_has_the_default_of_the_schema() -> None:
    assert spec().replicas == 1
    assert spec().resources == v1alpha1.Resources(cpu="1", memory="1Gi", gpu=None)
    assert spec().placement.count == 1
    assert spec().placement.hosts == []
    assert spec().placement.selector is None


def test_defaults_are_written_out_and_absent_fields_are_not() -> None:
    assert written(spec()) == {
        "model": {**MODEL, "format": "onnx"},
        "runtime": "triton",
        "resources": {"cpu": "1", "memory": "1Gi"},
        "replicas": 1,
        "placement": {"count": 1, "minOwners": 1},
    }


def test_zero_and_false_are_values_and_are_written() -> None:
    status = v1alpha1.ModelPlacementStatus(replicas=0, released=False)
    assert written(status) == {"replicas": 0, "released": False}


def test_wire_names_keep_their_capitals() -> None:
    origin = v1alpha1.Origin(home_cluster="a", home_cluster_uid="b", home_uid="c", order_uid="d")
    assert written(origin) == {
        "homeCluster": "a",
        "homeClusterUID": "b",
        "homeUID": "c",
        "orderUID": "d",
    }


def test_a_field_of_a_newer_version_is_ignored() -> None:
    assert spec(rollout={"surge": 1}) == spec()


def test_a_value_out_of_bounds_is_refused_with_its_path() -> None:
    with pytest.raises(Refused, match=r"ModelDeploymentSpec: .*\$\.resources\.cpu"):
        spec(resources={"cpu": "much"})


def test_a_typed_value_cannot_be_changed() -> None:
    with pytest.raises((AttributeError, FrozenInstanceError)):
        spec().replicas = 2  # type: ignore[misc]


@given(
    count=st.integers(1, 32),
    replicas=st.integers(0, 64),
    hosts=st.lists(st.from_regex(r"[a-z][a-z0-9]{0,9}", fullmatch=True), unique=True),
    toleration=st.fixed_dictionaries(
        {}, optional={"key": st.just("a"), "value": st.just(""), "operator": st.just("Equal")}
    ),
)
def test_what_is_written_reads_back_as_the_same_value(
    count: int, replicas: int, hosts: list[str], toleration: Json
) -> None:
    placement = {"count": count, "hosts": hosts, "tolerations": [toleration]}
    value = spec(replicas=replicas, placement=placement)
    assert read(v1alpha1.ModelDeploymentSpec, written(value)) == value


@pytest.mark.parametrize("example", OURS, ids=lambda path: str(path.name))
def test_every_example_reads_as_its_type(example: Path) -> None:
    for body in yaml.safe_load_all(example.read_text()):
        kind: type[Wire] = getattr(v1alpha1, body["kind"])
        assert written(read(kind, body))["metadata"] == body["metadata"]
