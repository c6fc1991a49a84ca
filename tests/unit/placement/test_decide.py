"""A decision fills vacant slots, spreads them, and gives a verdict for every host."""

from collections.abc import Sequence

from fakes.candidates import host, request
from modelbond.api.report import ClassReport, HostReport
from modelbond.placement.decide import Decision, decide
from modelbond.placement.explain import summary, table
from modelbond.placement.host import FreeGpus, Heard, Host, Need, Taint, offer_of
from modelbond.placement.reasons import Why
from modelbond.placement.request import Occupied, Request
from modelbond.placement.spread import Tally


def chosen(decision: Decision) -> list[str]:
    return sorted(each.host for each in decision.assignments)


def verdict(decision: Decision, name: str) -> Why:
    return next(each.why for each in decision.verdicts if each.host == name)


def pick(wanted: Request, hosts: Sequence[Host], occupied: Sequence[Occupied] = ()) -> list[str]:
    return chosen(decide(wanted, hosts, list(occupied)))


def test_a_placed_slot_is_kept_though_a_better_host_appeared() -> None:
    occupied = [Occupied(host="alpha", slot=0, leaving=False)]
    poor = host("alpha", offers={"cpu_free_milli": 0})
    found = decide(request(), [poor, host("beta")], occupied)
    assert found.assignments == ()
    assert verdict(found, "alpha") is Why.PLACED
    assert verdict(found, "beta") is Why.FITS
    assert found.vacant == 0


def test_the_lowest_vacant_slots_are_filled() -> None:
    occupied = [Occupied(host="alpha", slot=1, leaving=False)]
    found = decide(
        request(rules={"count": 3}), [host("alpha"), host("beta"), host("gamma")], occupied
    )
    assert sorted(each.slot for each in found.assignments) == [0, 2]


def test_a_host_whose_order_is_leaving_is_not_asked_again_yet() -> None:
    occupied = [Occupied(host="alpha", slot=0, leaving=True)]
    found = decide(request(), [host("alpha"), host("beta")], occupied)
    assert verdict(found, "alpha") is Why.STILL_WITHDRAWING
    assert chosen(found) == ["beta"]
    assert found.assignments[0].slot == 0


def test_slots_beyond_what_fits_stay_vacant() -> None:
    found = decide(request(rules={"count": 3}), [host("alpha"), host("beta", accepted=False)], [])
    assert chosen(found) == ["alpha"]
    assert found.vacant == 2
    assert verdict(found, "alpha") is Why.CHOSEN
    assert verdict(found, "beta") is Why.NOT_ACCEPTED


def test_no_group_gets_more_than_its_share() -> None:
    rules = {"count": 3, "spreadConstraints": [{"spreadByField": "region", "maxPerGroup": 1}]}
    hosts = [
        host("alpha", offers={"region": "eu"}),
        host("beta", offers={"region": "eu"}),
        host("gamma", offers={"region": "us"}),
    ]
    found = decide(request(rules=rules), hosts, [])
    assert "gamma" in chosen(found)
    assert len(chosen(found)) == 2
    left = next(name for name in ("alpha", "beta") if name not in chosen(found))
    assert verdict(found, left) is Why.GROUP_FULL


def test_placed_hosts_count_in_their_groups() -> None:
    rules = {"count": 2, "spreadConstraints": [{"spreadByField": "zone", "maxPerGroup": 1}]}
    occupied = [Occupied(host="alpha", slot=0, leaving=False)]
    silent = host("alpha", heard=Heard.SILENT)
    assert pick(request(rules=rules), [silent, host("beta")], occupied) == []


def test_greed_that_blocked_itself_is_mended() -> None:
    rules = {
        "count": 2,
        "spreadConstraints": [
            {"spreadByField": "owner", "maxPerGroup": 1},
            {"spreadByField": "region", "maxPerGroup": 1},
        ],
    }
    hosts = [
        host("rich", offers={"owner": "x", "region": "eu", "cpu_free_milli": 99_000}),
        host("b", offers={"owner": "x", "region": "us"}),
        host("c", offers={"owner": "y", "region": "eu"}),
    ]
    assert pick(request(rules=rules), hosts) == ["b", "c"]


def test_the_last_slot_is_kept_for_another_owner() -> None:
    rules = {"count": 2, "minOwners": 2}
    same = [host("alpha", offers={"owner": "x"}), host("beta", offers={"owner": "x"})]
    found = decide(request(rules=rules), same, [])
    assert len(found.assignments) == 1
    assert found.vacant == 1
    assert found.lacks_owners(2)
    assert Why.KEPT_FOR_OTHER_OWNER in [each.why for each in found.verdicts]
    assert len(pick(request(rules=rules), [*same, host("gamma")])) == 2


