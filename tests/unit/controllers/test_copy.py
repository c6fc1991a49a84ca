"""A copy is served: from the order to the endpoint, and what its pods say."""

import pytest

from fakes.host_world import (
    AT_HOME,
    AT_HOST,
    HOME,
    HOME_UID,
    ORDER,
    again,
    joined,
    node,
    order_spec,
    serving,
)
from modelbond.api.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    MODEL_PLACEMENT,
    NODE,
    POD,
    SECRET,
    SERVICE,
)
from modelbond.errors import ApiBroken

WITHOUT_NODE = {
    "phase": "Pending",
    "conditions": [
        {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "0/1 nodes are available",
        }
    ],
}


async def test_an_order_is_accepted_signed_started_and_served() -> None:
    world = await joined()
    world.order()
    await again(world)
    assert world.reason("Accepted") == "True/Accepted"
    assert world.reason("Ready") == "False/WaitingForCertificate"
    assert world.order_status()["signingRequest"].startswith("-----BEGIN CERTIFICATE REQUEST")
    assert world.local.names(DEPLOYMENT) == []
    world.sign()
    await again(world)
    assert len(world.local.names(DEPLOYMENT)) == 1
    world.kubelet()
    await again(world)
    status = world.order_status()
    assert world.reason("Ready") == "True/Ready"
    assert world.reason("ModelVerified") == "True/Verified"
    assert world.reason("EndpointReady") == "True/EndpointServing"
    assert status["endpoints"] == [{"address": "10.1.0.1", "port": 30000}]
    assert (status["replicas"], status["readyReplicas"]) == (1, 1)
    assert status["progress"] == {"doneBytes": 3_000_000, "totalBytes": 3_000_000}


async def test_a_copy_says_where_it_comes_from_and_which_generation_it_carries() -> None:
    world = await serving()
    copy = world.copy()
    assert copy["spec"]["role"] == "Copy"
    assert copy["spec"]["origin"]["homeUID"] == HOME_UID
    assert (
        copy["spec"]["origin"]["orderUID"]
        == world.home.at(MODEL_PLACEMENT, ORDER, namespace=AT_HOME)["metadata"]["uid"]
    )
    assert copy["status"]["orderGeneration"] == 1
    assert [each["type"] for each in copy["status"]["conditions"]][-1] == "Linked"


async def test_a_settled_copy_writes_nothing_more() -> None:
    world = await serving()
    before = len(world.local.writes()), len(world.home.writes())
    await again(world)
    await again(world)
    assert (len(world.local.writes()), len(world.home.writes())) == before


async def test_the_private_key_stays_in_the_hosts_own_secret() -> None:
    world = await serving()
    mine = world.local.at(SECRET, f"{ORDER}-edge", namespace=AT_HOST)["data"]
    assert {"tls.key", "tls.crt", "tokens.conf"} <= set(mine)
    assert set(world.home.at(SECRET, f"{ORDER}-edge", namespace=AT_HOME)["data"]) == {
        "tls.crt",
        "token",
    }


async def test_a_certificate_for_another_key_starts_nothing() -> None:
    world = await joined()
    world.order()
    await again(world)
    world.sign()
    edge = world.home.at(SECRET, f"{ORDER}-edge", namespace=AT_HOME)
    edge["data"]["tls.crt"] = "Zm9yZWlnbg=="
    world.home.put(SECRET, edge)
    await again(world)
    assert world.local.names(DEPLOYMENT) == []
    assert world.reason("Ready") == "False/WaitingForCertificate"


async def test_an_odd_token_never_reaches_the_edge() -> None:
    world = await joined()
    world.order()
    await again(world)
    world.sign(token='x" 1; } evil {')  # noqa: S106 - no token at all
    await again(world)
    assert world.local.names(DEPLOYMENT) == []


