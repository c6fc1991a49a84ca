"""Where a deployment goes when hosts decline, fill up, change or lie."""

import asyncio

import pytest

from fakes.home import Home, deployment, other, placed, said
from fakes.kube import FakeKube
from modelbond.api.conditions import ConditionType
from modelbond.api.kinds import (
    ENDPOINT_SLICE,
    HOST_CLUSTER,
    MODEL_DEPLOYMENT,
    MODEL_PLACEMENT,
    Json,
    Kind,
)
from modelbond.errors import ApiBroken
from modelbond.ports.process import Again

READY = ConditionType.READY
SCHEDULED = ConditionType.SCHEDULED
ENDPOINT = ConditionType.ENDPOINT_READY


async def test_a_decline_bars_the_host_and_the_next_one_is_asked(home: Home) -> None:
    first = await placed(home)
    home.declines(first)
    await home.settle()
    assert home.placed() == [other(first)]
    assert home.order_at(first)["spec"]["state"] == "Withdrawn"
    (bar,) = home.status()["barred"]
    assert (bar["host"], bar["reason"], bar["times"]) == (first, "QuotaExceeded", 1)
    assert home.order_at(other(first))["spec"]["epoch"] == 2
    assert "Declined" in home.events.reasons()


async def test_when_all_decline_the_deployment_waits_and_asks_again_later_each_time(
    home: Home,
) -> None:
    host = await placed(home, placement={"count": 1, "minOwners": 1, "hosts": ["alpha"]})
    for times, delay in ((1, 30), (2, 60), (3, 120)):
        home.declines(host)
        await home.settle()
        home.releases(host)
        await home.settle()
        assert home.placed() == []
        assert home.status()["barred"][0]["times"] == times
        assert "alpha: Declined" in home.condition(SCHEDULED)["message"]
        outcome = await home.looks_at()
        assert isinstance(outcome, Again)
        assert delay - 2 <= outcome.seconds <= delay + 2
        home.clock.pass_by(delay + 1)
        home.renews("alpha", "beta")
        await home.settle()
        assert home.placed() == ["alpha"]


async def test_a_host_that_changed_its_policy_is_asked_again_at_once(home: Home) -> None:
    host = await placed(home, placement={"count": 1, "minOwners": 1, "hosts": ["alpha"]})
    home.declines(host)
    await home.settle()
    home.releases(host)
    await home.settle()
    assert home.placed() == []
    home.reports("alpha", policyRevision="p2")
    await home.settle()
    assert home.placed() == ["alpha"]
    (bar,) = home.status()["barred"]
    assert bar["times"] == 1, "what it refused is remembered"


async def test_a_new_generation_is_offered_to_hosts_that_declined_the_old_one(home: Home) -> None:
    host = await placed(home, placement={"count": 1, "minOwners": 1, "hosts": ["alpha"]})
    home.declines(host)
    await home.settle()
    home.releases(host)
    home.applies(
        deployment(
            resources={"cpu": "500m", "memory": "1Gi"},
            placement={"count": 1, "minOwners": 1, "hosts": ["alpha"]},
        )
    )
    await home.settle()
    assert home.placed() == ["alpha"]


async def test_a_declined_change_leaves_what_serves_until_another_host_fits(home: Home) -> None:
    host = await placed(home, placement={"count": 1, "minOwners": 1, "hosts": ["alpha"]})
    home.serves(host)
    await home.settle()
    home.applies(deployment(replicas=3, placement={"count": 1, "minOwners": 1, "hosts": ["alpha"]}))
    await home.settle()
    home.answers(
        host,
        conditions=[
            said("Accepted", status="False", reason="QuotaExceeded", message="3 is too many"),
            said("EndpointReady", reason="EndpointServing"),
        ],
        readyReplicas=1,
        endpoints=[{"address": "10.1.1.1", "port": 30443}],
    )
    await home.settle()
    assert home.placed() == ["alpha"]
    assert home.condition(READY)["reason"] == "QuotaExceeded"
    assert home.condition(ENDPOINT)["status"] == "True"
    assert home.condition(SCHEDULED)["status"] == "False"
    assert home.status()["barred"][0]["times"] == 1
    home.applies(deployment(replicas=3))
    await home.settle()
    assert home.placed() == ["beta"]


