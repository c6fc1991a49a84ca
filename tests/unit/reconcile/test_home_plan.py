"""From what is wished and what is there to the smallest set of actions."""

from dataclasses import replace
from typing import Any

import pytest

from fakes.home import OTHER_DIGEST, deployment, said
from fakes.orders import NOW, applied, known, observed, order
from modelbond.api.kinds import Json
from modelbond.placement.host import Heard
from modelbond.reconcile.home_bars import active, bars_of, delay_seconds, next_end
from modelbond.reconcile.home_deployment import deployment_of, difference
from modelbond.reconcile.home_leave import seconds_to_wait
from modelbond.reconcile.home_names import host_of, order_name
from modelbond.reconcile.home_order import order_of
from modelbond.reconcile.home_plan import plan, reader_version
from modelbond.reconcile.home_room import candidates

REFUSAL = [said("Accepted", status="False", reason="QuotaExceeded", message="no")]


def bar(**changed: Any) -> Json:
    facts = {
        "host": "alpha",
        "generation": 1,
        "times": 1,
        "reason": "QuotaExceeded",
        "message": "no",
        "policyRevision": "p1",
        "until": "2026-01-01T13:00:00Z",
    }
    return {**facts, **changed}


def test_a_new_deployment_is_placed_in_epoch_one() -> None:
    found = plan(applied(), observed())
    (place,) = found.place
    assert place.body["spec"]["epoch"] == 1
    assert (found.last_epoch, found.withdraw, found.change) == (1, (), ())


def test_a_settled_deployment_needs_nothing() -> None:
    found = plan(applied(), observed(order()))
    assert (found.place, found.withdraw, found.change, found.unwished) == ((), (), (), ())
    assert found.last_epoch == 1


def test_epochs_grow_beyond_every_epoch_ever_given() -> None:
    body = deployment()
    body["metadata"] |= {
        "uid": "uid-1",
        "resourceVersion": "1",
        "annotations": {"modelbond.io/last-epoch": "41"},
    }
    assert plan(deployment_of(body), observed()).last_epoch == 42


@pytest.mark.parametrize("text", ["-1", "many", "9" * 40, ""])
def test_an_epoch_that_somebody_scribbled_counts_as_none(text: str) -> None:
    body = deployment()
    body["metadata"] |= {
        "uid": "u",
        "resourceVersion": "1",
        "annotations": {"modelbond.io/last-epoch": text},
    }
    assert deployment_of(body).last_epoch == 0


def test_only_what_changed_is_patched() -> None:
    wished = applied(replicas=2)
    (change,) = plan(wished, observed(order())).change
    assert change.spec == {"replicas": 2, "deployment": {"generation": 1}}
    changed = deployment()["spec"]["model"] | {"digest": OTHER_DIGEST}
    (change,) = plan(applied(model=changed), observed(order())).change
    assert change.spec["model"] == {"digest": OTHER_DIGEST}


def test_an_order_from_an_older_home_is_told_which_version_reads_its_answers_now() -> None:
    seen = replace(observed(order(status={"conditions": REFUSAL})), home_version="0.2.0")
    found = plan(applied(placement={"count": 2, "minOwners": 1}), seen)
    assert found.change == (), "it leaves anyway"
    seen = replace(observed(order()), home_version="0.2.0")
    (change,) = plan(applied(), seen).change
    assert (change.spec, change.home_version) == ({}, "0.2.0")
    withdrawn = replace(observed(order(state="Withdrawn")), home_version="0.2.0")
    assert plan(applied(), withdrawn).change == ()


def test_what_is_not_wished_any_more_is_patched_away() -> None:
    assert difference({"a": 1, "b": {"c": 1, "d": 2}}, {"a": 1, "b": {"c": 3}}) == {
        "b": {"c": 3, "d": None}
    }
    assert difference(1, {"a": 1}) == {"a": 1}


def test_a_withdrawn_order_is_not_changed_and_its_host_not_asked_again_yet() -> None:
    found = plan(applied(replicas=2), observed(order(state="Withdrawn"), hosts=(known(),)))
    assert (found.change, found.place, found.withdraw) == ((), (), ())
    assert found.decision.vacant == 1