async def test_a_scale_changes_replicas_and_restarts_nothing() -> None:
    world = await serving()
    uid = next(iter(world.local.objects(DEPLOYMENT).values()))["metadata"]["uid"]
    world.order(replicas=3)
    await again(world)
    world.kubelet()
    await again(world)
    deployment = next(iter(world.local.objects(DEPLOYMENT).values()))
    assert deployment["metadata"]["uid"] == uid
    assert deployment["spec"]["replicas"] == 3
    assert world.order_status()["readyReplicas"] == 3
    assert world.order_status()["observedGeneration"] == 2


async def test_zero_replicas_pause_and_keep_the_endpoint() -> None:
    world = await serving()
    world.order(replicas=0)
    await again(world)
    world.kubelet()
    await again(world)
    assert world.reason("Ready") == "False/Paused"
    assert world.order_status()["endpoints"] == [{"address": "10.1.0.1", "port": 30000}]
    assert world.pods() == []


async def test_another_digest_replaces_the_revision_after_the_old_pods_are_gone() -> None:
    world = await serving()
    old = world.local.names(DEPLOYMENT)
    digest = "sha256:" + "cd" * 32
    world.order(model={**order_spec()["model"], "digest": digest})
    await again(world)
    assert world.local.names(DEPLOYMENT) == []
    assert world.pods() != []
    world.kubelet()
    await again(world)
    new = world.local.names(DEPLOYMENT)
    assert len(new) == 1
    assert new != old
    service = world.local.at(SERVICE, ORDER, namespace=AT_HOST)
    assert new[0].endswith(service["spec"]["selector"]["modelbond.io/revision"])
    assert len(world.local.names(CONFIG_MAP)) == 1
    assert world.reason("Ready").startswith("False/")


async def test_pods_without_a_node_for_two_minutes_lose_their_place() -> None:
    world = await joined()
    world.order()
    await again(world)
    world.sign()
    await again(world)
    world.kubelet()
    pod = world.pods()[0]
    pod["status"] = WITHOUT_NODE
    pod["spec"].pop("nodeName")
    world.local.put(POD, pod)
    await again(world)
    assert world.reason("Ready") == "False/Unschedulable"
    world.clock.pass_by(119)
    await again(world)
    assert world.has_copy()
    world.clock.pass_by(2)
    await again(world)
    world.local.stored.pop((POD.plural, f"{AT_HOST}/{pod['metadata']['name']}"), None)
    await again(world)
    await again(world)
    assert not world.has_copy()
    assert world.reason("Accepted") == "False/CapacityLost"
    assert world.order_status()["released"] is True


async def test_a_replica_without_a_node_does_not_take_down_those_that_serve() -> None:
    world = await serving(replicas=2)
    first, second = world.pods()
    world.local.put(POD, {**second, "spec": {}, "status": WITHOUT_NODE})
    await again(world)
    world.clock.pass_by(121)
    await again(world)
    assert world.has_copy()
    assert first["metadata"]["name"] in {pod["metadata"]["name"] for pod in world.pods()}
    assert world.reason("Accepted") == "False/CapacityLost", "the home looks for another host"
    assert world.order_status()["readyReplicas"] == 1
    world.kubelet()
    await again(world)
    assert world.reason("Ready") == "True/Ready"
    assert world.reason("Accepted") == "True/Accepted"


async def test_an_operator_killed_after_creating_a_copy_goes_on_where_it_was() -> None:
    world = await joined()
    world.order()
    world.local.fail(ApiBroken("500"), verb="apply_status", kind=MODEL_PLACEMENT)
    await world.sync()
    world.queue_copies.add(f"{HOME}/{ORDER}")
    with pytest.raises(ApiBroken):
        await world.copy_controller.reconcile(f"{HOME}/{ORDER}")
    assert world.has_copy()
    world.restart()
    await again(world)
    await again(world)
    assert world.copy()["status"]["orderGeneration"] == 1
    assert world.reason("Accepted") == "True/Accepted"


