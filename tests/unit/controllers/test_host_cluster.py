"""A host is heard or silent by the home's clock, and its report is a stranger's word."""

import json

import pytest

from fakes.home import LONG_AGO, Home, deployment, report
from modelbond.api.conditions import ConditionType
from modelbond.api.kinds import CONFIG_MAP, HOST_CLUSTER, LEASE
from modelbond.controllers.host_cluster import host_keys
from modelbond.errors import ApiUnreachable, Invalid
from modelbond.placement.host import Heard
from modelbond.ports.process import Again, Done

REACHABLE = ConditionType.REACHABLE
REPORT = ConditionType.REPORT_VALID
IDENTITY = ConditionType.IDENTITY_PINNED


@pytest.fixture
async def home() -> Home:
    world = Home()
    await world.joins("alpha")
    return world


def heard(home: Home) -> Heard:
    host = home.book.host("alpha")
    assert host is not None
    return host.heard


async def test_a_joined_host_is_ready_and_its_report_is_shown(home: Home) -> None:
    status = home.api.at(HOST_CLUSTER, "alpha")["status"]
    assert home.host_condition(ConditionType.READY, "alpha")["status"] == "True"
    assert (status["owner"], status["region"], status["version"]) == ("alpha-labs", "eu-1", "0.1.0")
    assert (status["cpuFree"], status["memoryFree"]) == ("64", "256Gi")
    assert status["classes"] == [{"class": "NVIDIA-L4", "free": 4, "largestOnOneNode": 2}]
    assert status["clusterUID"] == "cluster-alpha"
    assert status["orders"] == 0


async def test_an_invited_host_that_never_came_is_never_heard() -> None:
    home = Home()
    home.invites("alpha")
    await home.settle()
    assert home.host_condition(REACHABLE, "alpha")["reason"] == "NeverHeard"
    assert home.host_condition(REPORT, "alpha")["status"] == "Unknown"
    assert await home.host_controller.reconcile("alpha") == Done()


async def test_silence_makes_a_host_unreachable_and_one_renewal_brings_it_back(home: Home) -> None:
    outcome = await home.host_controller.reconcile("alpha")
    assert isinstance(outcome, Again)
    assert outcome.seconds == pytest.approx(15)
    home.clock.pass_by(15.1)
    await home.settle()
    assert home.host_condition(REACHABLE, "alpha")["reason"] == "Silent"
    assert home.host_condition(ConditionType.READY, "alpha")["reason"] == "Silent"
    home.renews("alpha")
    await home.settle()
    assert home.host_condition(REACHABLE, "alpha")["status"] == "True"
    assert home.events.reasons()[-2:] == ["Silent", "Ready"]


async def test_last_heard_is_written_only_when_reachability_changes(home: Home) -> None:
    before = home.api.at(HOST_CLUSTER, "alpha")
    for _ in range(5):
        home.clock.pass_by(5)
        home.renews("alpha")
        await home.settle()
    assert home.api.at(HOST_CLUSTER, "alpha") == before
    home.clock.pass_by(20)
    await home.settle()
    assert home.api.at(HOST_CLUSTER, "alpha")["status"]["lastHeard"] == "2026-01-01T00:00:25Z"


async def test_after_a_start_every_host_gets_one_whole_period_first(home: Home) -> None:
    home.clock.pass_by(3600)
    home.start()
    await home.settle()
    assert heard(home) is Heard.WAITING
    assert home.host_condition(REACHABLE, "alpha")["status"] == "True", "as it was before"
    home.clock.pass_by(14)
    await home.settle()
    assert home.host_condition(REACHABLE, "alpha")["status"] == "True"
    home.clock.pass_by(2)
    await home.settle()
    assert home.host_condition(REACHABLE, "alpha")["reason"] == "Silent"