def test_a_refused_order_is_withdrawn_and_its_host_barred() -> None:
    found = plan(applied(), observed(order(status={"conditions": REFUSAL})))
    assert [each.order.host for each in found.withdraw] == ["alpha"]
    assert [each.host for each in found.place] == ["beta"]
    assert [(each.host, each.until) for each in found.bars] == [("alpha", "2026-01-01T12:00:30Z")]
    assert found.bars[0].policy_revision == "p1"


def test_a_refusal_of_an_older_order_is_not_one_of_this() -> None:
    stale = order(status={"conditions": REFUSAL, "observedGeneration": 1}, generation=2)
    assert plan(applied(), observed(stale)).withdraw == ()


def test_a_refusal_is_moot_once_the_order_changes() -> None:
    found = plan(applied(replicas=2), observed(order(status={"conditions": REFUSAL})))
    assert found.withdraw == ()
    assert len(found.change) == 1


def test_a_refusal_by_a_stranger_is_none() -> None:
    hosts = (known(identity_changed=True), known("beta"))
    found = plan(applied(), observed(order(status={"conditions": REFUSAL}), hosts=hosts))
    assert (found.withdraw, found.bars) == ((), ())


def test_a_barred_host_is_passed_over_until_its_time() -> None:
    status = {"barred": [bar()]}
    found = plan(applied(status=status), observed(hosts=(known(),)))
    assert found.place == ()
    assert next_end(found.bars, now=NOW) == 3600
    over = plan(applied(status={"barred": [bar(until="2026-01-01T11:00:00Z")]}), observed())
    assert len(over.place) == 1
    assert next_end(over.bars, now=NOW) is None
    assert active(over.bars, now=NOW) == {}


@pytest.mark.parametrize(
    "lifted",
    [bar(generation=0), bar(host="gone"), {"host": "alpha"}, "words"],
)
def test_a_bar_is_lifted_by_what_made_it_moot(lifted: object) -> None:
    found = plan(applied(status={"barred": [lifted]}), observed(hosts=(known(),)))
    assert len(found.place) == 1
    assert found.bars == ()


def test_a_changed_policy_is_asked_at_once_and_what_it_refused_before_is_remembered() -> None:
    status = {"barred": [bar(policyRevision="p0")]}
    found = plan(applied(status=status), observed(hosts=(known(),)))
    assert len(found.place) == 1
    assert [(each.times, each.until) for each in found.bars] == [(1, "2026-01-01T12:00:00Z")]


def test_a_host_that_changes_its_policy_between_refusals_waits_all_the_same() -> None:
    status = {"barred": [bar(policyRevision="p0", times=3)]}
    found = plan(applied(status=status), observed(hosts=(known(),)))
    assert found.place == ()
    assert [(each.times, each.until) for each in found.bars] == [(3, "2026-01-01T12:01:00Z")]
    assert found.bars[0].policy_revision == "p1"


def test_a_bar_of_a_host_without_a_report_stays() -> None:
    silent = known(report=None, heard=Heard.NEVER)
    assert len(plan(applied(status={"barred": [bar()]}), observed(hosts=(silent,))).bars) == 1


def test_delays_double_up_to_an_hour() -> None:
    assert [delay_seconds(times) for times in (1, 2, 3, 7, 8, 10**6)] == [
        30,
        60,
        120,
        1920,
        3600,
        3600,
    ]


def test_bars_that_are_no_list_are_no_bars() -> None:
    assert bars_of({"barred": "all"}) == ()


def test_an_unwished_placement_goes_only_when_another_fits() -> None:
    wished = applied(placement={"count": 1, "hosts": ["beta"], "minOwners": 1})
    found = plan(wished, observed(order()))
    assert [each.order.host for each in found.withdraw] == ["alpha"]
    assert [each.host for each in found.place] == ["beta"]
    closed = plan(wished, observed(order(), hosts=(known(), known("beta", accepted=False))))
    assert (closed.withdraw, closed.place) == ((), ())
    assert [each.order.host for each in closed.unwished] == ["alpha"]


