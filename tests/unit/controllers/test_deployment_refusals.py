"""What the home's own API server refuses, or foreign objects block, is said and stops no other."""

import pytest

from fakes.home import Home, deployment, other, placed
from modelbond.api.conditions import ConditionType
from modelbond.api.kinds import (
    ENDPOINT_SLICE,
    MODEL_DEPLOYMENT,
    MODEL_PLACEMENT,
    SECRET,
    SERVICE,
    Json,
)
from modelbond.errors import ApiBroken, Forbidden, Invalid
from modelbond.ports.process import Again
from modelbond.reconcile.home_names import order_name

READY = ConditionType.READY
SCHEDULED = ConditionType.SCHEDULED
ENDPOINT = ConditionType.ENDPOINT_READY
AT_ALPHA = {"count": 1, "minOwners": 1, "hosts": ["alpha"]}
QUOTA = Forbidden("create: 403 Forbidden: exceeded quota: objects")


def foreign_order(home: Home, host: str) -> Json:
    """Put somebody's object where the order of `models/llama` at the host would go."""
    held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    about = {"namespace": "models", "name": "theirs", "uid": "theirs", "generation": 1}
    wish = {name: held["spec"][name] for name in ("model", "runtime", "resources", "replicas")}
    place = {
        "name": order_name("llama", uid=held["metadata"]["uid"]),
        "namespace": f"modelbond-host-{host}",
    }
    spec = {"role": "Order", "deployment": about, "host": host, "slot": 0, "epoch": 1, **wish}
    return home.api.put(MODEL_PLACEMENT, {"metadata": place, "spec": spec})


async def rounds(home: Home, number: int = 6) -> None:
    """Let all look often enough; what is refused is tried at each look, so nothing settles."""
    for _ in range(number):
        await home.round()
    home.check_schemas()


def count(home: Home, verb: str, kind: str) -> int:
    return sum(1 for call in home.api.calls if (call.verb, call.kind) == (verb, kind))


async def test_a_quota_in_the_customers_namespace_is_said_with_the_remedy(home: Home) -> None:
    home.applies(deployment())
    home.api.fail(QUOTA, verb="create", kind=SERVICE, times=100)
    assert await home.looks_at() == Again(seconds=30)
    await rounds(home)
    (host,) = home.placed()
    home.serves(host)
    await rounds(home)
    found = home.condition(ENDPOINT)
    assert (found["status"], found["reason"]) == ("False", "RouteRefused")
    assert "exceeded quota" in found["message"]
    assert "namespace models" in found["message"]
    assert home.condition(READY)["reason"] == "RouteRefused"
    assert home.events.reasons().count("RouteRefused") == 1
    assert home.status()["clientSecret"] == "llama-client"
    assert home.api.names(ENDPOINT_SLICE) == [], "no slice waits for whose Service comes there"


async def test_a_host_that_declines_is_not_asked_again_at_once_though_routes_are_refused(
    home: Home,
) -> None:
    home.applies(deployment(placement=AT_ALPHA))
    home.api.fail(QUOTA, verb="create", kind=SERVICE, times=1000)
    await rounds(home)
    home.declines("alpha")
    await rounds(home)
    home.releases("alpha")
    await rounds(home)
    assert home.placed() == []
    assert home.status()["barred"][0]["times"] == 1
    assert count(home, "create", "modelplacements") == 1


async def test_a_bar_is_written_before_the_withdrawal_that_forgets_why(home: Home) -> None:
    await placed(home, placement=AT_ALPHA)
    home.declines("alpha")
    home.clock.pass_by(61)
    home.api.fail(ApiBroken("500"), verb="get", kind=SERVICE)
    with pytest.raises(ApiBroken):
        await home.looks_at()
    assert home.order_at("alpha")["spec"]["state"] == "Withdrawn"
    assert home.status()["barred"][0]["host"] == "alpha"
    home.releases("alpha")
    await home.settle()
    assert home.placed() == []