def test_too_few_owners_is_no_excuse_where_nothing_fits() -> None:
    found = decide(request(rules={"count": 2, "minOwners": 2}), [host(accepted=False)], [])
    assert not found.lacks_owners(2)


def test_placements_of_too_few_owners_are_said_to_lack_owners() -> None:
    occupied = [Occupied(host=name, slot=slot, leaving=False) for slot, name in enumerate("ab")]
    same = [host("a", offers={"owner": "x"}), host("b", offers={"owner": "x"})]
    found = decide(request(rules={"count": 2, "minOwners": 2}), same, occupied)
    assert found.lacks_owners(2)


def test_emptier_groups_come_first_then_softer_taints_then_room() -> None:
    soft = (Taint(key="spot", value="", effect="PreferNoSchedule"),)
    occupied = [Occupied(host="alpha", slot=0, leaving=False)]
    two = request(rules={"count": 2})
    held = host("alpha", offers={"owner": "x"})
    crowded = host("beta", offers={"owner": "x", "cpu_free_milli": 99_000})
    assert pick(two, [held, crowded, host("gamma", taints=soft)], occupied) == ["gamma"]
    assert pick(request(), [host("beta", taints=soft), host("gamma")]) == ["gamma"]
    roomy = host("delta", offers={"cpu_free_milli": 9000})
    assert pick(request(), [roomy, host("gamma")]) == ["delta"]


def test_room_is_counted_in_the_gpus_that_are_asked_for() -> None:
    need = Need(cpu_milli=1, memory_bytes=1, gpu_class="L4", gpus=1, gpus_per_pod=1)
    few = host("few", offers={"gpus": {"L4": FreeGpus(free=1, largest_on_one_node=1)}})
    many = host("many", offers={"gpus": {"L4": FreeGpus(free=2, largest_on_one_node=1)}})
    assert pick(request(need=need), [few, many]) == ["many"]


def test_a_host_that_offers_nothing_has_no_room() -> None:
    empty, some = host("a", offer=None), host("a", offers={"cpu_free_milli": 1})
    tally = Tally(request(), [])
    assert tally.score(empty) > tally.score(some)


def test_equal_hosts_share_the_deployments() -> None:
    hosts = [host(name) for name in ("alpha", "beta", "gamma")]
    picked = {
        pick(
            Request(
                uid=str(number),
                runtime="triton",
                model_format="onnx",
                rules=request().rules,
                need=request().need,
            ),
            hosts,
        )[0]
        for number in range(30)
    }
    assert picked == {"alpha", "beta", "gamma"}


def test_a_placement_at_a_host_that_is_not_known_still_holds_its_slot() -> None:
    occupied = [Occupied(host="gone", slot=0, leaving=False)]
    assert pick(request(), [host("alpha")], occupied) == []


def test_a_placed_host_without_a_report_is_in_no_group() -> None:
    rules = {"count": 2, "spreadConstraints": [{"spreadByField": "owner"}]}
    occupied = [Occupied(host="alpha", slot=0, leaving=False)]
    assert pick(request(rules=rules), [host("alpha", offer=None), host("b")], occupied) == ["b"]


def test_a_report_says_no_more_on_one_node_than_in_all() -> None:
    report = HostReport(
        version="0.1.0",
        cluster_uid="c",
        owner="o",
        state="Active",
        policy_revision="p",
        cpu_free_milli=1,
        memory_free_bytes=1,
        classes=(ClassReport(gpu_class="L4", free=1, largest_on_one_node=8),),
    )
    assert offer_of(report).gpus["L4"] == FreeGpus(free=1, largest_on_one_node=1)


def test_the_summary_counts_reasons_and_names_ten_hosts_nearest_first() -> None:
    hosts = [host(f"h{number:02}", accepted=False) for number in range(12)]
    full = host("near", offers={"cpu_free_milli": 1})
    text = summary(decide(request(), [*hosts, full], []))
    assert text.startswith("13 hosts: 12 NotAccepted, 1 NotEnoughCpu. near: NotEnoughCpu; h00:")
    assert text.endswith("; and 3 more")
    assert "1m" not in text, "no live numbers"


def test_the_summary_of_no_hosts_says_how_to_get_one() -> None:
    assert "modelbond invite" in summary(decide(request(), [], []))


def test_the_summary_of_hosts_that_all_serve_says_so() -> None:
    found = decide(request(rules={"count": 2}), [host("alpha")], [])
    assert summary(found) == "all 1 hosts hold a placement already"


def test_the_table_has_a_line_for_each_host_with_its_numbers() -> None:
    found = decide(request(), [host("alpha"), host("b", offers={"cpu_free_milli": 1})], [])
    assert table(found).splitlines() == [
        "HOST   ANSWER        WHY",
        "alpha  Chosen        gets a slot",
        "b      NotEnoughCpu  1m CPU free, 1000m needed",
    ]
