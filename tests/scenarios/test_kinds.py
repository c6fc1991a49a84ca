"""What a real API server says to right and wrong objects of the four kinds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.cluster import Cluster
from modelbond.api import v1alpha1, wire
from scenarios import manifests, wrong_manifests
from scenarios.direct_api import DirectApi, Refusal, connected
from scenarios.manifests import Edit, Json
from scenarios.wrong_manifests import Wrong

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "manifests/examples").glob("*.yaml"))
BASES = (
    manifests.deployment,
    manifests.order,
    manifests.copy_of_order,
    manifests.host_cluster,
    manifests.home_cluster,
)


@pytest.fixture(scope="module")
def api(home: Cluster) -> Iterator[DirectApi]:
    """Return a connection to a cluster that serves the kinds of this checkout."""
    crds = [str(path) for path in sorted((ROOT / "crds").glob("*.yaml"))]
    files = [word for path in crds for word in ("-f", path)]
    there = home.kubectl("get", "crd", "-o", "name", "--ignore-not-found")
    home.kubectl("apply", "--server-side", "--force-conflicts", *files)
    home.kubectl("wait", "--for=condition=Established", "--timeout=30s", *files)
    with connected(home.kubeconfig) as connection:
        yield connection
    if "modeldeployments.modelbond.io" not in there:
        home.kubectl("delete", "--wait=true", *files)


@pytest.mark.parametrize("base", BASES, ids=lambda base: str(base.__name__))
def test_a_correct_object_is_taken_and_reads_back_as_its_type(
    api: DirectApi, base: Callable[[], Json]
) -> None:
    taken = api.try_create(base())
    assert not isinstance(taken, Refusal), taken.text
    kind: type[wire.Wire] = getattr(v1alpha1, taken["kind"])
    typed = wire.read(kind, taken)
    assert wire.written(typed)["spec"] == taken["spec"]


def test_the_types_fill_in_the_defaults_that_the_api_server_fills_in(api: DirectApi) -> None:
    for base in BASES:
        body = base()
        taken = api.try_create(body)
        assert not isinstance(taken, Refusal), taken.text
        kind: Any = getattr(v1alpha1, body["kind"])
        assert wire.read(kind, body).spec == wire.read(kind, taken).spec


@pytest.mark.parametrize(
    "server",
    [
        "https://10.0.0.1",
        "https://127example.org:6443",
        "https://localhost.example.org:6443/k8s/clusters/c-1",
        "https://[2001:db8::1]:6443",
        "https://[fd00::127:1]:6443",
    ],
)
def test_an_address_that_only_resembles_loopback_is_taken(api: DirectApi, server: str) -> None:
    body = Edit("spec.server", server).applied_to(manifests.home_cluster())
    answer = api.try_create(body)
    assert not isinstance(answer, Refusal), answer.text


def test_at_least_sixty_wrong_manifests_are_known() -> None:
    titles = [(wrong.base.__name__, wrong.title) for wrong in wrong_manifests.ALL]
    assert len(set(titles)) == len(titles) >= 60


@pytest.mark.parametrize(
    "wrong", wrong_manifests.ALL, ids=lambda wrong: f"{wrong.base.__name__}: {wrong.title}"
)
def test_a_wrong_object_is_refused_by_field_and_remedy(api: DirectApi, wrong: Wrong) -> None:
    answer = api.try_create(wrong.manifest())
    assert isinstance(answer, Refusal), f"{wrong.title} was taken"
    assert wrong.field in answer.text
    assert wrong.remedy in answer.text


@dataclass(frozen=True, slots=True)
class Change:
    """A merge patch of an existing object that must be refused."""

    title: str
    base: Callable[[], Json]
    spec: Json
    field: str
    remedy: str


CHANGES = (
    Change(
        "an order that becomes a copy",
        manifests.order,
        {"role": "Copy", "origin": manifests.copy_of_order()["spec"]["origin"]},
        "spec.role",
        "create another placement",
    ),
    Change(
        "an order of another deployment",
        manifests.order,
        {"deployment": {"uid": "another"}},
        "spec.deployment",
        "placements of its own",
    ),
    Change(
        "an order of a deployment elsewhere",
        manifests.order,
        {"deployment": {"namespace": "another"}},
        "spec.deployment",
        "placements of its own",
    ),
    Change(
        "an order that moves to another host",
        manifests.order,
        {"host": "beta"},
        "spec.host",
        "another host gets another placement",
    ),
    Change(
        "an order that moves to another slot",
        manifests.order,
        {"slot": 1},
        "spec.slot",
        "another slot gets another placement",
    ),
    Change(
        "an order that becomes newer",
        manifests.order,
        {"epoch": 2},
        "spec.epoch",
        "placed anew instead",
    ),
    Change(
        "a copy of another order",
        manifests.copy_of_order,
        {"origin": {"orderUID": "another"}},
        "spec.origin",
        "delete this placement",
    ),
    Change(
        "a copy that loses its origin",
        manifests.copy_of_order,
        {"origin": None},
        "spec.origin",
        "delete this placement",
    ),
    Change(
        "a home at another address",
        manifests.home_cluster,
        {"server": "https://192.0.2.2:6443"},
        "spec.server",
        "join with a new invitation",
    ),
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change.title))
def test_a_change_of_what_is_fixed_is_refused(api: DirectApi, change: Change) -> None:
    with api.existing(change.base()) as made:
        answer = api.try_patch(made, {"spec": change.spec})
    assert isinstance(answer, Refusal), f"{change.title} was taken"
    assert change.field in answer.text
    assert change.remedy in answer.text


@pytest.mark.parametrize("back", ["Active", None], ids=["said", "by leaving state out"])
def test_a_withdrawn_order_stays_withdrawn(api: DirectApi, back: str | None) -> None:
    body = manifests.order()
    body["spec"]["state"] = "Withdrawn"
    with api.existing(body) as made:
        answer = api.try_patch(made, {"spec": {"state": back}})
    assert isinstance(answer, Refusal)
    assert "spec.state" in answer.text
    assert "placed anew with the next epoch" in answer.text


def test_an_order_carries_a_changed_model_in_the_same_epoch(api: DirectApi) -> None:
    with api.existing(manifests.order()) as made:
        change = {"model": {"digest": "sha256:" + "1b" * 32}, "deployment": {"generation": 2}}
        answer = api.try_patch(made, {"spec": {**change, "replicas": 0, "state": "Withdrawn"}})
    assert not isinstance(answer, Refusal), answer.text
    assert answer["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("base", "field"),
    [(manifests.host_cluster, "clusterUID"), (manifests.home_cluster, "homeUID")],
    ids=["host", "home"],
)
@pytest.mark.parametrize("uid", ["another", None], ids=["changed", "forgotten"])
def test_the_identity_of_the_other_side_is_pinned_once_written(
    api: DirectApi, base: Callable[[], Json], field: str, uid: str | None
) -> None:
    with api.existing(base()) as made:
        api.patch_status(made, {field: "the-first"})
        answer = api.try_patch(made, {"status": {field: uid}}, part="/status")
    assert isinstance(answer, Refusal)
    assert f"status.{field}" in answer.text
    assert "another cluster is a stranger" in answer.text


STATUSES: tuple[tuple[str, Json], ...] = (
    ("status.conditions[0].reason", {"conditions": [{"reason": "not found"}]}),
    ("status.conditions[0].status", {"conditions": [{"status": "Maybe"}]}),
    ("status.endpoints[0].address", {"endpoints": [{"address": "example.org", "port": 1}]}),
    ("status.endpoints[0].port", {"endpoints": [{"address": "192.0.2.7", "port": 0}]}),
    ("status.endpoints", {"endpoints": [{"address": "192.0.2.7", "port": n} for n in range(1, 6)]}),
    ("status.progress.doneBytes", {"progress": {"doneBytes": -1, "totalBytes": 1}}),
    ("status.signingRequest", {"signingRequest": "-----BEGIN PRIVATE KEY-----"}),
    ("status.signingRequest", {"signingRequest": "-----BEGIN CERTIFICATE REQUEST-----" * 200}),
    ("status.lastFailure.message", {"lastFailure": {"message": "x" * 1025}}),
    ("status.revision", {"revision": "../../etc"}),
)


@pytest.mark.parametrize(("field", "status"), STATUSES)
def test_a_hostile_host_cannot_write_a_status_out_of_bounds(
    api: DirectApi, field: str, status: Json
) -> None:
    with api.existing(manifests.order()) as made:
        answer = api.try_patch(made, {"status": status}, part="/status")
    assert isinstance(answer, Refusal)
    assert field in answer.text


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: str(path.name))
def test_every_example_can_be_applied(api: DirectApi, example: Path) -> None:
    for body in yaml.safe_load_all(example.read_text()):
        body["metadata"]["name"] = f"example-{body['metadata']['name']}"  # the world has an `alpha`
        if "namespace" in body["metadata"]:
            body["metadata"]["namespace"] = manifests.NAMESPACE
        answer = api.try_create(body)
        assert not isinstance(answer, Refusal), answer.text


def test_scaling_to_nothing_goes_through_the_scale_subresource(
    api: DirectApi, home: Cluster
) -> None:
    with api.existing(manifests.deployment()) as made:
        name, place = made["metadata"]["name"], made["metadata"]["namespace"]
        home.kubectl("scale", f"mbd/{name}", "-n", place, "--replicas=0")
        now = home.kubectl_json("get", "mbd", name, "-n", place)
    assert now["spec"]["replicas"] == 0


def test_kubectl_teaches_the_fields(api: DirectApi, home: Cluster) -> None:
    del api
    taught = home.kubectl("explain", "modeldeployments.modelbond.io.spec.model")
    assert "sha256 of the model's SHA256SUMS" in taught


def test_a_table_shows_the_short_names_and_the_category(api: DirectApi, home: Cluster) -> None:
    with api.existing(manifests.host_cluster()):
        table = home.kubectl("get", "mbhost")
        everything = home.kubectl("get", "modelbond", "-A", "-o", "name")
    assert table.split()[:5] == ["NAME", "ACCEPTED", "READY", "OWNER", "REGION"]
    assert "hostcluster.modelbond.io/kinds-under-test" in everything
