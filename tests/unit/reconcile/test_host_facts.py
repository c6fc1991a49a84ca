import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from fakes.host_world import home_spec, jwt, node, order_spec
from fakes.rooms import room_of
from fakes.workloads import RUNTIME
from modelbond.api.conditions import Reason
from modelbond.api.config import HostConfig
from modelbond.errors import Refused
from modelbond.reconcile.host_course import (
    Present,
    Refuse,
    Rest,
    Unseen,
    course_with_copy,
    dismissed,
)
from modelbond.reconcile.host_join import claims_of, invitation_of
from modelbond.reconcile.host_ledger import Ledger
from modelbond.reconcile.host_order import order_of, workload_of
from modelbond.reconcile.host_report import report_for
from modelbond.reconcile.host_terms import Terms, seconds_of, terms_of

CONFIG = HostConfig(owner="alpha", edge_image="edge:1", runtimes={"triton": RUNTIME})


def terms(**spec: Any) -> Terms:
    home = {"metadata": {"name": "h-00000000", "uid": "h"}, "spec": home_spec(**spec)}
    return terms_of(home, offered=CONFIG.runtimes)


def report(*, read_nodes: bool = True, gpus: int = 1, **spec: Any) -> Any:
    room = room_of([node("a", gpus=gpus), node("b", gpus=gpus)], []) if read_nodes else None
    return report_for(
        terms(**spec), config=CONFIG, ledger=Ledger(), room=room, cluster_uid="c", version="0.1.0"
    )


def test_free_is_the_smaller_of_quota_and_room() -> None:
    found = report(
        quota={"cpu": "4", "memory": "1Ti", "gpus": [{"class": "NVIDIA-L4", "count": 9}]}
    )
    assert found.cpu_free_milli == 4000
    assert found.memory_free_bytes == 128 * 2**30
    assert (found.classes[0].free, found.classes[0].largest_on_one_node) == (2, 1)


def test_without_the_right_to_read_nodes_the_quota_is_the_free_count() -> None:
    found = report(read_nodes=False)
    assert (found.classes[0].free, found.classes[0].largest_on_one_node) == (2, 2)


def test_a_class_that_the_owner_did_not_open_is_not_shown() -> None:
    assert report(quota={"cpu": "1"}).classes == ()


@pytest.mark.parametrize(
    "spec",
    [
        {"state": "Cordoned"},
        {"quota": {"cpu": "1"}},
        {"policy": {"runtimes": ["triton"], "formats": []}},
        {"policy": {"runtimes": [], "formats": ["onnx"], "sources": ["http://files/"]}},
    ],
)
def test_the_policy_revision_changes_with_whatever_admission_reads(spec: dict[str, Any]) -> None:
    assert terms(**spec).revision != terms().revision


def test_the_policy_revision_does_not_change_with_the_rest() -> None:
    rest = {"endpoint": {"addresses": ["192.0.2.1"]}, "cache": {"claimName": "weights"}}
    assert terms(**rest).revision == terms().revision
    assert terms(**rest).cache_claim == "weights"


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("15m", 900), ("72h", 259_200), ("soon", 0)]
)
def test_durations_are_read_in_seconds(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


def test_a_token_tells_its_namespace_name_and_lifetime() -> None:
    claims = claims_of(jwt(issued=100, seconds=50))
    assert (claims.namespace, claims.host_name) == ("modelbond-host-alpha", "alpha")
    assert (claims.lifetime_seconds, claims.expires_at) == (50.0, 150.0)


DEEP = base64.urlsafe_b64encode(b"[" * 6000).decode()


@pytest.mark.parametrize("token", ["", "a.b", "a.!!.c", "a.W10.c", "a.e30.c", f"a.{DEEP}.c"])
def test_what_is_no_hosts_token_is_refused(token: str) -> None:
    with pytest.raises(Refused, match="invite again"):
        claims_of(token)


def test_a_token_without_times_is_read_all_the_same() -> None:
    subject = {"sub": "system:serviceaccount:modelbond-host-alpha:host"}
    body = base64.urlsafe_b64encode(json.dumps(subject).encode()).decode().rstrip("=")
    assert claims_of(f"x.{body}.y").lifetime_seconds is None


@pytest.mark.parametrize("value", ["%%%", "gICA", ""])
def test_an_invitation_that_is_no_text_is_refused(value: str) -> None:
    secret = {"data": {"server": value, "ca": "eA==", "token": "eA=="}}
    with pytest.raises(Refused, match="invite again"):
        invitation_of(secret, server="https://x")


@pytest.mark.parametrize(("runtime", "offered"), [("triton", True), ("vllm", False)])
def test_a_copy_is_known_to_have_a_runtime_that_is_not_offered_any_more(
    runtime: str, *, offered: bool
) -> None:
    spec = {**order_spec(), "role": "Copy", "runtime": runtime}
    copy = {"metadata": {"name": "c", "namespace": "n", "uid": "u"}, "spec": spec}
    assert workload_of(copy, terms=terms(), edge_image="edge:1").offered is offered


def test_a_copy_of_another_home_is_left_alone() -> None:
    origin = {"homeCluster": "h-00000000", "homeClusterUID": "h", "homeUID": "another home"}
    copy = {"metadata": {}, "spec": {**order_spec(), "role": "Copy", "origin": origin}}
    course = course_with_copy(
        copy,
        view=Unseen(reason=Reason.UNREACHABLE, message="m"),
        terms=terms(),
        home_uid="the home",
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert isinstance(course, Rest)


def test_a_copy_taken_back_for_a_reason_of_a_newer_version_is_declined() -> None:
    accepted = {"type": "Accepted", "status": "False", "reason": "NewWord", "message": "m"}
    found = dismissed({"status": {"conditions": [accepted]}})
    assert found is not None
    assert found.reason == Reason.DECLINED


def test_an_order_of_another_uid_is_refused_while_the_earlier_copy_runs() -> None:
    origin = {"homeCluster": "h-00000000", "homeClusterUID": "h", "homeUID": "home"}
    spec = {**order_spec(), "role": "Copy", "origin": {**origin, "orderUID": "earlier"}}
    meta = {"name": "c", "namespace": "n", "uid": "later"}
    course = course_with_copy(
        {"metadata": {}, "spec": spec, "status": {"orderGeneration": 1}},
        view=Present(order=order_of({"metadata": meta, "spec": order_spec()})),
        terms=terms(),
        home_uid="home",
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert isinstance(course, Refuse)
    assert course.declined.reason == Reason.NAME_TAKEN
