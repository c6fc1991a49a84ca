import asyncio

import pytest

from fakes.host_world import AT_HOME, HOME, HOME_UID, ORDER, SYSTEM, HostWorld, encoded, joined, jwt
from fakes.polling import until
from modelbond.api.kinds import CONFIG_MAP, HOME_CLUSTER, LEASE, MODEL_PLACEMENT, NAMESPACE, SECRET
from modelbond.api.reasons import Reason
from modelbond.api.report import decode_report
from modelbond.controllers.link import Link
from modelbond.errors import (
    ApiBroken,
    ApiUnreachable,
    FieldNotDeclared,
    Forbidden,
    Refused,
    Unauthorized,
)
from modelbond.reconcile.host_course import Unseen


def link_of(world: HostWorld) -> Link:
    return world.home_clusters.links[HOME]


async def settled(world: HostWorld) -> None:
    world.wake()
    await world.settle()


def calls(world: HostWorld) -> list[tuple[str, str]]:
    return [(call.verb, call.key) for call in world.home.calls]


async def test_first_contact_pins_the_home_before_anything_else_is_read() -> None:
    world = await joined()
    first = world.home.calls[0]
    assert (first.verb, first.kind, first.key) == ("get", "namespaces", "kube-system")
    assert world.local.at(HOME_CLUSTER, HOME)["status"]["homeUID"] == HOME_UID
    assert world.home_reason("Ready") == "True/Ready"
    assert world.home_reason("IdentityPinned") == "True/IdentityPinned"


async def test_a_pin_that_cannot_be_written_stops_everything_else() -> None:
    world = HostWorld()
    world.local.fail(ApiBroken("500"), verb="apply_status", kind=HOME_CLUSTER, times=1000)
    world.join()
    world._refresh()
    with pytest.raises(ApiBroken):
        await world.home_clusters.reconcile(HOME)
    await link_of(world).open_or_tend()
    assert calls(world) == [("get", "kube-system")]


async def test_another_cluster_at_the_homes_address_is_a_stranger() -> None:
    world = await joined()
    world.home.put(NAMESPACE, {"metadata": {"name": "kube-system", "uid": "other"}})
    stored = world.home.stored["namespaces", "kube-system"]
    stored["metadata"]["uid"] = "another-uid"
    world.restart()
    before = len(world.home.calls)
    await settled(world)
    await settled(world)
    assert world.home_reason("IdentityPinned") == "False/IdentityChanged"
    assert {verb for verb, _ in calls(world)[before:]} == {"get"}
    assert world.local.at(HOME_CLUSTER, HOME)["status"]["homeUID"] == HOME_UID


async def test_the_join_token_is_only_used_to_get_one_of_our_own() -> None:
    world = await joined()
    assert world.used_tokens[0] == jwt()
    own = world.local.at(SECRET, f"link-{HOME}", namespace=SYSTEM)
    assert own["data"]["token"] == encoded(world.used_tokens[-1])
    assert world.used_tokens[-1] != jwt()


async def test_after_a_restart_the_own_token_is_used_first() -> None:
    world = await joined()
    own = world.used_tokens[-1]
    world.restart()
    world.used_tokens.clear()
    await settled(world)
    assert world.used_tokens[0] == own


async def test_a_token_is_renewed_at_a_third_of_what_was_granted() -> None:
    world = HostWorld()
    world.home.granted_seconds = 9000
    world.join()
    await world.settle()
    asked = world.home.tokens
    world.clock.pass_by(2999)
    await link_of(world).open_or_tend()
    assert world.home.tokens == asked
    world.clock.pass_by(2)
    await link_of(world).open_or_tend()
    assert world.home.tokens == asked + 1


async def test_an_expired_token_is_said_and_a_new_invitation_mends_the_link_at_once() -> None:
    world = await joined()
    world.clock.pass_by(8 * 86_400)
    world.home.fail(Unauthorized("401"), times=1000)
    await link_of(world).beat()
    await settled(world)
    assert world.home_reason("Connected") == "False/CredentialExpired"
    world.home.faults.clear()
    fresh = jwt(issued=5)
    world.invite(token=fresh)
    world.used_tokens.clear()
    await link_of(world).open_or_tend()
    await settled(world)
    assert world.used_tokens[0] == fresh
    assert world.home_reason("Connected") == "True/Connected"


