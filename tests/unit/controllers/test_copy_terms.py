"""The owner's terms decide, and foreign objects stay as they are."""

from fakes.host_world import (
    AT_HOME,
    AT_HOST,
    HOME,
    HOME_UID,
    ORDER,
    HostWorld,
    again,
    joined,
    order_spec,
    serving,
)
from modelbond.api.kinds import (
    DEPLOYMENT,
    HOME_CLUSTER,
    MODEL_PLACEMENT,
    NETWORK_POLICY,
    SERVICE,
)
from modelbond.ports.process import Again


async def test_what_the_policy_closes_is_declined_with_the_reason() -> None:
    world = await joined(policy={"runtimes": [], "formats": ["onnx"]})
    world.order()
    await again(world)
    assert world.reason("Accepted") == "False/RuntimeNotAllowed"
    assert world.order_status()["released"] is True
    assert not world.has_copy()


async def test_a_decline_stands_until_the_terms_change() -> None:
    world = await joined(quota={"cpu": "500m", "memory": "16Gi"})
    world.order()
    await again(world)
    assert world.reason("Accepted") == "False/QuotaExceeded"
    writes = len(world.home.writes())
    await again(world)
    assert len(world.home.writes()) == writes
    world.change_home(quota={"cpu": "4", "memory": "16Gi"})
    await again(world)
    await again(world)
    assert world.reason("Accepted") == "True/Accepted"


async def test_a_decline_is_known_after_a_restart() -> None:
    world = await joined(quota={"cpu": "0", "memory": "0"})
    world.order()
    await again(world)
    events = len(world.events.told)
    world.restart()
    await again(world)
    assert world.reason("Accepted") == "False/QuotaExceeded"
    assert [told.reason for told in world.events.told[events:]] == ["Ready"]


async def test_a_change_declined_before_a_restart_is_asked_anew_under_the_terms_of_now() -> None:
    world = await serving()
    world.order(model={**order_spec()["model"], "sources": ["http://other/magika/"]})
    await again(world)
    assert world.reason("Accepted") == "False/SourceNotAllowed"
    sources = ["http://files/", "http://other/"]
    world.change_home(policy={"runtimes": ["triton"], "formats": ["onnx"], "sources": sources})
    world.restart()
    await again(world)
    await again(world)
    assert world.reason("Accepted") == "True/Accepted"


async def test_a_decline_is_forgotten_once_its_order_is_gone_unseen() -> None:
    world = await joined()
    for number in range(5):
        name = f"gone-0000000{number}"
        world.order(name, runtime="vllm")
        await again(world)
        world.home.stored.pop((MODEL_PLACEMENT.plural, f"{AT_HOME}/{name}"))
        await again(world)
    answers = world.copy_controller._actions._answers
    assert not answers._declines
    assert not answers._orders._written


async def test_a_policy_that_forbids_a_running_copy_removes_it_and_says_why() -> None:
    world = await serving()
    world.change_home(policy={"runtimes": [], "formats": ["onnx"]})
    await again(world)
    world.kubelet()
    await again(world)
    await again(world)
    assert not world.has_copy()
    assert world.reason("Accepted") == "False/RuntimeNotAllowed"
    assert world.order_status()["released"] is True


async def test_a_drained_host_removes_its_copies_and_takes_none() -> None:
    world = await serving()
    world.change_home(state="Drained")
    await again(world)
    world.kubelet()
    await again(world)
    await again(world)
    assert not world.has_copy()
    assert world.reason("Accepted") == "False/HostDrained"


async def test_a_cordoned_host_keeps_what_runs_and_takes_nothing_new() -> None:
    world = await serving()
    world.change_home(state="Cordoned")
    world.order("other-11111111")
    await again(world)
    await again(world)
    assert world.has_copy()
    assert world.reason("Ready") == "True/Ready"
    assert world.reason("Accepted", "other-11111111") == "False/HostCordoned"