def test_the_worst_goes_when_fewer_are_wished() -> None:
    two = applied(placement={"count": 2, "minOwners": 1})
    good = order("beta", of=two, slot=1, status={"readyReplicas": 1})
    bad = order("alpha", of=two)
    one = applied(placement={"count": 1, "minOwners": 1})
    found = plan(one, observed(bad, good))
    assert [(each.order.host, each.why) for each in found.withdraw] == [
        ("alpha", "placement.count is lower")
    ]
    silent = (known("alpha"), known("beta", heard=Heard.SILENT))
    found = plan(one, observed(bad, good, hosts=silent))
    assert [each.order.host for each in found.withdraw] == ["beta"]
    stranger = (known("alpha"), known("beta", identity_changed=True))
    found = plan(one, observed(bad, good, hosts=stranger))
    assert [each.order.host for each in found.withdraw] == ["beta"], "whatever it says of itself"


def test_a_placement_without_its_hostcluster_is_withdrawn_and_placed_anew() -> None:
    found = plan(applied(), observed(order("gone")))
    assert [each.why for each in found.withdraw] == ["its HostCluster was deleted"]
    assert len(found.place) == 1


def test_the_reader_of_an_unknown_version_is_the_oldest() -> None:
    assert reader_version(None) == "0.1.0"
    assert reader_version(known(offers={"version": "0.2.0"})) == "0.2.0"


def test_room_is_less_by_orders_that_the_host_has_not_counted() -> None:
    first = order().spec
    raw = {
        "metadata": {
            "name": "x",
            "namespace": "modelbond-host-alpha",
            "uid": "order-x",
            "resourceVersion": "1",
            "labels": {"modelbond.io/deployment-uid": "other"},
        },
        "spec": {
            "role": "Order",
            "deployment": {"namespace": "m", "name": "x", "uid": "other", "generation": 1},
            "host": "alpha",
            "slot": 0,
            "epoch": 1,
            "model": deployment()["spec"]["model"],
            "runtime": "triton",
            "resources": {"cpu": "2", "memory": "1Gi"},
            "replicas": 1,
        },
    }
    assert first.replicas == 1

    def free(host: Any, *orders: Json) -> int:
        (candidate,) = candidates([host], orders)
        assert candidate.offer is not None
        return candidate.offer.cpu_free_milli

    assert free(known(), raw) == 62_000
    assert free(known(counted=frozenset({"order-x"})), raw) == 64_000
    assert free(known(), {**raw, "spec": {**raw["spec"], "state": "Withdrawn"}}) == 64_000
    assert free(known(), {**raw, "spec": {"role": "Order"}}) == 64_000
    elsewhere = {**raw, "metadata": {**raw["metadata"], "namespace": "modelbond-host-beta"}}
    assert free(known(), elsewhere) == 64_000
    assert candidates([known(report=None)], [raw])[0].offer is None


def test_a_silent_host_is_waited_for_shorter_than_a_live_one() -> None:
    hosts = {"alpha": known(heard=Heard.SILENT), "beta": known("beta")}

    def left(*names: str, waited: float = 0) -> float:
        return seconds_to_wait(
            names,
            known=hosts,
            waited_seconds=waited,
            deadline_seconds=60,
        )

    assert left() == 0
    assert left("alpha") == left("gone") == 60
    assert left("alpha", "beta") == 300
    assert left("alpha", waited=61) == 0
    hosts["beta"] = known("beta", identity_changed=True)
    assert left("beta") == 60


def test_names_can_be_computed() -> None:
    assert order_name("llama", uid="uid-1") == order_name("llama", uid="uid-1")
    assert order_name("llama", uid="uid-1") != order_name("llama", uid="uid-2")
    assert len(order_name("x" * 40, uid="u")) == 49
    assert host_of("modelbond-host-alpha") == "alpha"
    assert host_of("modelbond-host-") is None
    assert host_of("models") is None
    assert host_of(None) is None


def test_objects_that_are_not_ours_are_no_orders() -> None:
    meta = {"name": "x", "namespace": "modelbond-host-alpha", "uid": "u", "resourceVersion": "1"}
    assert order_of({"metadata": meta, "spec": {"role": "Order"}}) is None
    labels = {"modelbond.io/deployment-uid": "d"}
    broken = {"metadata": {**meta, "labels": labels}, "spec": {"role": "Order"}}
    assert order_of(broken) is None