async def test_an_order_that_is_refused_here_goes_to_another_host(home: Home) -> None:
    home.applies(deployment())
    first, second = "alpha", "beta"
    home.api.fail(QUOTA, verb="create", kind=MODEL_PLACEMENT)
    assert await home.looks_at() == Again(seconds=1)
    scheduled = home.condition(SCHEDULED)
    assert (scheduled["status"], scheduled["reason"]) == ("False", "OrderRefused")
    assert "exceeded quota" in scheduled["message"]
    assert "namespace modelbond-host-" in scheduled["message"]
    assert home.events.reasons().count("OrderRefused") == 1
    await home.settle()
    (host,) = home.placed()
    (bar,) = home.status()["barred"]
    assert {host, bar["host"]} == {first, second}
    assert bar["reason"] == "OrderRefused"
    assert home.condition(SCHEDULED)["status"] == "True"
    assert "Declined" not in home.events.reasons(), "no host was asked"


async def test_where_no_other_host_fits_a_refused_order_is_tried_again_later_each_time(
    home: Home,
) -> None:
    home.applies(deployment(placement=AT_ALPHA))
    home.api.fail(QUOTA, verb="create", kind=MODEL_PLACEMENT, times=2)
    await home.settle()
    for tries, delay in ((1, 30), (2, 60)):
        assert count(home, "create", "modelplacements") == tries
        assert home.condition(SCHEDULED)["reason"] == "OrderRefused"
        assert home.condition(READY)["reason"] == "OrderRefused"
        home.clock.pass_by(delay + 1)
        home.renews("alpha", "beta")
        await home.settle()
    assert home.placed() == ["alpha"]
    assert home.condition(SCHEDULED)["status"] == "True"


async def test_a_foreign_object_of_an_orders_name_is_told_and_another_host_is_asked(
    home: Home,
) -> None:
    home.applies(deployment(placement=AT_ALPHA))
    foreign = foreign_order(home, "alpha")
    await home.settle()
    assert home.order_at("alpha") == foreign
    assert home.condition(SCHEDULED)["reason"] == "OrderRefused"
    assert "belongs to somebody else" in home.condition(SCHEDULED)["message"]
    assert home.condition(ENDPOINT)["reason"] == "NoEndpoint"
    assert home.status()["clientSecret"] == "llama-client"
    home.applies(deployment())
    await home.settle()
    assert len(home.orders_at("beta")) == 1


async def test_one_foreign_order_does_not_unready_the_endpoint_that_serves(home: Home) -> None:
    home.applies(deployment(placement={"count": 2, "minOwners": 1}))
    foreign_order(home, "beta")
    await home.settle()
    home.serves("alpha")
    await home.settle()
    assert home.condition(ENDPOINT)["status"] == "True"
    assert home.condition(SCHEDULED)["reason"] == "OrderRefused"
    assert home.condition(READY)["status"] == "False"


async def test_a_change_that_is_refused_at_one_host_reaches_the_others_and_is_told(
    home: Home,
) -> None:
    home.applies(deployment(placement={"count": 2, "minOwners": 1}))
    await home.settle()
    home.serves("alpha", "beta")
    await home.settle()
    home.api.fail(Invalid("denied by webhook"), verb="merge", kind=MODEL_PLACEMENT)
    home.applies(deployment(replicas=2, placement={"count": 2, "minOwners": 1}))
    assert await home.looks_at() == Again(seconds=30)
    replicas = {host: home.order_at(host)["spec"]["replicas"] for host in ("alpha", "beta")}
    assert sorted(replicas.values()) == [1, 2]
    late = min(replicas, key=lambda host: replicas[host])
    assert f"{late}: the order is refused here: denied by" in home.condition(READY)["message"]
    await home.settle()
    assert home.order_at(late)["spec"]["replicas"] == 2


async def test_a_refusal_is_counted_once_though_its_order_cannot_be_withdrawn(home: Home) -> None:
    await placed(home, placement=AT_ALPHA)
    home.declines("alpha")
    home.api.fail(Invalid("denied by webhook"), verb="merge", kind=MODEL_PLACEMENT, times=3)
    for _ in range(3):
        await home.looks_at()
    assert home.status()["barred"][0]["times"] == 1
    await home.settle()
    assert home.order_at("alpha")["spec"]["state"] == "Withdrawn"


