"""What a deployment's status says, from its orders alone."""

from typing import Any

import pytest

from fakes.home import said
from fakes.orders import NOW, applied, known, observed, order
from modelbond.api.conditions import ConditionType, find
from modelbond.api.kinds import Json
from modelbond.api.v1alpha1 import Endpoint
from modelbond.placement.host import Heard
from modelbond.reconcile.home_certificate import encoded, secret_text
from modelbond.reconcile.home_conditions import Facts
from modelbond.reconcile.home_deployment import Deployment
from modelbond.reconcile.home_endpoints import believed, slice_body
from modelbond.reconcile.home_events import events_between
from modelbond.reconcile.home_health import Health, placement_of, state_of
from modelbond.reconcile.home_match import holds
from modelbond.reconcile.home_order import Order
from modelbond.reconcile.home_plan import plan
from modelbond.reconcile.home_room import KnownHost
from modelbond.reconcile.home_status import leaving_status, status_of
from modelbond.reconcile.home_stranger import last_words, shown

ACCEPTED = said("Accepted", reason="Accepted")
HERE = [{"address": "10.1.1.1", "port": 30443}]
SERVING: Json = {
    "conditions": [
        ACCEPTED,
        said("ModelVerified", reason="Verified"),
        said("ModelLoaded", reason="Loaded"),
        said("EndpointReady", reason="EndpointServing"),
        said("Ready", reason="Ready"),
    ],
    "replicas": 1,
    "readyReplicas": 1,
    "endpoints": HERE,
}


def status(
    *orders: Order,
    of: Deployment | None = None,
    hosts: tuple[KnownHost, ...] | None = None,
) -> Json:
    seen = observed(*orders, hosts=hosts)
    wished = of or applied()
    placements = [placement_of(each, seen.known.get(each.host)) for each in orders]
    decided = plan(wished, seen)
    facts = Facts(
        deployment=wished,
        plan=decided,
        placements=placements,
        refused={},
        entrance=None,
        client_secret=True,
    )
    return status_of(facts, now=NOW)


def condition(of: Json, about: ConditionType) -> tuple[str, str]:
    found = find(of["conditions"], about)
    assert found is not None
    return found["status"], found["reason"]


def health(answer: Json | None, *, host: KnownHost | None = None, **changed: Any) -> Health:
    return placement_of(order(status=answer, **changed), host or known()).health


def unverified(reason: str) -> Json:
    return {"conditions": [ACCEPTED, said("ModelVerified", status="False", reason=reason)]}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, Health.PENDING),
        ({"conditions": [ACCEPTED], "observedGeneration": 0}, Health.PENDING),
        ({"conditions": [said("Accepted", status="False", reason="Odd")]}, Health.DECLINED),
        ({"conditions": [ACCEPTED]}, Health.PROGRESSING),
        (SERVING, Health.HEALTHY),
        ({**SERVING, "readyReplicas": 0}, Health.PROGRESSING),
        ({**SERVING, "endpoints": []}, Health.DEGRADED),
        (unverified("DigestMismatch"), Health.DEGRADED),
        (unverified("ObjectRefused"), Health.DEGRADED),
        ({**SERVING, "endpoints": [{"address": "8.8.8.8", "port": 1}]}, Health.DEGRADED),
        ({**SERVING, "endpoints": [*HERE, {"address": "8.8.8.8", "port": 1}]}, Health.HEALTHY),
    ],
)
def test_health_follows_from_the_hosts_answer(answer: Json | None, expected: Health) -> None:
    assert health(answer) is expected


def test_health_of_what_is_lost_or_leaving() -> None:
    assert health(SERVING, host=known(heard=Heard.SILENT)) is Health.UNREACHABLE
    assert health(SERVING, host=known(heard=Heard.WAITING)) is Health.HEALTHY
    assert health(SERVING, host=known(identity_changed=True)) is Health.UNREACHABLE
    assert placement_of(order(status=SERVING), None).health is Health.UNREACHABLE
    assert health(SERVING, state="Withdrawn") is Health.WITHDRAWING


