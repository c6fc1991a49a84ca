"""Where the API server keeps each kind."""

import pytest

from modelbond.api.kinds import HOST_CLUSTER, MODEL_PLACEMENT, SECRET


def test_a_kind_of_a_group_has_a_path_of_its_own() -> None:
    group = "/apis/modelbond.io/v1alpha1"
    assert HOST_CLUSTER.path() == f"{group}/hostclusters"
    assert HOST_CLUSTER.path(name="alpha") == f"{group}/hostclusters/alpha"
    assert MODEL_PLACEMENT.path(namespace="n") == f"{group}/namespaces/n/modelplacements"


@pytest.mark.parametrize(
    ("name", "path"),
    [(None, "/api/v1/namespaces/n/secrets"), ("s", "/api/v1/namespaces/n/secrets/s")],
)
def test_a_kind_of_the_core_has_the_old_root(name: str | None, path: str) -> None:
    assert SECRET.path(namespace="n", name=name) == path