async def test_a_foreign_slice_concerns_its_host_alone(home: Home) -> None:
    home.applies(deployment(placement={"count": 2, "minOwners": 1}))
    home.api.put(ENDPOINT_SLICE, {"metadata": {"name": "llama.beta", "namespace": "models"}})
    await home.settle()
    home.serves("alpha", "beta")
    await home.settle()
    assert home.condition(ENDPOINT)["status"] == "True"
    assert home.condition(ENDPOINT)["message"] == "alpha serve"
    assert home.status()["clientSecret"] == "llama-client"
    states = {each["host"]: each for each in home.status()["placements"]}
    assert (states["beta"]["health"], states["beta"]["reason"]) == ("Degraded", "NameTaken")
    assert home.condition(READY)["reason"] == "NameTaken"
    assert home.events.reasons().count("NameTaken") == 1


async def test_a_slice_that_is_refused_is_said_of_its_host(home: Home) -> None:
    host = await placed(home)
    home.serves(host)
    home.api.fail(QUOTA, verb="create", kind=ENDPOINT_SLICE, times=100)
    await rounds(home)
    assert home.condition(ENDPOINT)["reason"] == "RouteRefused"
    assert home.condition(ENDPOINT)["message"].startswith(f"{host}: refused here: create: 403")
    home.clock.pass_by(16)
    await rounds(home)
    assert home.status()["placements"][0]["health"] == "Unreachable"
    assert home.condition(ENDPOINT)["reason"] == "RouteRefused"


async def test_a_slice_that_cannot_be_taken_away_is_told(home: Home) -> None:
    home.applies(deployment(placement={"count": 2, "minOwners": 1}))
    await home.settle()
    home.serves("alpha", "beta")
    await home.settle()
    home.applies(deployment())
    home.api.fail(Forbidden("no right to delete"), verb="delete", kind=ENDPOINT_SLICE)
    assert await home.looks_at() == Again(seconds=30)
    assert "RouteRefused" in home.events.reasons()
    (kept,) = home.placed()
    assert home.condition(ENDPOINT)["message"] == f"{kept} serve"
    await home.settle()
    assert home.api.names(ENDPOINT_SLICE) == [f"models/llama.{kept}"]


async def test_slices_that_cannot_be_listed_are_said(home: Home) -> None:
    home.applies(deployment())
    home.api.fail(Forbidden("no right to list"), verb="list", kind=ENDPOINT_SLICE)
    await home.looks_at()
    assert "no right to list" in home.condition(ENDPOINT)["message"]


async def test_what_serves_is_routed_on_though_its_service_cannot_be_set_right(home: Home) -> None:
    home.applies(deployment(placement={"count": 2, "minOwners": 1}))
    await rounds(home)
    home.serves("alpha", "beta")
    await rounds(home)
    held = home.api.at(SERVICE, "llama", namespace="models")
    home.api.put(SERVICE, {**held, "spec": {**held["spec"], "ports": []}})
    home.applies(deployment())
    home.clock.pass_by(61)
    home.renews("alpha", "beta")
    home.api.fail(Invalid("denied by webhook"), verb="apply", kind=SERVICE, times=100)
    await rounds(home)
    (kept,) = home.placed()
    assert home.api.names(ENDPOINT_SLICE) == [f"models/llama.{kept}"]
    assert "denied by webhook" in home.condition(ENDPOINT)["message"]
    assert home.orders_at(other(kept))


async def test_a_foreign_service_hides_no_client_secret(home: Home) -> None:
    home.api.put(SERVICE, {"metadata": {"name": "llama", "namespace": "models"}, "spec": {}})
    await placed(home)
    assert home.condition(ENDPOINT)["reason"] == "NameTaken"
    assert home.status()["clientSecret"] == "llama-client"


async def test_a_foreign_secret_of_the_clients_name_is_not_offered_to_customers(
    home: Home,
) -> None:
    place = {"name": "llama-client", "namespace": "models"}
    foreign = home.api.put(SECRET, {"metadata": place, "data": {}})
    await placed(home)
    assert home.api.at(SECRET, "llama-client", namespace="models") == foreign
    assert home.condition(ENDPOINT)["reason"] == "NameTaken"
    assert "clientSecret" not in home.status()
