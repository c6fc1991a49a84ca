"""Customers reach what serves, by objects that are ours alone."""

from fakes.home import Home, deployment, other, placed, said
from modelbond.api.conditions import ConditionType
from modelbond.api.kinds import (
    ENDPOINT_SLICE,
    SECRET,
    SERVICE,
    Json,
)
from modelbond.ports.process import Again

READY = ConditionType.READY
ENDPOINT = ConditionType.ENDPOINT_READY


async def test_a_silent_hosts_replicas_leave_the_count_and_its_endpoint_stays(home: Home) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    home.clock.pass_by(16)
    home.renews(other(host))
    await home.settle()
    assert home.status()["placements"][0]["health"] == "Unreachable"
    assert home.status()["summary"]["hosts"] == "0/1"
    assert home.condition(READY)["reason"] == "HostUnreachable"
    assert home.condition(ENDPOINT)["status"] == "True"
    assert home.api.names(ENDPOINT_SLICE) == [f"models/llama.{host}"]
    assert home.placed() == [host], "nothing is moved"
    home.renews(host)
    await home.settle()
    assert home.status()["summary"]["hosts"] == "1/1"
    assert [reason for reason in home.events.reasons() if "Contact" in reason] == [
        "LostContact",
        "ContactBack",
    ]


async def test_a_foreign_slice_of_the_name_is_not_touched(home: Home) -> None:
    host = await placed(home)
    place = {"name": f"llama.{host}", "namespace": "models"}
    foreign = home.api.put(ENDPOINT_SLICE, {"metadata": place, "endpoints": []})
    home.serves(host)
    await home.settle()
    assert home.api.at(ENDPOINT_SLICE, f"llama.{host}", namespace="models") == foreign
    assert home.condition(ENDPOINT)["reason"] == "NameTaken"
    assert "EndpointSlice" in home.condition(ENDPOINT)["message"]


async def test_a_service_that_somebody_bent_is_set_right(home: Home) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    held = home.api.at(SERVICE, "llama", namespace="models")
    home.api.put(SERVICE, {**held, "spec": {**held["spec"], "ports": []}})
    home.clock.pass_by(61)
    home.renews("alpha", "beta")
    await home.settle()
    assert home.api.at(SERVICE, "llama", namespace="models")["spec"]["ports"][0]["port"] == 443


async def test_an_address_of_another_family_gets_a_slice_of_its_own_kind(home: Home) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    home.invites(host, endpointCIDRs=["10.0.0.0/8", "fd00::/8"])
    home.reports(host)
    home.renews("alpha", "beta")
    home.serves(host, address="fd00::5")
    await home.settle()
    held = home.api.at(ENDPOINT_SLICE, f"llama.{host}", namespace="models")
    assert held["addressType"] == "IPv6"
    assert held["endpoints"][0]["addresses"] == ["fd00::5"]


async def test_a_deployment_made_anew_under_its_name_waits_for_the_old_ones_service(
    home: Home,
) -> None:
    host = await placed(home)
    old = home.order_at(host)
    await home.deletes()
    await home.settle()
    home.releases(host)
    await home.settle()
    home.applies(deployment())
    await home.settle()
    assert home.condition(READY)["reason"] == "NameTaken"
    assert isinstance(outcome := await home.looks_at(), Again)
    assert outcome.seconds < 10
    home.api.collect_garbage()
    await home.settle()
    (new_host,) = home.placed()
    assert home.order_at(new_host)["metadata"]["name"] != old["metadata"]["name"]
    assert home.condition(ENDPOINT)["reason"] == "NoEndpoint"


async def test_a_foreign_service_of_the_name_is_not_touched_and_gets_no_slice(home: Home) -> None:
    foreign: Json = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "llama", "namespace": "models"},
        "spec": {"selector": {"app": "theirs"}},
    }
    before = home.api.put(SERVICE, foreign)
    host = await placed(home)
    home.serves(host)
    await home.settle()
    assert home.api.at(SERVICE, "llama", namespace="models") == before
    assert home.api.names(ENDPOINT_SLICE) == []
    assert home.condition(READY)["reason"] == "NameTaken"
    assert "models/llama" in home.condition(ENDPOINT)["message"]
    assert "NameTaken" in home.events.reasons()


