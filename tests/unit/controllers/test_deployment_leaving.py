"""A deployment that is deleted goes, whatever its hosts do."""

from datetime import timedelta

import pytest

from fakes.home import Home, deployment, placed
from modelbond.api.conditions import ConditionType
from modelbond.api.kinds import (
    MODEL_DEPLOYMENT,
    MODEL_PLACEMENT,
    SECRET,
    SERVICE,
    key_of,
)
from modelbond.errors import Conflicted, Forbidden
from modelbond.ports.process import Again

READY = ConditionType.READY


async def test_a_finalizer_that_a_person_removed_comes_back_while_orders_live(home: Home) -> None:
    host = await placed(home)
    held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    home.api.put(MODEL_DEPLOYMENT, {**held, "metadata": {**held["metadata"], "finalizers": []}})
    await home.settle()
    held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    assert held["metadata"]["finalizers"] == ["modelbond.io/home"]
    assert home.placed() == [host]


async def test_a_deployment_that_vanished_before_its_first_order_gets_none(home: Home) -> None:
    home.applies(deployment())
    home.deployments.freeze()
    await home.deletes()
    with pytest.raises(Conflicted):
        await home.looks_at()
    assert home.placed() == []


async def test_a_deleted_deployment_that_was_never_placed_goes_at_once(home: Home) -> None:
    body = deployment()
    body["metadata"]["finalizers"] = ["somebody.else/holds"]
    home.applies(body)
    await home.deletes()
    await home.settle()
    held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    assert held["metadata"]["finalizers"] == ["somebody.else/holds"]


async def test_a_deleted_deployment_goes_once_its_host_released_the_copy(home: Home) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    await home.deletes()
    await home.settle()
    assert home.order_at(host)["spec"]["state"] == "Withdrawn"
    assert home.condition(READY)["reason"] == "Withdrawing"
    home.releases(host)
    await home.settle()
    home.api.collect_garbage()
    assert home.api.names(MODEL_DEPLOYMENT) == []
    assert home.api.names(MODEL_PLACEMENT) == []
    assert home.api.names(SERVICE) == []
    assert home.api.names(SECRET) == ["modelbond-system/modelbond-ca"]


async def test_a_host_dead_at_delete_holds_it_up_for_a_bounded_time_only(home: Home) -> None:
    host = await placed(home)
    home.serves(host)
    await home.settle()
    home.clock.pass_by(16)
    await home.settle()
    await home.deletes()
    await home.settle()
    home.clock.pass_by(59)
    await home.settle()
    assert home.api.names(MODEL_DEPLOYMENT) == ["models/llama"]
    home.clock.pass_by(2)
    await home.settle()
    assert home.api.names(MODEL_DEPLOYMENT) == []
    assert home.order_at(host)["spec"]["state"] == "Withdrawn", "the tombstone waits for the host"
    home.renews(host)
    home.releases(host)
    await home.settle()
    assert home.orders_at(host) == []


async def test_a_live_host_that_never_confirms_holds_it_up_longer_but_not_for_ever(
    home: Home,
) -> None:
    host = await placed(home)
    await home.deletes()
    await home.settle()
    for _ in range(30):
        home.clock.pass_by(10)
        home.renews("alpha", "beta")
        await home.settle()
        if not home.api.names(MODEL_DEPLOYMENT):
            break
        assert home.order_at(host)["spec"]["state"] == "Withdrawn"
    assert home.api.names(MODEL_DEPLOYMENT) == []


async def test_a_deadline_is_measured_here_and_not_by_the_api_servers_clock(home: Home) -> None:
    host = await placed(home)
    home.clock.start -= timedelta(days=1)
    await home.deletes()
    home.clock.start += timedelta(days=1)
    await home.settle()
    assert home.api.names(MODEL_DEPLOYMENT) == ["models/llama"]
    assert home.order_at(host)["spec"]["state"] == "Withdrawn"


async def test_a_start_of_the_operator_waits_anew(home: Home) -> None:
    await placed(home)
    home.clock.pass_by(16)
    await home.settle()
    await home.deletes()
    await home.settle()
    home.clock.pass_by(59)
    home.start()
    await home.settle()
    home.clock.pass_by(59)
    await home.settle()
    assert home.api.names(MODEL_DEPLOYMENT) == ["models/llama"]
    home.clock.pass_by(2)
    await home.settle()
    assert home.api.names(MODEL_DEPLOYMENT) == []


async def test_a_deployment_made_anew_and_deleted_again_is_waited_for_anew(home: Home) -> None:
    await placed(home)
    home.clock.pass_by(16)
    await home.settle()
    for _ in range(2):
        await home.deletes()
        await home.settle()
        home.clock.pass_by(59)
        await home.settle()
        assert home.api.names(MODEL_DEPLOYMENT) == ["models/llama"]
        home.clock.pass_by(2)
        await home.settle()
        assert home.api.names(MODEL_DEPLOYMENT) == []
        home.api.collect_garbage()
        home.renews("alpha", "beta")
        await home.settle()
        home.applies(deployment())
        await home.settle()
        home.clock.pass_by(16)
        await home.settle()


async def test_an_order_of_another_version_is_withdrawn_and_holds_nothing_up(home: Home) -> None:
    host = await placed(home)
    order = home.order_at(host)
    order["spec"]["model"] = {"of": "another version"}
    home.api.put(MODEL_PLACEMENT, order)
    await home.deletes()
    await home.looks_at()
    assert home.order_at(host)["spec"]["state"] == "Withdrawn"
    assert host in home.condition(READY)["message"]
    home.clock.pass_by(301)
    await home.looks_at()
    assert home.api.names(MODEL_DEPLOYMENT) == []
    home.answers(host, released=True, conditions=[])
    await home.order_controller.reconcile(key_of(order))
    assert home.orders_at(host) == [], "its tombstone goes too"


async def test_a_deployment_of_another_version_is_let_go(home: Home) -> None:
    host = await placed(home)
    broken = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    broken["spec"]["replicas"] = "as many as it takes"
    home.api.put(MODEL_DEPLOYMENT, broken)
    await home.deletes()
    await home.settle()
    home.releases(host)
    await home.settle()
    assert home.api.names(MODEL_DEPLOYMENT) == []


async def test_an_order_that_may_not_be_withdrawn_is_told_and_holds_nothing_up(
    home: Home,
) -> None:
    host = await placed(home)
    home.clock.pass_by(16)
    await home.settle()
    await home.deletes()
    home.api.fail(Forbidden("denied by webhook"), verb="merge", kind=MODEL_PLACEMENT, times=2)
    await home.looks_at()
    assert "denied by webhook" in home.condition(READY)["message"]
    home.clock.pass_by(61)
    await home.looks_at()
    assert home.api.names(MODEL_DEPLOYMENT) == []
    await home.settle()
    assert home.order_at(host)["spec"]["state"] == "Withdrawn", "said once it may be"


async def test_what_is_gone_needs_nothing(home: Home) -> None:
    outcome = await home.looks_at("never-was")
    assert not isinstance(outcome, Again)
