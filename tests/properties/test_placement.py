"""What holds for every decision, whatever the hosts and whatever is asked."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from fakes.candidates import host, offer, request
from modelbond.placement.decide import Decision, decide
from modelbond.placement.host import FreeGpus, Heard, Host, Need, Taint, less
from modelbond.placement.reasons import Why
from modelbond.placement.request import Occupied, Request

NAMES = [f"h{number}" for number in range(8)]
FIELDS = ("owner", "region", "zone", "provider")


@st.composite
def hosts(draw: st.DrawFn) -> list[Host]:
    found = []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        free = draw(st.integers(0, 8))
        offers = {
            **{by: draw(st.sampled_from(["a", "b", "c", ""])) for by in FIELDS},
            "state": draw(st.sampled_from(["Active", "Active", "Active", "Cordoned"])),
            "cpu_free_milli": draw(st.integers(0, 4000)),
            "memory_free_bytes": draw(st.integers(0, 4000)),
            "gpus": {"L4": FreeGpus(free=free, largest_on_one_node=draw(st.integers(0, free)))},
        }
        taint = draw(st.sampled_from(["NoSchedule", "PreferNoSchedule", None]))
        found.append(
            host(
                name,
                offers=offers,
                accepted=draw(st.integers(0, 5)) > 0,
                heard=draw(st.sampled_from([Heard.HEARD, Heard.HEARD, Heard.HEARD, Heard.SILENT])),
                taints=(Taint(key="t", value="", effect=taint),) if taint else (),
            )
        )
    return found


@st.composite
def requests(draw: st.DrawFn) -> Request:
    count = draw(st.integers(1, 5))
    limited = draw(st.lists(st.sampled_from(FIELDS), unique=True, max_size=2))
    rules = {
        "count": count,
        "minOwners": draw(st.integers(1, count)),
        "tolerations": draw(st.sampled_from([[], [{"operator": "Exists"}]])),
        "spreadConstraints": [
            {"spreadByField": by, "maxPerGroup": draw(st.integers(1, 2))} for by in limited
        ],
    }
    per_pod, replicas = draw(st.integers(0, 2)), draw(st.integers(1, 3))
    need = Need(
        cpu_milli=draw(st.integers(0, 2000)),
        memory_bytes=draw(st.integers(0, 2000)),
        gpu_class="L4" if per_pod else None,
        gpus=per_pod * replicas,
        gpus_per_pod=per_pod,
    )
    barred = dict.fromkeys(draw(st.lists(st.sampled_from(NAMES), max_size=2)), "no")
    return request(rules=rules, need=need, barred=barred)


@st.composite
def occupations(draw: st.DrawFn) -> list[Occupied]:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
    return [
        Occupied(host=name, slot=slot, leaving=draw(st.booleans()))
        for slot, name in enumerate(names)
    ]


def chosen(decision: Decision, known: list[Host]) -> list[Host]:
    by_name = {each.name: each for each in known}
    return [by_name[each.host] for each in decision.assignments]


@given(requests(), hosts(), occupations())
def test_no_host_is_given_more_than_it_has_free(
    wanted: Request, known: list[Host], occupied: list[Occupied]
) -> None:
    for each in chosen(decide(wanted, known, occupied), known):
        assert each.offer is not None
        assert each.offer.cpu_free_milli >= wanted.need.cpu_milli
        assert each.offer.memory_free_bytes >= wanted.need.memory_bytes
        if wanted.need.gpu_class:
            held = each.offer.gpus[wanted.need.gpu_class]
            assert held.free >= wanted.need.gpus
            assert held.largest_on_one_node >= wanted.need.gpus_per_pod


@given(requests(), hosts(), occupations())
def test_no_host_is_chosen_that_is_barred_silent_closed_or_tainted(
    wanted: Request, known: list[Host], occupied: list[Occupied]
) -> None:
    for each in chosen(decide(wanted, known, occupied), known):
        assert each.accepted
        assert each.heard is Heard.HEARD
        assert each.name not in wanted.barred
        assert each.offer is not None
        assert each.offer.state == "Active"
        hard = any(taint.effect == "NoSchedule" for taint in each.taints)
        assert wanted.rules.tolerations or not hard


@given(requests(), hosts(), occupations(), st.randoms(use_true_random=False))
def test_the_order_in_which_hosts_are_listed_is_irrelevant(
    wanted: Request,
    known: list[Host],
    occupied: list[Occupied],
    random: Random,
) -> None:
    mixed = list(known)
    random.shuffle(mixed)
    assert decide(wanted, mixed, occupied) == decide(wanted, known, occupied)


@given(requests(), hosts(), occupations())
def test_each_host_gets_one_verdict_and_each_slot_one_host(
    wanted: Request, known: list[Host], occupied: list[Occupied]
) -> None:
    decision = decide(wanted, known, occupied)
    assert [each.host for each in decision.verdicts] == sorted(each.name for each in known)
    staying = [each for each in occupied if not each.leaving]
    slots = [each.slot for each in decision.assignments] + [each.slot for each in staying]
    names = [each.host for each in decision.assignments] + [each.host for each in occupied]
    assert len(slots) == len(set(slots))
    assert len(names) == len(set(names))
    assert len(decision.assignments) + decision.vacant == max(0, wanted.rules.count - len(staying))


@given(requests(), hosts(), occupations())
def test_no_choice_overfills_a_group(
    wanted: Request, known: list[Host], occupied: list[Occupied]
) -> None:
    by_name = {each.name: each for each in known}
    held = [by_name[o.host] for o in occupied if not o.leaving and o.host in by_name]
    new = chosen(decide(wanted, known, occupied), known)
    for limit in wanted.rules.spread_constraints:
        groups = Counter(
            each.offer.group(limit.spread_by_field) for each in [*held, *new] if each.offer
        )
        for each in new:
            assert each.offer is not None
            assert groups[each.offer.group(limit.spread_by_field)] <= limit.max_per_group


@given(requests(), hosts())
def test_enough_owners_are_among_the_hosts_when_all_slots_are_filled(
    wanted: Request, known: list[Host]
) -> None:
    decision = decide(wanted, known, [])
    if decision.vacant == 0:
        owners = {each.offer.owner for each in chosen(decision, known) if each.offer}
        assert len(owners) >= wanted.rules.min_owners


@given(requests(), hosts())
def test_a_slot_stays_vacant_only_where_every_host_has_an_objection(
    wanted: Request, known: list[Host]
) -> None:
    decision = decide(wanted, known, [])
    if decision.vacant:
        assert Why.FITS not in [each.why for each in decision.verdicts]


@given(requests(), hosts())
def test_what_was_chosen_is_kept_when_asked_again(wanted: Request, known: list[Host]) -> None:
    first = decide(wanted, known, [])
    occupied = [
        Occupied(host=each.host, slot=each.slot, leaving=False) for each in first.assignments
    ]
    again = decide(wanted, known, occupied)
    assert again.placed == len(first.assignments)
    if first.vacant == 0:
        assert again.assignments == ()


@given(st.lists(st.integers(1, 3), max_size=8))
def test_one_after_another_never_takes_more_than_was_free(asks: list[int]) -> None:
    needs: list[Need] = []
    for gpus in asks:
        need = Need(cpu_milli=0, memory_bytes=0, gpu_class="NVIDIA-L4", gpus=gpus, gpus_per_pod=1)
        left = host("only", offer=less(offer(), needs))
        if decide(request(need=need), [left], []).assignments:
            needs.append(need)
    assert sum(need.gpus for need in needs) <= offer().gpus["NVIDIA-L4"].free
