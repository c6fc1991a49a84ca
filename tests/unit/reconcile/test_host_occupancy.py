"""The books of nodes: what changes is counted, nothing else is looked at, and no word is lost."""

import pytest

from fakes.host_world import node
from fakes.rooms import occupancy_of
from modelbond.api.kinds import Json
from modelbond.reconcile.host_ledger import Amounts
from modelbond.reconcile.host_nodes import PodUse, node_facts, pod_use
from modelbond.reconcile.host_occupancy import Occupancy
from modelbond.reconcile.host_room import Ask

PLACE, OTHER = ("modelbond-home-h", "order"), ("modelbond-home-h", "other")
ONE_CPU = Ask(count=1, each=Amounts(cpu_milli=1000))


def use(cpu_milli: int, *, on: str = "a", place: tuple[str, str] | None = None) -> PodUse:
    return PodUse(node=on, place=place, requests={"cpu": cpu_milli})


def free(occupancy: Occupancy) -> int:
    return occupancy.room().free().cpu_milli


@pytest.fixture
def books() -> Occupancy:
    """Return two nodes of four cores each."""
    return occupancy_of([node("a", cpu="4"), node("b", cpu="4")])


def test_pods_come_change_and_go(books: Occupancy) -> None:
    books.pod("p", use(1000))
    books.pod("p", use(1000))
    assert free(books) == 7000
    books.pod("p", use(3000, on="b"))
    assert free(books) == 5000
    books.pod("p", None)
    books.pod("never seen", None)
    assert free(books) == 8000


def test_a_pod_seen_before_its_node_counts_there_all_the_same() -> None:
    books = Occupancy()
    books.pod("p", use(1000))
    assert books.room().nodes == ()
    books.node("a", node_facts(node("a", cpu="4")))
    assert free(books) == 3000


def test_nodes_come_change_and_go(books: Occupancy) -> None:
    books.node("a", node_facts(node("a", cpu="16")))
    assert free(books) == 20_000
    cordoned: Json = {**node("a", cpu="16"), "spec": {"unschedulable": True}}
    books.node("a", node_facts(cordoned))
    assert free(books) == 4000
    assert [each.name for each in books.usable_nodes()] == ["b"]
    books.node("b", None)
    books.node("b", None)
    assert books.room().nodes == ()


def test_what_is_promised_is_held_until_its_pods_are_bound(books: Occupancy) -> None:
    books.promise(PLACE, Ask(count=2, each=Amounts(cpu_milli=1000)))
    assert free(books) == 6000
    books.pod("p", use(1000, on="b", place=PLACE))
    assert free(books) == 6000
    books.pod("q", use(1000, on="b", place=PLACE))
    assert free(books) == 6000
    books.pod("q", None)
    books.promise(PLACE, None)
    assert free(books) == 7000


def test_an_order_is_asked_for_as_if_it_had_nothing_yet(books: Occupancy) -> None:
    books.promise(PLACE, Ask(count=2, each=Amounts(cpu_milli=1000)))
    books.promise(OTHER, ONE_CPU)
    books.pod("p", use(1000, on="b", place=PLACE))
    books.pod("q", use(500, on="b"))
    books.pod("r", use(1000, on="a", place=PLACE))
    assert books.room_without(PLACE).free().cpu_milli == 6500
    assert books.room_without(("x", "unknown")).free().cpu_milli == free(books) == 4500


def test_what_is_held_moves_when_its_node_is_taken_or_gone(books: Occupancy) -> None:
    books.promise(PLACE, ONE_CPU)
    assert books.room().nodes[0].free.cpu_milli == 3000
    books.pod("p", use(3500))
    assert [each.free.cpu_milli for each in books.room().nodes] == [500, 3000]
    books.node("b", None)
    assert free(books) == 500
    books.node("c", node_facts(node("c", cpu="4")))
    assert free(books) == 3500, "what found no room gets it once there is some"


def test_what_is_held_stays_while_its_node_can_keep_the_word(books: Occupancy) -> None:
    books.promise(PLACE, ONE_CPU)
    books.promise(OTHER, ONE_CPU)
    before = books.room().nodes[1]
    books.pod("p", use(2000))
    assert books.room().nodes[0].free.cpu_milli == 0
    assert books.room().nodes[1] is before


def test_what_is_held_leaves_a_node_that_would_not_take_it_any_more(books: Occupancy) -> None:
    books.promise(PLACE, ONE_CPU)
    assert books.room().nodes[0].free.cpu_milli == 3000
    tainted = node("a", cpu="4")
    tainted["spec"] = {"taints": [{"key": "dedicated", "effect": "NoSchedule"}]}
    books.node("a", node_facts(tainted))
    assert {each.free.cpu_milli for each in books.room().nodes} == {3000, 4000}
    assert free(books) == 3000


def test_a_pod_that_waits_or_has_finished_takes_nothing() -> None:
    pod: Json = {"metadata": {"name": "p"}, "spec": {"containers": []}}
    assert pod_use(pod) is None
    bound: Json = {**pod, "spec": {"containers": [], "nodeName": "a"}}
    assert pod_use(bound) == PodUse(node="a", place=None, requests={})
    assert pod_use({**bound, "status": {"phase": "Failed"}}) is None
