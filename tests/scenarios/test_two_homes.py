"""Two homes on one host: each has its own quota, and neither learns of the other."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from cluster.cluster import Cluster
from federation import joining, looking
from federation.bearer import bearer
from federation.deployments import Deployed, applied, deployment
from federation.install import SYSTEM
from federation.joining import modelbond
from federation.polling import eventually
from federation.settled import ready
from federation.world import World

NAME = "shared"
HOME = "homeclusters.modelbond.io"
REPORTS = "modelbond-host-alpha"
ORDERS = f"/apis/modelbond.io/v1alpha1/namespaces/{REPORTS}/modelplacements"


@pytest.fixture(scope="module")
def second(world: World) -> Iterator[str]:
    """The name under which alpha has joined beta as well, with room for one small copy."""
    opened = [
        "--runtime", "triton", "--format", "onnx", "--source", world.files,
        "--cpu", "60m", "--memory", "600Mi",
    ]  # fmt: skip
    beta, alpha = world.host("beta"), world.host("alpha")
    with joining.joined(beta, alpha, name="alpha", opened=opened) as home:
        yield home


@pytest.fixture(scope="module")
def both(world: World, second: str) -> Iterator[tuple[Deployed, Deployed]]:
    """A deployment of the same name in each home, both served by alpha."""
    assert second
    with ExitStack() as stack:
        first = stack.enter_context(world.deployed(NAME, placement={"hosts": ["alpha"]}))
        other = applied(world.host("beta"), deployment(NAME, world.tiny))
        stack.callback(other.delete)
        ready(first)
        ready(other)
        yield first, other


def test_each_homes_quota_holds_by_itself(
    world: World, second: str, both: tuple[Deployed, Deployed]
) -> None:
    _, other = both
    alpha = world.host("alpha")
    assert used(alpha, second)["cpu"] == "50m"
    late = applied(other.home, deployment("late", world.tiny))
    try:
        eventually(
            lambda: late.condition("Scheduled"),
            lambda seen: seen.get("reason") == "NoHostFits",
            within_seconds=30,
        )
        assert "alpha" in modelbond(other.home, "explain", "late", "-n", "models")
        with world.deployed("roomy", placement={"hosts": ["alpha"]}) as roomy:
            ready(roomy)
    finally:
        late.delete()


def used(host: Cluster, home: str) -> dict[str, str]:
    """Return what the copies of a home hold on a host."""
    amounts: dict[str, str] = host.kubectl_json("get", HOME, home)["status"]["used"]
    return amounts


@pytest.mark.usefixtures("both")
def test_each_homes_copies_and_secrets_lie_in_a_namespace_of_its_own(
    world: World, second: str
) -> None:
    alpha = world.host("alpha")
    first = looking.home_cluster(alpha, world.home)["metadata"]["name"]
    copies = looking.copies(alpha, NAME)
    assert {each["metadata"]["namespace"] for each in copies} == {
        f"modelbond-home-{first}",
        f"modelbond-home-{second}",
    }
    for each in copies:
        owner = each["spec"]["origin"]["homeCluster"]
        assert each["metadata"]["namespace"] == f"modelbond-home-{owner}"


def test_neither_home_hears_of_the_others_orders(
    world: World, both: tuple[Deployed, Deployed]
) -> None:
    reports = []
    for deployed in both:
        orders = looking.uids(looking.orders(deployed.home, NAME))
        counted = report(deployed.home)["counted"]
        assert set(orders) <= set(counted)
        reports.append(set(counted))
    assert not reports[0] & reports[1]
    assert len(looking.orders(world.home, NAME)) == 1


def report(home: Cluster) -> dict[str, list[str]]:
    """Return what alpha told a home of itself."""
    found = home.kubectl_json("get", "configmap", "host-report", "-n", REPORTS)
    told: dict[str, list[str]] = json.loads(found["data"]["report"])
    return told


@pytest.mark.usefixtures("both")
def test_the_token_of_one_home_opens_nothing_at_the_other(world: World, second: str) -> None:
    alpha, beta = world.host("alpha"), world.host("beta")
    first = looking.home_cluster(alpha, world.home)["metadata"]["name"]
    for home, foreign in ((world.home, second), (beta, first)):
        token = looking.secret(alpha, SYSTEM, f"link-{foreign}")["token"]
        with bearer(home, token) as session:
            assert session.get(home.server + ORDERS, timeout=10).status_code == 401
