"""What a HostCluster's status keeps of a host, and what it gives back after a start."""

import json

from fakes.home import report
from fakes.orders import NOW
from modelbond.api.kinds import Json
from modelbond.placement.host import Heard
from modelbond.reconcile.home_host import HostFacts, Judged, host_status, judge, remembered


def facts(judged: Judged, *, status: Json | None = None) -> HostFacts:
    return HostFacts(
        name="alpha",
        accepted=True,
        generation=1,
        status=status or {},
        heard=Heard.HEARD,
        last_heard=NOW,
        judged=judged,
        orders=3,
        silence_seconds=15,
    )


def test_what_was_reported_is_remembered_without_what_was_free() -> None:
    judged = judge(json.dumps(report()), pinned=None)
    found = remembered(host_status(facts(judged), now=NOW))
    assert found is not None
    assert (found.owner, found.region, found.cluster_uid) == (
        "alpha-labs",
        "eu-1",
        "cluster-alpha",
    )
    assert (found.cpu_free_milli, found.classes) == (0, ())


def test_nothing_is_remembered_of_a_host_that_never_reported() -> None:
    assert remembered({}) is None
    assert remembered({"orders": "many"}) is None
    assert remembered({"clusterUID": "c", "version": "0.1.0"}) is None


def test_a_status_is_equal_for_equal_facts() -> None:
    judged = judge(json.dumps(report()), pinned=None)
    first = host_status(facts(judged), now=NOW)
    assert host_status(facts(judged, status=first), now=NOW) == first
    assert first["orders"] == 3
    assert first["lastHeard"] == "2026-01-01T12:00:00Z"


def test_no_report_keeps_what_was_said() -> None:
    good = host_status(facts(judge(json.dumps(report()), pinned=None)), now=NOW)
    after = host_status(facts(judge(None, pinned="cluster-alpha"), status=good), now=NOW)
    assert after["owner"] == "alpha-labs"
    assert after["lastHeard"] == good["lastHeard"]