async def test_a_host_that_was_silent_before_a_start_is_silent_until_it_is_heard(
    home: Home,
) -> None:
    home.clock.pass_by(16)
    await home.settle()
    home.start()
    await home.settle()
    assert heard(home) is Heard.SILENT
    home.renews("alpha")
    await home.settle()
    assert heard(home) is Heard.HEARD


async def test_an_old_lease_that_does_not_move_proves_nothing() -> None:
    home = Home()
    home.invites("alpha")
    home.reports("alpha")
    place = {"name": "host", "namespace": "modelbond-host-alpha"}
    home.api.put(LEASE, {"metadata": place, "spec": {"renewTime": LONG_AGO}})
    await home.settle()
    assert heard(home) is Heard.WAITING
    home.clock.pass_by(16)
    await home.settle()
    assert heard(home) is Heard.SILENT


async def test_a_time_in_the_future_that_a_host_writes_buys_it_nothing(home: Home) -> None:
    place = {"name": "host", "namespace": "modelbond-host-alpha"}
    home.api.put(LEASE, {"metadata": place, "spec": {"renewTime": "2099-01-01T00:00:00Z"}})
    await home.settle()
    home.clock.pass_by(16)
    await home.settle()
    assert heard(home) is Heard.SILENT


async def test_while_the_home_cannot_read_leases_it_judges_nobody(home: Home) -> None:
    lease = next(each for each in home.informers.made if each.kind == LEASE)
    lease.failure = ApiUnreachable("cut")
    for _ in range(10):
        home.clock.pass_by(10)
        await home.host_controller.reconcile("alpha")
    assert heard(home) is Heard.HEARD
    lease.failure = None
    home.clock.pass_by(14)
    await home.settle()
    assert heard(home) is Heard.HEARD
    home.clock.pass_by(2)
    await home.settle()
    assert heard(home) is Heard.SILENT


async def test_a_lease_that_is_deleted_is_silence(home: Home) -> None:
    held = home.api.at(LEASE, "host", namespace="modelbond-host-alpha")
    await home.api.delete(
        LEASE, "host", namespace="modelbond-host-alpha", uid=held["metadata"]["uid"]
    )
    await home.settle()
    assert heard(home) is Heard.HEARD
    home.clock.pass_by(16)
    await home.settle()
    assert heard(home) is Heard.SILENT


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '"words"',
        "null",
        json.dumps(report(cpuFree="lots")),
        json.dumps(report(cpuFree=-1)),
        json.dumps(report(classes=[{"class": "x"} for _ in range(65)])),
        json.dumps(report(owner="x" * 64)),
        json.dumps(report(state="Cheating")),
        json.dumps(report(counted=["x"] * 4097)),
        json.dumps(report(cpuFree=10**400)),
        "x" * 300_000,
        '{"x":' + "[" * 100_000,
        "\ud83d",
        json.dumps(report(region="\ud83d")),
    ],
)
async def test_no_report_breaks_the_home_and_the_last_good_one_is_shown(
    home: Home, text: str
) -> None:
    before = home.api.at(HOST_CLUSTER, "alpha")["status"]
    home.says("alpha", text)
    await home.settle()
    found = home.host_condition(REPORT, "alpha")
    assert (found["status"], found["reason"]) == ("False", "ReportInvalid")
    assert len(found["message"]) < 700
    assert home.api.at(HOST_CLUSTER, "alpha")["status"]["classes"] == before["classes"]
    home.applies(deployment())
    await home.settle()
    assert home.placed() == []
    assert "alpha: ReportInvalid" in home.condition(ConditionType.SCHEDULED)["message"]


async def test_control_characters_of_a_report_are_not_shown(home: Home) -> None:
    home.reports("alpha", region="eu\x1b[31m", runtimes=["triton\n\x00"])
    await home.settle()
    status = home.api.at(HOST_CLUSTER, "alpha")["status"]
    assert status["region"] == "eu [31m"
    assert "\x00" not in status["runtimes"][0]


