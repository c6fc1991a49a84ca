"""The ledger of promises: never over quota, never over room, whatever the order of events."""

from hypothesis import given
from hypothesis import strategies as st

from fakes.host_world import home_spec, node, order_spec
from fakes.rooms import room_of
from fakes.workloads import RUNTIME
from modelbond.reconcile.host_admission import Accepted, admit, ask_of, quota_left
from modelbond.reconcile.host_ledger import NOTHING, Amounts, Demand, Ledger, Place, Reservation
from modelbond.reconcile.host_order import Order, order_of
from modelbond.reconcile.host_room import Room
from modelbond.reconcile.host_terms import Terms, terms_of

HOMES = ("one-00000000", "two-00000000")

amounts = st.builds(
    Amounts,
    cpu_milli=st.integers(1, 4000),
    memory_bytes=st.integers(1, 2**32),
    gpus=st.dictionaries(st.sampled_from(["NVIDIA-L4", "mig-1g.10gb"]), st.integers(1, 4)),
)
reservations = st.builds(
    Reservation,
    order_uid=st.uuids().map(str),
    demand=st.builds(Demand, replicas=st.integers(0, 8), each=amounts),
)
places = st.builds(Place, home=st.sampled_from(HOMES), order=st.sampled_from("abcdef"))
wishes = st.fixed_dictionaries(
    {
        "home": st.sampled_from(HOMES),
        "name": st.sampled_from("abcdef"),
        "cpu": st.sampled_from(["100m", "1", "3"]),
        "gpus": st.integers(0, 3),
        "replicas": st.integers(0, 4),
        "leaves": st.booleans(),
    }
)


def terms(home: str) -> Terms:
    quota = {"cpu": "6", "memory": "12Gi", "gpus": [{"class": "NVIDIA-L4", "count": 4}]}
    obj = {"metadata": {"name": home, "uid": home}, "spec": home_spec(quota=quota)}
    return terms_of(obj, offered={"triton": RUNTIME})


def order(wish: dict[str, object]) -> Order:
    resources: dict[str, object] = {"cpu": wish["cpu"], "memory": "1Gi"}
    if wish["gpus"]:
        resources["gpu"] = {"class": "NVIDIA-L4", "count": wish["gpus"]}
    spec = order_spec(resources=resources, replicas=wish["replicas"])
    meta = {"name": wish["name"], "namespace": "n", "uid": f"{wish['home']}/{wish['name']}"}
    return order_of({"metadata": meta, "spec": spec})


def room_beside(held: dict[Place, Order], place: Place) -> Room:
    room = room_of([node("a", gpus=2, cpu="8"), node("b", gpus=3, cpu="4")], [])
    for other, kept in held.items():
        if other != place:
            ask = ask_of(kept.spec, terms=terms(other.home), count=kept.spec.replicas)
            room, placed = room.placed(ask)
            assert placed == kept.spec.replicas
    return room


@given(st.lists(wishes, max_size=25))
def test_no_sequence_of_orders_goes_over_a_quota_or_over_the_room(
    sequence: list[dict[str, object]],
) -> None:
    ledger, held = Ledger(), dict[Place, Order]()
    for wish in sequence:
        place = Place(home=str(wish["home"]), order=str(wish["name"]))
        ledger, released = ledger.without(place), held.pop(place, None)
        if released is not None and wish["leaves"]:
            continue
        wanted = order(wish)
        room = room_beside(held, place)
        verdict = admit(wanted, terms=terms(place.home), ledger=ledger, room=room)
        if isinstance(verdict, Accepted):
            ledger = ledger.with_reserved(place, verdict.reservation)
            held[place] = wanted
        for home in HOMES:
            assert terms(home).quota.lacking(ledger.used(home)) == ()
            assert quota_left(terms(home), ledger=ledger).cpu_milli >= 0
    assert sorted(ledger.counted(HOMES[0]) + ledger.counted(HOMES[1])) == sorted(
        kept.uid for kept in held.values()
    )


@given(st.dictionaries(places, reservations, max_size=8), st.data())
def test_any_order_of_accepting_and_releasing_gives_the_same_sums(
    final: dict[Place, Reservation], data: st.DataObject
) -> None:
    ledger = Ledger()
    passing = data.draw(st.dictionaries(places, reservations, max_size=6))
    for place, reservation in data.draw(st.permutations(sorted(passing.items(), key=str))):
        ledger = ledger.with_reserved(place, reservation).without(place)
    for place, reservation in data.draw(st.permutations(sorted(final.items(), key=str))):
        ledger = ledger.with_reserved(place, reservation)
    straight = Ledger(final)
    for home in HOMES:
        assert ledger.used(home) == straight.used(home)
        assert ledger.counted(home) == straight.counted(home)


@given(places, reservations)
def test_a_promise_taken_back_leaves_nothing(place: Place, reservation: Reservation) -> None:
    ledger = Ledger().with_reserved(place, reservation).without(place)
    assert ledger == Ledger()
    assert ledger.used(place.home) == NOTHING