async def test_no_host_fits_is_said_with_a_reason_for_each(home: Home) -> None:
    home.reports("alpha", runtimes=["vllm"])
    home.reports("beta", state="Cordoned")
    await home.settle()
    home.applies(deployment())
    await home.settle()
    said_ = home.condition(SCHEDULED)
    assert said_["reason"] == "NoHostFits"
    assert "alpha: RuntimeNotOffered" in said_["message"]
    assert "beta: HostCordoned" in said_["message"]
    assert home.condition(READY)["reason"] == "NoHostFits"
    home.reports("beta")
    await home.settle()
    assert home.placed() == ["beta"]


async def test_too_few_owners_places_what_fits_and_says_so(home: Home) -> None:
    home.reports("beta", owner="alpha-labs")
    await home.settle()
    home.applies(deployment(placement={"count": 2, "minOwners": 2}))
    await home.settle()
    assert len(home.placed()) == 1
    assert home.condition(SCHEDULED)["reason"] == "TooFewOwners"
    await home.joins("gamma")
    assert "gamma" in home.placed()
    assert home.condition(SCHEDULED)["status"] == "True"


async def test_hosts_that_are_not_accepted_get_nothing_new_and_keep_what_they_have(
    home: Home,
) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    home.invites(host, accepted=False)
    home.reports(host)
    home.renews("alpha", "beta")
    await home.settle()
    assert home.placed() == [host]
    home.applies(deployment("second", placement={"count": 2, "minOwners": 1}))
    await home.settle()
    assert home.placed() == sorted([host, other(host)])
    assert "NotAccepted" in home.condition(SCHEDULED, "second")["message"]


async def test_one_gpu_is_not_promised_twice_before_its_host_has_counted(home: Home) -> None:
    one = [{"class": "NVIDIA-L4", "free": 1, "largestOnOneNode": 1}]
    home.reports("alpha", classes=one)
    home.reports("beta", classes=[])
    await home.settle()
    gpu = {"cpu": "1", "memory": "1Gi", "gpu": {"class": "NVIDIA-L4", "count": 1}}
    home.applies(deployment("first", resources=gpu))
    home.applies(deployment("second", resources=gpu))
    home.orders.freeze()
    await home.round()
    home.orders.thaw()
    await home.settle()
    assert home.placed() == ["alpha"]
    (order,) = home.orders_at("alpha")
    waiting = "second" if order["spec"]["deployment"]["name"] == "first" else "first"
    assert "NotEnoughGpus" in home.condition(SCHEDULED, waiting)["message"]
    home.reports("alpha", classes=one, counted=[order["metadata"]["uid"]])
    await home.settle()
    assert len(home.orders_at("alpha")) == 2, "one more is free beside the counted one"


async def test_a_cache_that_lags_makes_no_second_order(home: Home) -> None:
    home.applies(deployment())
    home.orders.freeze()
    home.deployments.freeze()
    for _ in range(3):
        await home.round()
    home.orders.thaw()
    home.deployments.thaw()
    await home.settle()
    assert len(home.placed()) == 1


async def test_an_order_that_an_interrupted_attempt_made_is_adopted(home: Home) -> None:
    home.applies(deployment())
    home.orders.freeze()
    home.api.fail(ApiBroken("500"), verb="apply_status", kind=MODEL_DEPLOYMENT)
    with pytest.raises(ApiBroken):
        await home.looks_at()
    before = home.api.names(MODEL_PLACEMENT)
    home.start()
    await home.informers.sync()
    home.renews("alpha", "beta")
    await home.informers.sync()
    await home.looks_at()
    assert home.api.names(MODEL_PLACEMENT) == before
    home.orders.thaw()
    await home.settle()
    assert home.api.names(MODEL_PLACEMENT) == before