async def test_another_cluster_under_the_name_is_a_stranger_until_the_first_one_is_back(
    home: Home,
) -> None:
    home.reports("alpha", clusterUID="another", owner="mallory")
    await home.settle()
    found = home.host_condition(IDENTITY, "alpha")
    assert (found["status"], found["reason"]) == ("False", "IdentityChanged")
    status = home.api.at(HOST_CLUSTER, "alpha")["status"]
    assert (status["owner"], status["clusterUID"]) == ("alpha-labs", "cluster-alpha")
    home.applies(deployment())
    await home.settle()
    assert home.placed() == []
    home.reports("alpha")
    await home.settle()
    assert home.host_condition(IDENTITY, "alpha")["status"] == "True"
    assert home.placed() == ["alpha"]


async def test_a_stranger_is_known_after_a_start_too(home: Home) -> None:
    home.start()
    home.reports("alpha", clusterUID="another")
    await home.settle()
    assert home.host_condition(IDENTITY, "alpha")["reason"] == "IdentityChanged"
    assert home.api.at(HOST_CLUSTER, "alpha")["status"]["owner"] == "alpha-labs"


async def test_a_stranger_that_hides_its_report_is_one_still(home: Home) -> None:
    home.reports("alpha", clusterUID="another")
    await home.settle()
    for text in ("", "{"):
        home.says("alpha", text)
        await home.settle()
        assert home.host_condition(IDENTITY, "alpha")["reason"] == "IdentityChanged"
    home.start()
    await home.host_controller.reconcile("alpha")
    host = home.book.host("alpha")
    assert host is not None
    assert host.identity_changed, "also before its next report is read"


async def test_after_a_start_placed_hosts_stay_in_their_groups_before_they_report_again(
    home: Home,
) -> None:
    home.applies(deployment(placement={"count": 2, "minOwners": 2}))
    await home.settle()
    assert home.placed() == ["alpha"]
    home.start()
    home.api.put(
        CONFIG_MAP, {"metadata": {"name": "host-report", "namespace": "modelbond-host-alpha"}}
    )
    await home.joins("beta", owner="alpha-labs")
    assert home.placed() == ["alpha"], "beta's owner is alpha's"
    status = home.api.at(HOST_CLUSTER, "alpha")["status"]
    assert (status["owner"], status["cpuFree"]) == ("alpha-labs", "64")


async def test_a_report_that_is_deleted_offers_nothing_new(home: Home) -> None:
    held = home.api.at(CONFIG_MAP, "host-report", namespace="modelbond-host-alpha")
    await home.api.delete(
        CONFIG_MAP, "host-report", namespace="modelbond-host-alpha", uid=held["metadata"]["uid"]
    )
    await home.settle()
    assert home.host_condition(REPORT, "alpha")["status"] == "Unknown"
    assert home.host_condition(IDENTITY, "alpha")["status"] == "True"


async def test_a_host_that_is_made_anew_is_pinned_anew(home: Home) -> None:
    held = home.api.at(HOST_CLUSTER, "alpha")
    await home.api.delete(HOST_CLUSTER, "alpha", uid=held["metadata"]["uid"])
    await home.host_controller.reconcile("alpha")
    assert home.supervisor.running == {}
    assert home.book.host("alpha") is None
    home.invites("alpha")
    home.reports("alpha", clusterUID="another")
    await home.settle()
    assert home.api.at(HOST_CLUSTER, "alpha")["status"]["clusterUID"] == "another"


async def test_accepted_false_is_said(home: Home) -> None:
    home.invites("alpha", accepted=False)
    await home.settle()
    assert home.host_condition(ConditionType.ACCEPTED, "alpha")["reason"] == "NotAccepted"


async def test_a_hostcluster_that_cannot_be_read_is_closed_and_not_gone(home: Home) -> None:
    home.applies(deployment())
    await home.settle()
    home.invites("alpha", endpointCIDRs="everything")
    await home.settle()
    assert home.placed() == ["alpha"]
    host = home.book.host("alpha")
    assert host is not None
    assert not host.accepted