def test_some_of_several_replicas_are_degraded_and_not_ready() -> None:
    three = applied(replicas=3)
    found = placement_of(order(of=three, status=SERVING), known())
    assert (found.health, found.ready_replicas) == (Health.DEGRADED, 1)


def test_more_ready_replicas_than_were_asked_for_count_as_asked() -> None:
    assert placement_of(order(status={**SERVING, "readyReplicas": 99}), known()).ready_replicas == 1


def test_progress_is_told_in_steps_of_five() -> None:
    def percent(done: int, total: int) -> int | None:
        progress = {"doneBytes": done, "totalBytes": total}
        found = order(status={"conditions": [ACCEPTED], "progress": progress})
        return state_of(placement_of(found, known())).progress_percent

    assert percent(49, 100) == 45
    assert percent(300, 100) == 100
    assert percent(1, 0) is None


def test_a_deployment_that_serves_is_ready_in_every_respect() -> None:
    found = status(order(status=SERVING))
    assert [each["status"] for each in found["conditions"]] == ["True"] * 6
    assert found["replicas"] == 1
    assert found["selector"] == "modelbond.io/deployment-uid=uid-1"


def test_the_same_facts_give_the_same_status() -> None:
    first = status(order(status=SERVING))
    assert status(order(status=SERVING), of=applied(status=first)) == first


def test_without_placements_the_later_conditions_are_unknown() -> None:
    found = status(hosts=())
    assert condition(found, ConditionType.SCHEDULED) == ("False", "NoHostFits")
    assert condition(found, ConditionType.MODEL_VERIFIED) == ("Unknown", "NoHostFits")
    assert condition(found, ConditionType.ENDPOINT_READY) == ("False", "NoEndpoint")
    assert condition(found, ConditionType.READY) == ("False", "NoHostFits")


def test_the_worst_placement_speaks_for_a_step() -> None:
    two = applied(placement={"count": 2, "minOwners": 1})
    wrong = said("ModelVerified", status="False", reason="FetchFailed", message="404")
    bad = order("beta", of=two, slot=1, status={"conditions": [ACCEPTED, wrong]})
    silent = order("alpha", of=two, status={"conditions": [ACCEPTED]})
    found = status(silent, bad, of=two)
    assert condition(found, ConditionType.MODEL_VERIFIED) == ("False", "FetchFailed")
    assert condition(found, ConditionType.MODEL_LOADED) == ("Unknown", "WaitingForHost")
    assert condition(found, ConditionType.READY) == ("False", "FetchFailed")
    unsure = said("ModelVerified", status="Unknown", reason="Fetching")
    found = status(order(status={"conditions": [ACCEPTED, unsure]}))
    assert condition(found, ConditionType.MODEL_VERIFIED) == ("Unknown", "Fetching")


def test_one_endpoint_is_enough_to_serve_and_not_to_be_ready() -> None:
    two = applied(placement={"count": 2, "minOwners": 1})
    found = status(
        order("alpha", of=two, status=SERVING),
        order("beta", of=two, slot=1, status={"conditions": [ACCEPTED]}),
        of=two,
    )
    assert condition(found, ConditionType.ENDPOINT_READY) == ("True", "EndpointServing")
    assert condition(found, ConditionType.READY) == ("False", "Progressing")
    assert found["summary"] == {"desired": 2, "placed": 2, "ready": 1, "hosts": "1/2"}
    assert found["replicas"] == 0, "of the least ready placement"


def test_a_certificate_that_is_waited_for_is_said() -> None:
    waits = [
        said(about, status="False", reason="WaitingForCertificate")
        for about in ("ModelVerified", "ModelLoaded", "EndpointReady")
    ]
    found = status(order(status={"conditions": [ACCEPTED, *waits]}))
    assert condition(found, ConditionType.ENDPOINT_READY) == ("False", "WaitingForCertificate")


def test_the_placement_that_lives_stands_for_its_slot() -> None:
    gone = order("alpha", status=SERVING, state="Withdrawn", epoch=1)
    new = order("beta", epoch=2)
    found = status(gone, new)
    assert [(each["host"], each["epoch"]) for each in found["placements"]] == [("beta", 2)]
    leaving = leaving_status(
        applied(status=found),
        [placement_of(gone, known())],
        hosts=["alpha"],
        refused={},
        leases={},
        now=NOW,
    )
    assert leaving["placements"][0]["health"] == "Withdrawing"
    assert condition(leaving, ConditionType.READY) == ("False", "Withdrawing")
    assert "alpha" in leaving["conditions"][0]["message"]


