import pytest

from fakes.host_world import HOME, HOME_UID, ORDER, HostWorld, again, joined, node
from modelbond.api.kinds import HOME_CLUSTER, NAMESPACE, NODE, SECRET
from modelbond.controllers.home_cluster import home_keys
from modelbond.errors import ApiUnreachable, Forbidden, Refused
from modelbond.ports.process import Again, Done


def status(world: HostWorld) -> dict[str, object]:
    return dict(world.local.at(HOME_CLUSTER, HOME)["status"])


async def test_the_status_shows_the_link_and_what_is_used() -> None:
    world = await joined()
    world.order()
    await world.sync()
    await world.settle()
    world.wake()
    await world.settle()
    shown = status(world)
    assert shown["homeUID"] == HOME_UID
    assert shown["hostName"] == "alpha"
    assert shown["namespace"] == f"modelbond-home-{HOME}"
    assert shown["copies"] == 1
    assert shown["used"] == {"cpu": "1", "memory": "1Gi", "gpus": []}


async def test_the_status_is_written_only_when_it_differs() -> None:
    world = await joined()
    writes = len(world.local.writes())
    world.wake()
    await world.settle()
    assert len(world.local.writes()) == writes


async def test_last_contact_moves_only_when_the_link_begins_or_ceases() -> None:
    world = await joined()
    first = status(world)["lastContact"]
    world.clock.pass_by(60)
    world.change_home(state="Cordoned")
    await world.settle()
    assert status(world)["lastContact"] == first
    world.home.fail(ApiUnreachable("no route"), verb="merge", times=1)
    await world.home_clusters.links[HOME].beat()
    world.wake()
    await world.settle()
    assert status(world)["lastContact"] == "2026-01-01T00:01:00Z"


async def test_each_home_has_tasks_of_its_own() -> None:
    world = await joined()
    names = set(world.supervisor.running)
    assert {f"link/{HOME}", f"link-lease/{HOME}", f"link-report/{HOME}"} <= names
    assert {"capacity/nodes", "capacity/pods"} <= names
    assert f"workloads/{HOME}/deployments" in names


async def test_a_deleted_home_cluster_stops_every_task_of_its_link() -> None:
    world = await joined()
    uid = world.local.at(HOME_CLUSTER, HOME)["metadata"]["uid"]
    await world.local.delete(HOME_CLUSTER, HOME, uid=uid)
    await world.settle()
    assert [name for name in world.supervisor.running if HOME in name] == []


async def test_a_change_of_terms_looks_at_every_order_again() -> None:
    world = await joined()
    world.order()
    await world.sync()
    await world.settle()
    world.change_home(state="Cordoned")
    world._refresh()
    world.queue_copies.taken()
    await world.home_clusters.reconcile(HOME)
    assert world.queue_copies.taken() == [f"{HOME}/{ORDER}"]


async def test_a_host_that_may_not_read_its_own_identity_says_so() -> None:
    world = HostWorld()
    world.local.stored.pop((NAMESPACE.plural, "kube-system"))
    world.join()
    world._refresh()
    with pytest.raises(Forbidden, match="kube-system"):
        await world.home_clusters.reconcile(HOME)


async def test_nothing_is_admitted_before_nodes_and_pods_were_read() -> None:
    world = HostWorld()
    world.join()
    world._refresh()
    assert await world.home_clusters.reconcile(HOME) == Again(seconds=1.0)
    assert await world.copy_controller.reconcile(f"{HOME}/{ORDER}") == Again(seconds=1.0)


async def test_without_the_right_to_list_nodes_the_quota_counts() -> None:
    world = HostWorld(read_nodes=False)
    world.local.put(NODE, {**world.local.at(NODE, "node-1"), **node(cpu="0", gpus=0)})
    world.join(endpoint={"addresses": ["192.0.2.1"]})
    await world.settle()
    world.order()
    await world.sync()
    await world.settle()
    assert world.reason("Accepted") == "True/Accepted"
    assert world.home_clusters.capacity.node_addresses() == ()
    assert [call.kind for call in world.local.calls if call.kind == "nodes"] == []


async def test_where_nodes_may_not_be_listed_after_all_the_quota_counts() -> None:
    world = HostWorld()
    world.local.fail(Forbidden("may not list"), verb="list", kind=NODE, times=1000)
    world.join()
    await world.settle()
    world.order()
    await again(world)
    await again(world)
    assert world.reason("Accepted") == "True/Accepted"
    assert world.home_reason("Ready") == "True/Ready"
    assert world.outcomes[HOME] == Done()
    assert world.home_clusters.capacity.room() is None


async def test_nodes_that_cannot_be_listed_for_another_reason_hold_orders_up_and_are_said() -> None:
    world = HostWorld()
    world.local.fail(ApiUnreachable("no route"), verb="list", kind=NODE, times=1000)
    world.join()
    await world.settle()
    await again(world)
    assert world.home_reason("Connected") == "True/Connected"
    assert world.home_reason("Ready") == "False/NotWatching"
    world.local.faults.clear()
    await again(world)
    await again(world)
    assert world.home_reason("Ready") == "True/Ready"


async def test_the_address_of_a_node_is_external_before_internal() -> None:
    world = await joined()
    other = node("node-0")
    other["status"]["addresses"] = [{"type": "ExternalIP", "address": "203.0.113.7"}]
    world.local.put(NODE, other)
    await world.sync()
    assert world.home_clusters.capacity.node_addresses() == ("203.0.113.7",)


async def test_a_home_that_is_gone_needs_nothing() -> None:
    world = HostWorld()
    assert await world.home_clusters.reconcile("unknown-00000000") == Done()
    assert list(home_keys({"metadata": {"name": HOME}})) == [HOME]


async def test_one_homes_silence_does_not_touch_another() -> None:
    world = await joined()
    second = "others-0b0b0b0b"
    home = world.local.at(HOME_CLUSTER, HOME)
    spec = {**home["spec"], "joinSecret": "join-missing"}
    world.local.put(HOME_CLUSTER, {**home, "metadata": {"name": second}, "spec": spec})
    await world.settle()
    other = world.local.at(HOME_CLUSTER, second)["status"]["conditions"][0]
    assert other["status"] == "False"
    assert world.home_reason("Ready") == "True/Ready"


async def test_a_home_whose_terms_cannot_be_read_keeps_no_other_waiting() -> None:
    world = HostWorld()
    world.join()
    home = world.local.at(HOME_CLUSTER, HOME)
    meta = {"name": "odd-11111111", "uid": "odd"}
    odd = {**home, "metadata": meta, "spec": {**home["spec"], "quota": {"cpu": "many"}}}
    world.homes.update({HOME: home, "odd-11111111": odd})
    await world.home_clusters.reconcile(HOME)
    assert list(world.home_clusters.links) == [HOME]
    with pytest.raises(Refused):
        await world.home_clusters.reconcile("odd-11111111")


async def test_a_home_in_whose_namespace_we_have_no_rights_is_not_ready_and_says_the_remedy() -> (
    None
):
    world = await joined()
    (secrets,) = (each for each in world.informers.made if each.kind is SECRET and each.labels)
    secrets.failure, secrets.synced = Forbidden("may not list secrets"), False
    world.wake()
    assert await world.home_clusters.reconcile(HOME) == Again(seconds=1)
    assert world.home_reason("Connected") == "True/Connected"
    assert world.home_reason("Ready") == "False/RightsMissing"
    assert "RightsMissing" in world.events.reasons()