async def test_a_change_beyond_the_quota_is_declined_and_the_old_copy_runs_on() -> None:
    world = await serving()
    world.order(replicas=20)
    await again(world)
    assert world.reason("Accepted") == "False/QuotaExceeded"
    assert world.order_status()["observedGeneration"] == 2
    assert world.order_status()["readyReplicas"] == 1
    assert world.copy()["spec"]["replicas"] == 1


async def test_a_change_that_found_no_room_is_taken_once_there_is_room() -> None:
    gpu = {"cpu": "1", "memory": "1Gi", "gpu": {"class": "NVIDIA-L4", "count": 1}}
    world = await serving(resources=gpu)
    world.order("other-1234abcd", resources=gpu)
    await again(world)
    world.order(resources=gpu, replicas=2)
    await again(world)
    assert world.reason("Accepted") == "False/QuotaExceeded"
    world.order("other-1234abcd", resources=gpu, state="Withdrawn")
    await again(world)
    await again(world)
    assert world.outcomes[f"{HOME}/{ORDER}"] == Again(seconds=60)
    world.clock.pass_by(60)
    await again(world)
    assert world.reason("Accepted") == "True/Accepted"
    assert world.copy()["spec"]["replicas"] == 2


async def test_a_foreign_service_of_the_same_name_is_not_touched() -> None:
    world = await joined()
    foreign = world.local.put(
        SERVICE,
        {"metadata": {"name": ORDER, "namespace": AT_HOST}, "spec": {"ports": [{"port": 80}]}},
    )
    world.order()
    await again(world)
    assert world.reason("EndpointReady") == "False/NameTaken"
    assert world.reason("Ready") == "False/NameTaken"
    assert world.local.at(SERVICE, ORDER, namespace=AT_HOST) == foreign
    assert world.local.names(DEPLOYMENT) == []
    await world.local.delete(SERVICE, ORDER, namespace=AT_HOST, uid=foreign["metadata"]["uid"])
    await again(world)
    await again(world)
    assert world.reason("Ready") == "False/WaitingForCertificate"


async def test_an_unreadable_copy_does_not_keep_all_homes_waiting() -> None:
    world = HostWorld()
    world.join()
    spec = {**order_spec(), "replicas": "many", "origin": {"homeCluster": HOME, "orderUID": "x"}}
    world.local.put(
        MODEL_PLACEMENT, {"metadata": {"name": "odd", "namespace": AT_HOST}, "spec": spec}
    )
    await world.settle()
    assert world.home_reason("Ready") == "True/Ready"
    assert world.home_clusters.capacity.ready


async def test_a_foreign_copy_of_the_same_name_declines_the_order() -> None:
    world = await joined()
    spec = {**order_spec(), "role": "Copy", "origin": {"homeClusterUID": "x", "orderUID": "y"}}
    meta = {"name": ORDER, "namespace": AT_HOST, "labels": {"mine": "yes"}}
    world.order()
    await world.sync()
    world.local.put(MODEL_PLACEMENT, {"metadata": meta, "spec": spec})
    world.queue_copies.add(f"{HOME}/{ORDER}")
    await world.copy_controller.reconcile(world.queue_copies.taken()[0])
    assert world.reason("Accepted") == "False/NameTaken"
    assert world.copy()["metadata"]["labels"] == {"mine": "yes"}


async def test_a_copy_that_nobody_ordered_runs_nothing() -> None:
    world = await joined()
    home = world.local.at(HOME_CLUSTER, HOME)
    origin = {
        "homeCluster": HOME,
        "homeClusterUID": home["metadata"]["uid"],
        "homeUID": HOME_UID,
        "orderUID": "never-seen",
    }
    world.local.put(
        MODEL_PLACEMENT,
        {
            "metadata": {"name": "forged-00000000", "namespace": AT_HOST},
            "spec": {**order_spec(), "role": "Copy", "origin": origin},
        },
    )
    await again(world)
    for kind in (SERVICE, NETWORK_POLICY, DEPLOYMENT):
        assert world.local.names(kind) == []
    assert "status" not in world.copy("forged-00000000")
