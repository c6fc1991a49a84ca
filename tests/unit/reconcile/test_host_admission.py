from typing import Any

import pytest
from msgspec import structs

from fakes.host_world import ORDER, home_spec, node, order_spec
from fakes.rooms import room_of
from modelbond.api.conditions import Reason
from modelbond.api.config import Runtime, Toleration
from modelbond.api.kinds import Json
from modelbond.reconcile.host_admission import MOST_COPIES, Accepted, Declined, Verdict, admit
from modelbond.reconcile.host_ledger import Amounts, Demand, Ledger, Place, Reservation
from modelbond.reconcile.host_order import order_of
from modelbond.reconcile.host_room import Room
from modelbond.reconcile.host_terms import Terms, terms_of

RUNTIMES = {"triton": Runtime(image="triton:1", formats=("onnx",))}
GPU = {"cpu": "1", "memory": "1Gi", "gpu": {"class": "NVIDIA-L4", "count": 2}}


def terms(*, runtimes: dict[str, Runtime] | None = None, **spec: Any) -> Terms:
    home = {"metadata": {"name": "h-00000000", "uid": "h"}, "spec": home_spec(**spec)}
    return terms_of(home, offered=runtimes or RUNTIMES)


def order(**spec: Any) -> Json:
    meta = {"name": ORDER, "namespace": "n", "uid": "order-uid"}
    return {"metadata": meta, "spec": order_spec(**spec)}


def answer(
    *,
    of: Terms | None = None,
    ledger: Ledger | None = None,
    room: Room | None = None,
    **spec: Any,
) -> Verdict:
    return admit(order_of(order(**spec)), terms=of or terms(), ledger=ledger or Ledger(), room=room)


def reason(verdict: Verdict) -> Reason:
    assert isinstance(verdict, Declined)
    return verdict.reason


def held(uid: str = "other", *, name: str = "other", **amounts: Any) -> Ledger:
    demand = Demand(replicas=1, each=Amounts(**amounts))
    place = Place(home="h-00000000", order=name)
    return Ledger({place: Reservation(order_uid=uid, demand=demand)})


def test_an_order_within_policy_quota_and_room_is_promised_what_it_asks_for() -> None:
    verdict = answer(replicas=2, room=room_of([node()], []))
    assert verdict == Accepted(
        reservation=Reservation(
            order_uid="order-uid",
            demand=Demand(replicas=2, each=Amounts(cpu_milli=1000, memory_bytes=2**30)),
        )
    )


@pytest.mark.parametrize(
    ("of", "wanted"),
    [
        (terms(state="Drained"), Reason.HOST_DRAINED),
        (terms(state="Cordoned"), Reason.HOST_CORDONED),
        (terms(policy={"runtimes": ["vllm"], "formats": ["onnx"]}), Reason.RUNTIME_NOT_ALLOWED),
        (terms(policy={"runtimes": ["triton"], "formats": []}), Reason.FORMAT_NOT_ALLOWED),
        (
            terms(policy={"runtimes": ["triton"], "formats": ["onnx"]}),
            Reason.SOURCE_NOT_ALLOWED,
        ),
        (
            terms(policy={"runtimes": ["triton"], "formats": ["onnx"], "sources": ["not a place"]}),
            Reason.SOURCE_NOT_ALLOWED,
        ),
        (terms(runtimes={"other": RUNTIMES["triton"]}), Reason.RUNTIME_NOT_ALLOWED),
        (
            terms(runtimes={"triton": structs.replace(RUNTIMES["triton"], formats=())}),
            Reason.FORMAT_NOT_ALLOWED,
        ),
        (terms(quota={"cpu": "0"}), Reason.QUOTA_EXCEEDED),
    ],
)
def test_what_the_owner_did_not_open_stays_closed(of: Terms, wanted: Reason) -> None:
    assert reason(answer(of=of)) == wanted


def test_a_cordoned_host_still_takes_changes_of_what_it_serves() -> None:
    ledger = held(name=ORDER, cpu_milli=1000)
    assert isinstance(answer(of=terms(state="Cordoned"), ledger=ledger), Accepted)


def test_one_source_within_the_policy_is_enough() -> None:
    model = {**order_spec()["model"], "sources": ["http://elsewhere/", "http://files/magika/"]}
    assert isinstance(answer(model=model), Accepted)


def test_the_quota_names_everything_that_is_short() -> None:
    verdict = answer(of=terms(quota={"cpu": "500m", "memory": "512Mi"}), resources=GPU, room=None)
    assert isinstance(verdict, Declined)
    assert verdict.message.endswith(
        "cpu 1 of 500m left, memory 1Gi of 512Mi left, NVIDIA-L4 2 of 0 left"
    )


def test_what_others_hold_is_not_promised_twice() -> None:
    ledger = held(cpu_milli=7500)
    assert reason(answer(ledger=ledger)) == Reason.QUOTA_EXCEEDED


def test_an_order_does_not_compete_with_itself() -> None:
    ledger = held(name=ORDER, cpu_milli=8000)
    assert isinstance(answer(ledger=ledger, replicas=8), Accepted)


def test_replicas_must_find_nodes() -> None:
    verdict = answer(resources=GPU, room=room_of([node(gpus=1), node("n2", gpus=1)], []))
    assert isinstance(verdict, Declined)
    assert verdict.reason == Reason.NO_CAPACITY
    assert "0 of 1" in verdict.message


def test_a_runtimes_own_nodes_are_asked_for() -> None:
    special = Runtime(
        image="t",
        formats=("onnx",),
        node_selector={"pool": "models"},
        tolerations=(Toleration(key="dedicated", operator="Exists"),),
    )
    of = terms(runtimes={"triton": special})
    assert reason(answer(of=of, room=room_of([node()], []))) == Reason.NO_CAPACITY
    dedicated = node()
    dedicated["metadata"]["labels"]["pool"] = "models"
    dedicated["spec"]["taints"] = [{"key": "dedicated", "effect": "NoSchedule"}]
    assert isinstance(answer(of=of, room=room_of([dedicated], [])), Accepted)


def test_paused_orders_take_no_quota_and_still_find_an_end() -> None:
    paused = Reservation(order_uid="o", demand=Demand(replicas=0, each=Amounts()))
    places = [Place(home="h-00000000", order=f"paused-{n}") for n in range(MOST_COPIES)]
    full = Ledger(dict.fromkeys(places, paused))
    assert reason(answer(ledger=full, replicas=0)) is Reason.QUOTA_EXCEEDED
    known = Ledger(
        {**dict.fromkeys(places[1:], paused), Place(home="h-00000000", order=ORDER): paused}
    )
    assert isinstance(answer(ledger=known, replicas=0), Accepted), "one that is held may change"
    elsewhere = Ledger({Place(home="other-00000000", order=p.order): paused for p in places})
    assert isinstance(answer(ledger=elsewhere, replicas=0), Accepted), "another home's are its own"
