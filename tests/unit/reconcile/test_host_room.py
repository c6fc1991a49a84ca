from fakes.host_world import node
from fakes.rooms import room_of
from modelbond.api.kinds import Json
from modelbond.reconcile.host_ledger import Amounts
from modelbond.reconcile.host_nodes import pod_requests
from modelbond.reconcile.host_room import Ask


def pod(*, on: str | None = "node-1", phase: str = "Running", **requests: str) -> Json:
    spec: Json = {"containers": [{"name": "main", "resources": {"requests": requests}}]}
    if on:
        spec["nodeName"] = on
    return {"metadata": {"name": "p"}, "spec": spec, "status": {"phase": phase}}


def test_pods_on_a_node_take_room_and_finished_or_waiting_ones_do_not() -> None:
    pods = [pod(cpu="4"), pod(cpu="8", phase="Succeeded"), pod(cpu="8", on=None)]
    assert room_of([node()], pods).free().cpu_milli == 12_000


def test_a_node_that_is_not_ready_or_cordoned_has_no_room() -> None:
    broken = node("broken")
    broken["status"]["conditions"] = [{"type": "Ready", "status": "False"}]
    cordoned = node("cordoned")
    cordoned["spec"] = {"unschedulable": True}
    assert room_of([broken, cordoned], []).nodes == ()


def test_a_tainted_node_is_not_free_for_everybody_but_a_gpu_taint_is_usual() -> None:
    tainted, gpus = node("tainted"), node("gpus")
    tainted["spec"]["taints"] = [{"key": "dedicated", "value": "x", "effect": "NoSchedule"}]
    gpus["spec"]["taints"] = [
        {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"},
        {"key": "soft", "effect": "PreferNoSchedule"},
    ]
    assert room_of([tainted, gpus], []).free().gpus == {"NVIDIA-L4": 2}


def test_gpus_are_counted_by_product_and_slices_by_resource() -> None:
    sliced = node("sliced", gpus=0)
    sliced["status"]["allocatable"]["nvidia.com/mig-1g.10gb"] = "7"
    unlabelled = node("unlabelled")
    unlabelled["metadata"]["labels"] = {}
    unlabelled["status"]["allocatable"]["nvidia.com/other"] = "3"
    free = room_of([node(), sliced, unlabelled], []).free()
    assert free.gpus == {"NVIDIA-L4": 2, "mig-1g.10gb": 7}


def test_the_largest_on_one_node_is_not_the_sum() -> None:
    room = room_of([node("a", gpus=1), node("b", gpus=3)], [])
    assert room.largest("NVIDIA-L4") == 3
    assert room.largest("NVIDIA-H100") == 0
    assert room_of([], []).largest("NVIDIA-L4") == 0


def test_overcommitted_nodes_have_nothing_rather_than_less() -> None:
    assert room_of([node(cpu="1")], [pod(cpu="4")]).free().cpu_milli == 0


def test_small_pods_fill_small_gaps_so_that_large_ones_still_fit() -> None:
    room = room_of([node("large", gpus=4), node("small", gpus=1)], [])
    one = Ask(count=1, each=Amounts(gpus={"NVIDIA-L4": 1}))
    room, done = room.placed(one)
    assert done == 1
    assert room.largest("NVIDIA-L4") == 4


def test_what_does_not_fit_is_counted_as_not_placed() -> None:
    room = room_of([node(gpus=2)], [])
    after, done = room.placed(Ask(count=3, each=Amounts(gpus={"NVIDIA-L4": 1})))
    assert done == 2
    assert after.free().gpus == {}


def test_a_pod_counts_its_sidecars_and_its_largest_init_container() -> None:
    body = pod(cpu="1", memory="1Gi")
    body["spec"]["initContainers"] = [
        {"name": "init", "resources": {"requests": {"cpu": "3", "memory": "1Mi"}}},
        {
            "name": "edge",
            "restartPolicy": "Always",
            "resources": {"requests": {"cpu": "10m"}, "limits": {"memory": "64Mi"}},
        },
        {"name": "bare"},
    ]
    assert pod_requests(body) == {"cpu": 3000, "memory": 2**30 + 64 * 2**20}
