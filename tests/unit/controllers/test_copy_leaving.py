"""A copy ends by an explicit word only."""

from fakes.host_world import (
    AT_HOME,
    AT_HOST,
    HOME,
    ORDER,
    again,
    joined,
    order_spec,
    serving,
)
from modelbond.api.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    HOME_CLUSTER,
    MODEL_PLACEMENT,
    NETWORK_POLICY,
    SECRET,
    SERVICE,
)
from modelbond.errors import ApiUnreachable, Unauthorized


async def test_a_withdrawn_order_is_released_only_when_the_last_pod_is_gone() -> None:
    world = await serving()
    world.order(state="Withdrawn")
    await again(world)
    assert world.order_status()["released"] is False
    assert world.has_copy()
    for kind in (DEPLOYMENT, SERVICE, NETWORK_POLICY, SECRET, CONFIG_MAP):
        assert [key for key in world.local.names(kind) if key.startswith(AT_HOST)] == []
    world.kubelet()
    await again(world)
    assert not world.has_copy()
    await again(world)
    assert world.order_status()["released"] is True
    assert world.home_clusters.capacity.ledger.counted(HOME) == ()


async def test_an_order_with_a_deletion_timestamp_is_withdrawn() -> None:
    world = await serving()
    order = world.home.at(MODEL_PLACEMENT, ORDER, namespace=AT_HOME)
    order["metadata"]["finalizers"] = ["modelbond.io/home"]
    world.home.put(MODEL_PLACEMENT, order)
    await world.home.delete(MODEL_PLACEMENT, ORDER, namespace=AT_HOME, uid=order["metadata"]["uid"])
    await again(world)
    world.kubelet()
    await again(world)
    await again(world)
    assert not world.has_copy()
    assert world.order_status()["released"] is True


async def test_a_withdrawn_order_without_a_copy_is_released_at_once() -> None:
    world = await joined()
    world.order(state="Withdrawn")
    await again(world)
    assert world.order_status()["released"] is True
    assert not world.has_copy()


async def test_an_absent_order_orphans_its_copy_which_runs_on() -> None:
    world = await serving()
    world.home.stored.pop((MODEL_PLACEMENT.plural, f"{AT_HOME}/{ORDER}"))
    world.clock.pass_by(10**7)
    await again(world)
    linked = world.copy()["status"]["conditions"][-1]
    assert (linked["status"], linked["reason"]) == ("False", "Orphaned")
    assert len(world.pods()) == 1


async def test_an_orphan_goes_after_the_time_that_its_owner_opted_for() -> None:
    world = await serving()
    policy = {"runtimes": ["triton"], "formats": ["onnx"], "sources": ["http://files/"]}
    world.change_home(policy={**policy, "orphanAfter": "72h"})
    world.home.stored.pop((MODEL_PLACEMENT.plural, f"{AT_HOME}/{ORDER}"))
    await again(world)
    world.clock.pass_by(71 * 3600)
    await again(world)
    assert world.has_copy()
    world.clock.pass_by(2 * 3600)
    await again(world)
    world.kubelet()
    await again(world)
    assert not world.has_copy()


async def test_the_time_of_an_orphan_counts_over_cut_links_and_restarts() -> None:
    world = await serving()
    policy = {"runtimes": ["triton"], "formats": ["onnx"], "sources": ["http://files/"]}
    world.change_home(policy={**policy, "orphanAfter": "72h"})
    world.home.stored.pop((MODEL_PLACEMENT.plural, f"{AT_HOME}/{ORDER}"))
    await again(world)
    since = world.copy()["status"]["orphanedSince"]
    for _ in range(2):
        world.clock.pass_by(37 * 3600)
        world.home.fail(ApiUnreachable("no route"), times=1000)
        world.restart()
        await again(world)
        assert world.copy()["status"]["orphanedSince"] == since
        assert world.has_copy()
    world.home.faults.clear()
    await again(world)
    await again(world)
    world.kubelet()
    await again(world)
    assert not world.has_copy()


async def test_an_orphan_whose_order_is_seen_again_starts_anew() -> None:
    world = await serving()
    order = world.home.stored.pop((MODEL_PLACEMENT.plural, f"{AT_HOME}/{ORDER}"))
    await again(world)
    assert "orphanedSince" in world.copy()["status"]
    world.home.stored[MODEL_PLACEMENT.plural, f"{AT_HOME}/{ORDER}"] = order
    await again(world)
    assert "orphanedSince" not in world.copy()["status"]


async def test_a_copy_made_by_hand_is_left_alone_with_and_without_its_home() -> None:
    world = await joined()
    origin = {"homeCluster": "theirs", "homeClusterUID": "x", "homeUID": "y", "orderUID": "z"}
    spec = {**order_spec(), "role": "Copy", "origin": origin}
    meta = {"name": "mine", "namespace": AT_HOST}
    world.local.put(MODEL_PLACEMENT, {"metadata": meta, "spec": spec})
    await again(world)
    assert world.has_copy("mine")
    uid = world.local.at(HOME_CLUSTER, HOME)["metadata"]["uid"]
    await world.local.delete(HOME_CLUSTER, HOME, uid=uid)
    await again(world)
    assert world.has_copy("mine")


async def test_a_home_that_refuses_the_token_leaves_its_copies_running() -> None:
    world = await serving()
    world.home.fail(Unauthorized("401"), times=1000)
    for link in world.home_clusters.links.values():
        await link.beat()
    await again(world)
    linked = world.copy()["status"]["conditions"][-1]
    assert (linked["status"], linked["reason"]) == ("False", "Orphaned")
    assert len(world.pods()) == 1
    assert world.home_reason("Connected") == "False/CredentialRevoked"


async def test_a_dead_home_changes_nothing_that_runs_even_over_a_restart() -> None:
    world = await serving()
    world.home.fail(ApiUnreachable("no route"), times=1000)
    world.restart()
    await again(world)
    await again(world)
    linked = world.copy()["status"]["conditions"][-1]
    assert (linked["status"], linked["reason"]) == ("False", "Unreachable")
    assert len(world.pods()) == 1
    assert world.home_clusters.capacity.ledger.counted(HOME) != ()


async def test_a_deleted_home_cluster_takes_its_copies_along_and_says_nothing_more() -> None:
    world = await serving()
    told = len(world.home.writes())
    uid = world.local.at(HOME_CLUSTER, HOME)["metadata"]["uid"]
    await world.local.delete(HOME_CLUSTER, HOME, uid=uid)
    await again(world)
    world.kubelet()
    await again(world)
    assert not world.has_copy()
    assert world.pods() == []
    assert len(world.home.writes()) == told
    assert world.home_clusters.links == {}


async def test_a_home_joined_anew_does_not_adopt_the_copies_of_the_deleted_one() -> None:
    world = await serving()
    uid = world.local.at(HOME_CLUSTER, HOME)["metadata"]["uid"]
    await world.local.delete(HOME_CLUSTER, HOME, uid=uid)
    world.join()
    await again(world)
    world.kubelet()
    await again(world)
    await again(world)
    copy = world.copy()
    new = world.local.at(HOME_CLUSTER, HOME)["metadata"]["uid"]
    assert copy["spec"]["origin"]["homeClusterUID"] == new