def test_the_newest_failure_is_told_and_a_strangers_is_not() -> None:
    def failing(host: str, time: str, *, slot: int) -> Order:
        failure = {
            "location": "triton",
            "reason": "LoadFailed",
            "message": host,
            "retriable": False,
            "time": time,
        }
        return order(host, slot=slot, status={"conditions": [ACCEPTED], "lastFailure": failure})

    old = failing("alpha", "2026-01-01T00:00:00Z", slot=0)
    new = failing("beta", "2026-01-01T01:00:00Z", slot=1)
    assert status(old, new)["lastFailure"]["host"] == "beta"
    hosts = (known(), known("beta", identity_changed=True))
    assert status(old, new, hosts=hosts)["lastFailure"]["host"] == "alpha"


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "localhost", "", "127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1"]
)
def test_addresses_that_lead_elsewhere_are_refused(address: str) -> None:
    everything = ["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/32", "224.0.0.0/4"]
    found = believed([Endpoint(address=address, port=1)], cidrs=everything)
    assert (found.endpoints, found.refused) == ((), (address,))


def test_one_family_and_one_port_make_a_slice() -> None:
    endpoints = [
        Endpoint(address="fd00::1", port=1),
        Endpoint(address="10.0.0.1", port=1),
        Endpoint(address="fd00::2", port=1),
        Endpoint(address="fd00::3", port=2),
    ]
    found = believed(endpoints, cidrs=["fd00::/8", "10.0.0.0/8", "nonsense"])
    assert [each.address for each in found.endpoints] == ["fd00::1", "fd00::2"]
    assert found.refused == ()
    body = slice_body(applied(), host="alpha", endpoints=found.endpoints, serving=False)
    assert body["addressType"] == "IPv6"
    assert body["endpoints"][0]["conditions"] == {"ready": False, "serving": False}


def test_events_tell_each_step_once() -> None:
    first = status(hosts=(known(),))
    placed = status(order(), hosts=(known(),))
    serving = status(order(status=SERVING), hosts=(known(),))
    silent = status(order(status=SERVING), hosts=(known(heard=Heard.SILENT),))
    gone = status(order(status=SERVING, state="Withdrawn"), hosts=(known(),))

    def told(before: Json, after: Json) -> list[tuple[str, bool]]:
        return [(each.reason, each.good) for each in events_between(before, after)]

    assert told(first, placed) == [("Placed", True)]
    assert told(placed, serving) == [("Ready", True)]
    assert told(serving, silent) == [("LostContact", False)]
    assert told(silent, serving) == [("ContactBack", True), ("Ready", True)]
    assert told(serving, gone) == [("Withdrawn", True), ("NoHostFits", False)]
    assert told(serving, serving) == []
    assert told({}, gone) == [("NoHostFits", False)]


def test_text_of_strangers_is_cut_and_cleaned() -> None:
    assert shown("a\x00b\u202ec\nd") == "a b c\nd"
    assert len(shown("x" * 1000)) == 512
    assert last_words("x" * 2000 + "end").endswith("xend")
    assert len(last_words("x" * 2000)) == 1024


def test_what_the_api_server_adds_is_no_difference() -> None:
    assert holds({"a": 1, "b": [{"c": 1, "d": 2}]}, {"b": [{"c": 1}]})
    assert not holds({"b": [{"c": 1}, {"c": 2}]}, {"b": [{"c": 1}]})
    assert not holds({"b": "words"}, {"b": [1]})
    assert not holds("words", {"b": 1})
    assert not holds({}, {"b": 1})


def test_a_secret_value_that_is_no_text_is_none() -> None:
    assert secret_text({"data": encoded({"a": "b"})}, "a") == "b"
    assert secret_text({"data": {"a": "%%%"}}, "a") is None
    assert secret_text({"data": {"a": "gICA"}}, "a") is None
    assert secret_text(None, "a") is None
