"""One cluster that is home and host at once: its Service leads to pods of its own."""

from collections.abc import Iterator

import pytest

import images.build
from federation import joining, looking
from federation.install import CUSTOMER
from federation.polling import eventually
from federation.settled import ready
from federation.world import World, load_once, opened

NAME = "near"
PODS = "10.244.0.0/24"


@pytest.fixture(scope="module")
def here(world: World) -> Iterator[str]:
    """The name under which the home has joined itself as host `here`."""
    load_once(world.home, images.build.triton())
    flags = ["--endpoint-cidr", PODS]
    terms = opened(world.files)
    with joining.joined(world.home, world.home, name="here", opened=terms, flags=flags) as name:
        yield name


def test_a_cluster_that_is_its_own_host_answers_through_its_service(
    world: World, here: str
) -> None:
    with world.deployed(NAME, placement={"hosts": ["here"]}) as deployed:
        ready(deployed)
        world.client.credentials(NAME)
        token = world.client.token(NAME)
        answer = eventually(
            lambda: world.client.get(NAME, "/v2/models/tiny", token=token),
            lambda seen: seen.status == 200,
            within_seconds=15,
        )
        assert answer.headers["modelbond-host"] == "here"
        (pod,) = looking.pods(world.home, NAME)
        assert pod["metadata"]["namespace"] == f"modelbond-home-{here}"
        at_pod = [{"address": pod["status"]["podIP"], "port": 8443}]
        (order,) = looking.orders(world.home, NAME)
        assert order["status"]["endpoints"] == at_pod

        deployed.patch({"replicas": 2})
        ready(deployed)
        eventually(lambda: routed(world), lambda addresses: len(addresses) == 2, within_seconds=15)
        deployed.delete()
    eventually(
        lambda: looking.leftovers(world.home, NAME), lambda left: left == [], within_seconds=60
    )


def routed(world: World) -> set[str]:
    """Return the addresses behind the Service."""
    label = f"kubernetes.io/service-name={NAME}"
    slices = world.home.kubectl_json("get", "endpointslices", "-n", CUSTOMER, "-l", label)["items"]
    return {
        address
        for each in slices
        for endpoint in each["endpoints"]
        for address in endpoint["addresses"]
    }