async def test_an_order_that_cannot_be_made_is_tried_again_in_the_same_epoch(home: Home) -> None:
    home.applies(deployment(placement={"count": 1, "hosts": ["alpha"], "minOwners": 1}))
    home.api.fail(ApiBroken("500"), verb="create", kind=MODEL_PLACEMENT, times=3)
    for _ in range(3):
        with pytest.raises(ApiBroken):
            await home.looks_at()
    merges = [each for each in home.api.writes() if each.verb == "merge"]
    assert len(merges) == 1, "each write of ours would wake this deployment again"
    await home.settle()
    assert home.order_at("alpha")["spec"]["epoch"] == 1


async def test_a_strangers_word_changes_nothing(home: Home) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    slices = home.api.objects(ENDPOINT_SLICE)
    home.reports(host, clusterUID="another")
    await home.settle()
    home.serves(host, address="10.9.9.9")
    await home.settle()
    assert home.status()["placements"][0]["reason"] == "IdentityChanged"
    assert home.api.objects(ENDPOINT_SLICE) == slices
    home.declines(host)
    before = home.order_at(host)
    home.applies(deployment(replicas=2))
    await home.settle()
    assert home.order_at(host) == before, "no order is changed there"
    assert home.placed() == [host]


async def test_a_user_who_names_other_hosts_moves_the_deployment_when_one_fits(home: Home) -> None:
    host = await placed(home, placement={"count": 1, "minOwners": 1, "hosts": ["alpha"]})
    home.serves(host)
    home.reports("beta", state="Cordoned")
    await home.settle()
    home.applies(deployment(placement={"count": 1, "minOwners": 1, "hosts": ["beta"]}))
    await home.settle()
    assert home.placed() == ["alpha"], "kept until the new one fits"
    assert home.condition(SCHEDULED)["status"] == "False"
    assert "kept on alpha" in home.condition(SCHEDULED)["message"]
    home.reports("beta")
    await home.settle()
    assert home.placed() == ["beta"]
    assert home.order_at("beta")["spec"]["epoch"] == 2


async def test_a_placement_at_a_deleted_host_is_placed_anew(home: Home) -> None:
    host = await placed(home)
    held = home.api.at(HOST_CLUSTER, host)
    await home.api.delete(HOST_CLUSTER, host, uid=held["metadata"]["uid"])
    await home.settle()
    assert home.placed() == [other(host)]
    assert home.order_at(host)["spec"]["state"] == "Withdrawn"


async def test_two_decisions_share_no_room_while_the_first_order_is_still_being_written(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.reports("beta", state="Cordoned")
    home.reports("alpha", cpuFree=1_500)
    await home.settle()
    for name in ("first", "second"):
        home.applies(deployment(name, resources={"cpu": "1", "memory": "1Gi"}))
    create, answer = FakeKube.create, asyncio.Event()

    async def created(api: FakeKube, kind: Kind, body: Json) -> Json:
        if kind == MODEL_PLACEMENT:
            await answer.wait()
        return await create(api, kind, body)

    monkeypatch.setattr(FakeKube, "create", created)
    first = asyncio.create_task(home.looks_at("first"))
    await asyncio.sleep(0)
    await home.looks_at("second")
    assert home.condition(SCHEDULED, "second")["status"] == "False", "and nobody waits for it"
    answer.set()
    await first
    assert home.condition(SCHEDULED, "first")["status"] == "True"
    assert [obj["spec"]["deployment"]["name"] for obj in home.orders_at("alpha")] == ["first"]


async def test_an_order_that_cannot_be_read_is_not_absent(home: Home) -> None:
    host = await placed(home)
    order = home.order_at(host)
    odd = {**order, "spec": {**order["spec"], "replicas": "as many as you like"}}
    home.api.put(MODEL_PLACEMENT, odd)
    home.reports(host, state="Cordoned")
    await home.round()
    await home.round()
    assert home.orders_at(other(host)) == []
    ready = home.condition(READY)
    assert ready["status"] == "False"
    assert order["metadata"]["name"] in ready["message"]