async def test_a_new_invitation_is_looked_for_while_the_home_does_not_answer_as_it_did() -> None:
    world = await joined()
    world.home.fail(ApiUnreachable("not the certificate of that authority"), times=1000)
    await link_of(world).beat()
    assert link_of(world).state.connected.reason == "Unreachable"
    fresh = jwt(issued=5)
    world.invite(token=fresh)
    world.used_tokens.clear()
    await link_of(world).open_or_tend()
    assert world.used_tokens[0] == fresh
    world.home.faults.clear()
    await link_of(world).open_or_tend()
    await settled(world)
    assert world.home_reason("Connected") == "True/Connected"


async def test_an_unreachable_home_with_a_bad_new_invitation_is_met_with_the_old_one() -> None:
    world = await joined()
    world.home.fail(ApiUnreachable("reset"), times=1000)
    await link_of(world).beat()
    world.invite(token=jwt(issued=5), server="https://elsewhere.example")
    world.used_tokens.clear()
    await link_of(world).open_or_tend()
    assert world.used_tokens == []


async def test_a_renewed_token_refused_before_its_end_was_revoked_though_the_invitation_ended() -> (
    None
):
    world = HostWorld()
    world.home.now = world.clock.now()
    world.join(token=jwt(issued=world.clock.now().timestamp()))
    await world.settle()
    assert world.home_reason("Connected") == "True/Connected"
    world.clock.pass_by(2 * 86_400)
    world.home.fail(Unauthorized("401"), times=1000)
    await link_of(world).beat()
    await settled(world)
    assert world.home_reason("Connected") == "False/CredentialRevoked"


async def test_a_token_refused_before_its_end_was_revoked() -> None:
    world = HostWorld()
    world.join(token=jwt(issued=world.clock.now().timestamp()))
    world.home.fail(Unauthorized("401"), times=1000)
    await world.settle()
    assert world.home_reason("Connected") == "False/CredentialRevoked"


async def test_a_bad_new_invitation_does_not_break_a_good_token() -> None:
    world = await joined()
    own = world.used_tokens[-1]
    world.invite(token=jwt(issued=7))
    world.restart()
    world.used_tokens.clear()
    world.home.fail(Unauthorized("401"), verb="get", times=1)
    await settled(world)
    assert world.used_tokens[:2] == [jwt(issued=7), own]
    assert world.home_reason("Connected") == "True/Connected"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kubeconfig": "apiVersion: v1"}, "exactly"),
        ({"server": "https://other.example"}, "not the HomeCluster's"),
        ({"token": "no.jwt"}, "not that of a host"),
        ({"token": jwt(namespace="kube-system")}, "not that of a host"),
        ({"ca": " "}, "empty"),
    ],
)
async def test_a_malformed_invitation_is_refused_with_the_remedy(
    change: dict[str, str], told: str
) -> None:
    world = HostWorld()
    world.join()
    world.invite(**{"token": jwt(), **change})
    await world.settle()
    assert world.home_reason("JoinValid") == "False/JoinInvalid"
    message = world.local.at(HOME_CLUSTER, HOME)["status"]["conditions"][0]["message"]
    assert told in message
    assert "invite again" in message
    assert world.home.calls == []


async def test_a_missing_join_secret_is_said() -> None:
    world = HostWorld()
    world.join()
    world.local.stored.pop((SECRET.plural, f"{SYSTEM}/join-customers"))
    await world.settle()
    assert world.home_reason("JoinValid") == "False/JoinInvalid"


async def test_a_lost_join_secret_does_not_matter_once_the_link_has_its_own_token() -> None:
    world = await joined()
    world.local.stored.pop((SECRET.plural, f"{SYSTEM}/join-customers"))
    world.restart()
    await settled(world)
    await settled(world)
    assert world.home_reason("Ready") == "True/Ready"


async def test_a_foreign_secret_with_the_name_of_ours_is_not_touched() -> None:
    world = HostWorld()
    name = f"link-{HOME}"
    foreign = world.local.put(
        SECRET, {"metadata": {"name": name, "namespace": SYSTEM}, "data": {"token": "eA=="}}
    )
    world.join()
    await world.settle()
    assert world.local.at(SECRET, name, namespace=SYSTEM) == foreign
    assert world.home_reason("Connected").startswith("False/")


async def test_a_right_that_is_missing_is_named() -> None:
    world = HostWorld()
    world.home.fail(Forbidden("cannot create token"), verb="request_token", times=1000)
    world.join()
    await world.settle()
    assert world.home_reason("Connected") == "False/RightsMissing"


async def test_the_lease_says_who_holds_it_and_when() -> None:
    world = await joined()
    world.clock.pass_by(7.25)
    await link_of(world).beat()
    spec = world.home.at(LEASE, "host", namespace=AT_HOME)["spec"]
    assert spec["renewTime"] == "2026-01-01T00:00:07.250000Z"
    assert spec["holderIdentity"] == "host-cluster-uid"