async def test_two_orders_cannot_get_the_same_gpu() -> None:
    world = await joined()
    world.local.put(NODE, {**world.local.at(NODE, "node-1"), **node(gpus=1)})
    await world.sync()
    gpu = {"cpu": "1", "memory": "1Gi", "gpu": {"class": "NVIDIA-L4", "count": 1}}
    world.order("first-11111111", resources=gpu)
    world.order("second-22222222", resources=gpu)
    await again(world)
    answers = {world.reason("Accepted", name) for name in ("first-11111111", "second-22222222")}
    assert answers == {"True/Accepted", "False/NoCapacity"}


async def test_the_failure_of_a_container_reaches_the_home() -> None:
    world = await serving()
    pod = world.pods()[0]
    pod["status"]["conditions"][1]["status"] = "False"
    pod["status"]["containerStatuses"] = [
        {
            "name": "triton",
            "ready": False,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {
                "terminated": {
                    "exitCode": 1,
                    "reason": "Error",
                    "message": "x" * 5000 + "the model is broken",
                    "finishedAt": "2026-01-01T00:05:00Z",
                }
            },
        }
    ]
    world.local.put(POD, pod)
    await again(world)
    failure = world.order_status()["lastFailure"]
    assert (failure["location"], failure["reason"]) == ("triton", "CrashLooping")
    assert failure["message"].endswith("the model is broken")
    assert len(failure["message"]) == 1024
    assert world.reason("Ready") == "False/CrashLooping"


async def test_progress_of_a_download_is_told_in_steps() -> None:
    world = await joined()
    world.order()
    await again(world)
    world.sign()
    await again(world)
    world.kubelet(ready=False)
    pod = world.pods()[0]
    pod["status"]["initContainerStatuses"] = [{"name": "fetch", "state": {"running": {}}}]
    pod["status"]["containerStatuses"] = []
    world.local.put(POD, pod)
    log = f"{AT_HOST}/{pod['metadata']['name']}/fetch"
    world.local.logs[log] = '{"done": 300000, "total": 3000000}\n'
    await again(world)
    assert world.order_status()["progress"]["doneBytes"] == 300_000
    assert world.reason("ModelVerified") == "False/Fetching"
    world.local.logs[log] += '{"done": 1500000, "total": 3000000}\n'
    await again(world)
    assert world.order_status()["progress"]["doneBytes"] == 300_000
    world.clock.pass_by(10)
    await again(world)
    assert world.order_status()["progress"]["doneBytes"] == 1_500_000


async def test_a_change_of_gpus_to_none_removes_them_from_the_copy() -> None:
    world = await joined()
    gpu = {"cpu": "1", "memory": "1Gi", "gpu": {"class": "NVIDIA-L4", "count": 1}}
    world.order(resources=gpu)
    await again(world)
    assert world.copy()["spec"]["resources"]["gpu"]["count"] == 1
    world.order(resources={"cpu": "1", "memory": "1Gi"})
    await again(world)
    assert "gpu" not in world.copy()["spec"]["resources"]


async def test_a_lost_edge_secret_is_made_anew_and_signed_anew() -> None:
    world = await serving()
    world.local.stored.pop((SECRET.plural, f"{AT_HOST}/{ORDER}-edge"))
    await again(world)
    assert world.reason("EndpointReady") == "False/WaitingForCertificate"
    world.sign()
    await again(world)
    assert world.reason("EndpointReady") == "True/EndpointServing"


async def test_a_log_that_cannot_be_read_hinders_nothing() -> None:
    world = await joined()
    world.order()
    await again(world)
    world.sign()
    await again(world)
    world.kubelet(ready=False)
    pod = world.pods()[0]
    pod["status"]["initContainerStatuses"] = [{"name": "fetch", "state": {"running": {}}}]
    world.local.put(POD, pod)
    world.local.fail(ApiBroken("500"), verb="log_tail", times=10)
    await again(world)
    assert world.reason("ModelVerified") == "False/Fetching"
    assert "progress" not in world.order_status()