async def test_a_service_swapped_for_a_foreign_one_takes_our_slices_away(home: Home) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    held = home.api.at(SERVICE, "llama", namespace="models")
    await home.api.delete(SERVICE, "llama", namespace="models", uid=held["metadata"]["uid"])
    home.api.put(SERVICE, {"metadata": {"name": "llama", "namespace": "models"}, "spec": {}})
    home.clock.pass_by(61)
    await home.settle()
    assert home.api.names(ENDPOINT_SLICE) == []
    assert home.condition(READY)["reason"] == "NameTaken"


async def test_a_deleted_service_comes_back(home: Home) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    held = home.api.at(SERVICE, "llama", namespace="models")
    await home.api.delete(SERVICE, "llama", namespace="models", uid=held["metadata"]["uid"])
    home.clock.pass_by(61)
    await home.settle()
    assert home.api.names(SERVICE) == ["models/llama"]


async def test_an_address_outside_the_hosts_ranges_is_refused_by_name(home: Home) -> None:
    host = await placed(home)
    home.serves(host, address="192.168.1.5")
    await home.settle()
    assert home.condition(ENDPOINT)["reason"] == "EndpointRefused"
    assert "192.168.1.5" in home.condition(ENDPOINT)["message"]
    assert home.api.names(ENDPOINT_SLICE) == []
    assert home.status()["endpoints"] == []
    home.invites(host, endpointCIDRs=["192.168.1.0/24"])
    home.reports(host)
    home.renews("alpha", "beta")
    await home.settle()
    assert home.condition(ENDPOINT)["status"] == "True"


async def test_a_strangers_addresses_reach_no_customer(home: Home) -> None:
    host = await placed(home)
    home.serves(host, address="10.1.1.1")
    await home.settle()
    home.reports(host, clusterUID="another")
    await home.settle()
    home.serves(host, address="10.6.6.6")
    await home.settle()
    assert home.status()["endpoints"] == [{"host": host, "address": "10.1.1.1", "port": 30443}]
    assert home.condition(ENDPOINT)["status"] == "True", "what served there may serve on"
    assert home.condition(ConditionType.MODEL_LOADED)["reason"] == "IdentityChanged"
    home.answers(host, conditions=[])
    await home.settle()
    assert home.condition(ENDPOINT)["status"] == "True"
    assert home.api.names(ENDPOINT_SLICE) == [f"models/llama.{host}"]


async def test_a_placement_withdrawn_from_a_stranger_keeps_its_route_until_it_is_released(
    home: Home,
) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    home.reports(host, clusterUID="another")
    await home.settle()
    home.applies(deployment(placement={"count": 1, "minOwners": 1, "hosts": [other(host)]}))
    await home.settle()
    assert home.placed() == [other(host)]
    assert home.api.names(ENDPOINT_SLICE) == [f"models/llama.{host}"]
    states = {each["host"]: each["health"] for each in home.status()["placements"]}
    assert states == {other(host): "Pending"}


async def test_a_new_token_is_told_to_every_order(home: Home) -> None:
    host = await placed(home)
    home.queue_orders.taken()
    secret = home.api.at(SECRET, "llama-client", namespace="models")
    await home.api.delete(SECRET, "llama-client", namespace="models", uid=secret["metadata"]["uid"])
    home.clock.pass_by(61)
    home.renews("alpha", "beta")
    await home.settle()
    key = f"modelbond-host-{host}/{home.order_at(host)['metadata']['name']}"
    assert key in home.queue_orders.taken()


async def test_a_replica_that_comes_and_goes_costs_the_api_server_three_requests(
    home: Home,
) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    home.answers(
        host,
        conditions=[
            said("Accepted", reason="Accepted"),
            said("EndpointReady", reason="NoEndpoint", status="False"),
        ],
        endpoints=[{"address": "10.1.1.1", "port": 30443}],
    )
    before = len(home.api.calls)
    await home.looks_at()
    asked = [(call.verb, call.kind) for call in home.api.calls[before:]]
    assert asked == [
        ("list", "endpointslices"),
        ("apply", "endpointslices"),
        ("apply_status", "modeldeployments"),
    ]