async def test_an_unreachable_home_is_said_and_the_beat_mends_it() -> None:
    world = await joined()
    world.home.fail(ApiUnreachable("no route"), verb="merge", times=1)
    await link_of(world).beat()
    await settled(world)
    assert world.home_reason("Connected") == "False/Unreachable"
    await link_of(world).beat()
    await settled(world)
    assert world.home_reason("Connected") == "True/Connected"


async def test_the_report_is_written_on_change_only() -> None:
    world = await joined()
    await link_of(world).publish()
    writes = len(world.home.writes())
    await link_of(world).publish()
    assert len(world.home.writes()) == writes
    world.change_home(state="Cordoned")
    await world.settle()
    await link_of(world).publish()
    text = world.home.at(CONFIG_MAP, "host-report", namespace=AT_HOME)["data"]["report"]
    assert decode_report(text).state == "Cordoned"


async def test_a_report_counts_what_is_promised_and_names_the_orders() -> None:
    world = await joined()
    order = world.order()
    await world.sync()
    await world.settle()
    await link_of(world).publish()
    text = world.home.at(CONFIG_MAP, "host-report", namespace=AT_HOME)["data"]["report"]
    report = decode_report(text)
    assert report.counted == (order["metadata"]["uid"],)
    assert report.cpu_free_milli == 7000
    assert report.owner == "alpha-labs"
    assert [each.gpu_class for each in report.classes] == ["NVIDIA-L4"]


async def test_a_missing_report_object_is_a_missing_right() -> None:
    world = await joined()
    world.home.stored.pop((CONFIG_MAP.plural, f"{AT_HOME}/host-report"))
    world.change_home(state="Cordoned")
    await world.settle()
    await link_of(world).publish()
    await settled(world)
    assert world.home_reason("Connected") == "False/RightsMissing"


async def test_a_link_that_is_not_open_says_nothing_to_anybody() -> None:
    world = HostWorld()
    world.home.fail(ApiUnreachable("no route"), times=1000)
    world.join()
    await world.settle()
    link = link_of(world)
    await link.beat()
    await link.publish()
    assert [call for call in world.home.calls if call.verb == "merge"] == []
    assert link.orders() == []
    assert link.order_object("x") is None
    assert link.edge_secret("x") is None


async def test_a_field_that_the_home_lacks_is_terminal_and_named() -> None:
    world = await joined()
    world.order()
    await world.sync()
    undeclared = FieldNotDeclared(".status.x: field not declared in schema")
    world.home.fail(undeclared, verb="apply_status", kind=MODEL_PLACEMENT)
    with pytest.raises(FieldNotDeclared):
        await world.settle()


async def test_a_server_that_our_client_refuses_is_a_bad_invitation() -> None:
    world = HostWorld()
    world.join()

    def refuse(**_: str) -> None:
        raise Refused("server: must not be this machine itself")

    world.home_clusters._connect = refuse  # type: ignore[assignment]
    await world.settle()
    assert world.home_reason("JoinValid") == "False/JoinInvalid"


async def test_an_order_that_breaks_the_schema_is_not_acted_upon() -> None:
    world = await joined()
    world.order(replicas="many")
    await world.sync()
    await world.settle()
    assert not world.has_copy()


@pytest.mark.parametrize(
    ("task", "verb"), [("link", "get"), ("link-lease", "merge"), ("link-report", "merge")]
)
async def test_each_task_of_a_link_works_at_once_and_ends_when_cancelled(
    task: str, verb: str
) -> None:
    world = await joined()
    if task == "link":
        await link_of(world)._close()
    world.home.calls.clear()
    running = asyncio.create_task(world.supervisor.running[f"{task}/{HOME}"]())  # type: ignore[arg-type]
    await until(lambda: [call for call in world.home.calls if call.verb == verb])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


@pytest.mark.parametrize("refusal", [Unauthorized("401"), Forbidden("403")])
async def test_a_refusal_of_our_own_api_server_is_not_the_homes(refusal: Exception) -> None:
    world = await joined()
    world.order()
    await settled(world)
    link = link_of(world)
    await link._close()
    world.local.fail(refusal, verb="get", kind=SECRET, times=1000)
    await link.open_or_tend()
    assert link.state.connected.reason == Reason.UNREACHABLE
    assert "own API server" in link.state.connected.message
    assert isinstance(link.view(ORDER), Unseen)
