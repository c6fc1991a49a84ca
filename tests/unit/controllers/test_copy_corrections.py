"""What people correct reaches pods that serve nothing; what is missing ends nothing that serves."""

import pytest

from fakes.host_world import AT_HOST, ORDER, HostWorld, again, joined, order_spec, serving
from modelbond.api.kinds import CONFIG_MAP, DEPLOYMENT, NETWORK_POLICY, Json

POLICY = {"runtimes": ["triton"], "formats": ["onnx"], "sources": ["http://files/"]}
OTHER = "other-11111111"


def made(world: HostWorld) -> Json:
    """Return the one Deployment."""
    (found,) = world.local.objects(DEPLOYMENT).values()
    return found


def fetch(world: HostWorld) -> list[str]:
    """Return the arguments of fetch in the pods to come."""
    arguments: list[str] = made(world)["spec"]["template"]["spec"]["initContainers"][0]["args"]
    return arguments


def opened(world: HostWorld) -> str:
    """Return from where the pods to come may fetch."""
    (found,) = world.local.objects(CONFIG_MAP).values()
    return str(found["data"]["sources"])


async def started() -> HostWorld:
    """Return a host whose pods have not fetched their weights."""
    world = await joined()
    world.order()
    await again(world)
    world.sign()
    await again(world)
    return world


async def test_a_corrected_source_and_size_reach_pods_that_never_fetched() -> None:
    world = await started()
    model = {**order_spec()["model"], "sources": ["http://files/right/"], "size": 4242}
    world.order(model=model)
    await again(world)
    assert "http://files/right/" in fetch(world)
    assert "4242" in fetch(world)
    assert world.reason("Accepted") == "True/Accepted"


async def test_corrections_are_written_once() -> None:
    world = await started()
    world.order(model={**order_spec()["model"], "sources": ["http://files/right/"]})
    await again(world)
    before = len(world.local.writes())
    await again(world)
    assert len(world.local.writes()) == before


async def test_a_model_that_serves_is_not_restarted_for_another_source() -> None:
    world = await serving()
    before = made(world)["spec"]["template"]
    world.order(model={**order_spec()["model"], "sources": ["http://files/moved/"]})
    await again(world)
    assert world.copy()["spec"]["model"]["sources"] == ["http://files/moved/"]
    assert made(world)["spec"]["template"] == before


async def test_a_narrowed_policy_reaches_later_pods_and_restarts_none() -> None:
    world = await serving()
    before = made(world)["spec"]["template"]
    assert opened(world) == "http://files/\n"
    world.change_home(policy={**POLICY, "sources": ["http://files/magika/"]})
    await again(world)
    assert opened(world) == "http://files/magika/\n"
    assert made(world)["spec"]["template"] == before
    assert world.reason("Ready") == "True/Ready"


async def test_an_edge_that_serves_keeps_its_configuration_while_sources_change() -> None:
    world = await serving()
    (config,) = world.local.objects(CONFIG_MAP).values()
    config["data"]["nginx.conf"] = "of an earlier version"
    world.local.put(CONFIG_MAP, config)
    world.change_home(policy={**POLICY, "sources": ["http://files/magika/"]})
    await again(world)
    (kept,) = world.local.objects(CONFIG_MAP).values()
    assert kept["data"]["nginx.conf"] == "of an earlier version"


@pytest.mark.parametrize("typo", ["10.999.0.0/8", "https://", "https://models.example.org:99999/"])
async def test_a_policy_that_cannot_be_read_declines_new_orders_and_ends_nothing(typo: str) -> None:
    world = await serving()
    world.change_home(policy={**POLICY, "sources": ["http://files/", typo]})
    world.order(OTHER)
    await again(world)
    world.kubelet()
    await again(world)
    assert world.has_copy()
    assert world.reason("Ready") == "True/Ready"
    assert world.reason("Accepted", OTHER) == "False/SourceNotAllowed"


async def test_a_network_with_the_address_of_a_host_in_it_is_a_network() -> None:
    world = await serving()
    world.change_home(policy={**POLICY, "sources": ["http://files/", "10.0.0.1/8"]})
    world.order(OTHER)
    await again(world)
    await again(world)
    assert world.reason("Accepted", OTHER) == "True/Accepted"
    policy = world.local.at(NETWORK_POLICY, ORDER, namespace=AT_HOST)
    assert {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]} in policy["spec"]["egress"]


async def test_a_runtime_that_the_values_lost_declines_new_orders_and_ends_nothing() -> None:
    world = await serving()
    world.runtimes = {}
    world.restart()
    world.order(OTHER)
    await again(world)
    await again(world)
    assert world.reason("Accepted", OTHER) == "False/RuntimeNotAllowed"
    assert world.reason("Ready") == "True/Ready"
    before = made(world)
    world.change_home(policy={**POLICY, "sources": ["http://files/magika/"]})
    world.kubelet(ready=False)
    await again(world)
    assert made(world) == before
    assert opened(world) == "http://files/magika/\n"
    assert world.reason("Ready").startswith("False/"), "what runs is still watched"


async def test_a_copy_whose_runtime_is_lost_before_its_pods_waits_and_says_so() -> None:
    world = await joined()
    world.order()
    await again(world)
    world.runtimes = {}
    world.restart()
    await again(world)
    world.sign()
    await again(world)
    assert world.local.names(DEPLOYMENT) == []
    assert world.reason("Ready") == "False/RuntimeNotAllowed"
    assert world.has_copy()