async def test_those_who_wait_for_room_are_woken_by_a_report(home: Home) -> None:
    home.reports("alpha", runtimes=[])
    home.applies(deployment())
    await home.settle()
    home.queue_deployments.taken()
    home.reports("alpha")
    await home.informers.sync()
    assert home.queue_hosts.taken()[-1] == "alpha"
    await home.host_controller.reconcile("alpha")
    assert home.queue_deployments.taken() == ["models/llama"]


async def test_those_who_are_placed_are_woken_by_silence_and_not_by_each_report(
    home: Home,
) -> None:
    home.applies(deployment())
    await home.settle()
    home.serves("alpha")
    await home.settle()
    home.queue_deployments.taken()
    home.reports("alpha", cpuFree=1)
    await home.settle()
    assert home.queue_deployments.taken() == []
    home.clock.pass_by(16)
    await home.host_controller.reconcile("alpha")
    assert home.queue_deployments.taken() == ["models/llama"]


async def test_those_who_are_placed_are_woken_by_other_labels_or_another_version(
    home: Home,
) -> None:
    home.applies(
        deployment(
            placement={
                "count": 1,
                "minOwners": 1,
                "selector": {"matchLabels": {"host": "alpha"}},
            }
        )
    )
    await home.settle()
    home.serves("alpha")
    await home.settle()
    home.queue_deployments.taken()
    cluster = home.api.at(HOST_CLUSTER, "alpha")
    cluster["metadata"]["labels"] = {"host": "another"}
    home.api.put(HOST_CLUSTER, cluster)
    await home.host_controller.reconcile("alpha")
    assert home.queue_deployments.taken() == ["models/llama"]
    await home.settle()
    home.queue_deployments.taken()
    home.reports("alpha", version="0.2.0")
    await home.informers.sync()
    home.applies(deployment())
    await home.looks_at()
    await home.host_controller.reconcile("alpha")
    assert home.queue_deployments.taken() == ["models/llama"]


async def test_orders_are_counted(home: Home) -> None:
    home.applies(deployment())
    await home.settle()
    assert home.api.at(HOST_CLUSTER, "alpha")["status"]["orders"] == 1
    assert host_keys(home.order_at("alpha")) == ["alpha"]
    assert host_keys({"metadata": {"name": "x", "namespace": "modelbond-home-x"}}) == []


async def test_a_status_that_is_refused_does_not_hide_a_silence(home: Home) -> None:
    home.queue_hosts.later.clear()
    home.reports("alpha", cpuFree=1)
    await home.informers.sync()
    home.api.fail(Invalid("422"), verb="apply_status", kind=HOST_CLUSTER)
    with pytest.raises(Invalid):
        await home.host_controller.reconcile("alpha")
    ((key, seconds),) = home.queue_hosts.later
    assert (key, seconds) == ("alpha", pytest.approx(15))


async def test_words_that_look_alike_once_cleaned_are_shown_once(home: Home) -> None:
    home.reports("alpha", runtimes=["a\x01", "a\x02", "a\x02"], formats=["onnx", "onnx"])
    await home.settle()
    status = home.api.at(HOST_CLUSTER, "alpha")["status"]
    assert (status["runtimes"], status["formats"]) == (["a "], ["onnx"])


async def test_a_watch_that_has_gone_dumb_makes_no_host_silent(home: Home) -> None:
    home.clock.pass_by(10)
    home.renews("alpha")
    home.clock.pass_by(6)
    outcome = await home.host_controller.reconcile("alpha")
    assert (heard(home), outcome) == (Heard.HEARD, Again(seconds=15))


async def test_a_home_that_cannot_read_a_lease_calls_no_host_silent(home: Home) -> None:
    home.clock.pass_by(16)
    home.api.fail(ApiUnreachable("etcd"), verb="get", kind=LEASE)
    outcome = await home.host_controller.reconcile("alpha")
    assert (heard(home), outcome) == (Heard.HEARD, Again(seconds=15))
