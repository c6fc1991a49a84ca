import pytest

from fakes.workloads import L4, MODEL, SLICE, SPECIAL_RUNTIME, model, workload
from modelbond.api.kinds import Json
from modelbond.serving.containers import shared_memory_bytes, startup_seconds
from modelbond.serving.pod import config_map, deployment

REVISION = "0123456789abcdef"


def pod(**changes: object) -> Json:
    body: Json = deployment(workload(**changes), revision=REVISION)["spec"]["template"]["spec"]
    return body


def container(name: str, **changes: object) -> Json:
    spec = pod(**changes)
    every = [*spec["initContainers"], *spec["containers"]]
    return next(each for each in every if each["name"] == name)


def test_fetch_comes_first_then_the_edge_as_native_sidecar_then_triton() -> None:
    spec = pod()
    assert [each["name"] for each in spec["initContainers"]] == ["fetch", "edge"]
    assert [each.get("restartPolicy") for each in spec["initContainers"]] == [None, "Always"]
    assert [each["name"] for each in spec["containers"]] == ["triton"]


def test_every_container_is_restricted() -> None:
    spec = pod()
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for each in [*spec["initContainers"], *spec["containers"]]:
        context = each["securityContext"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True


def test_no_pod_gets_a_token_or_the_addresses_of_other_services() -> None:
    assert pod()["automountServiceAccountToken"] is False
    assert pod()["enableServiceLinks"] is False


def test_triton_loads_that_one_model_and_listens_on_loopback_only() -> None:
    arguments = container("triton")["args"]
    assert "--model-control-mode=explicit" in arguments
    assert "--load-model=magika" in arguments
    assert "--http-address=127.0.0.1" in arguments
    assert "--metrics-address=127.0.0.1" in arguments
    assert "--allow-grpc=false" in arguments


def test_readiness_and_startup_pass_through_the_edge() -> None:
    triton = container("triton")
    for probe in ("startupProbe", "readinessProbe"):
        get = triton[probe]["httpGet"]
        assert get == {"path": "/v2/models/magika/ready", "port": 8443, "scheme": "HTTPS"}
    assert container("edge")["startupProbe"]["httpGet"]["path"] == "/edge/health"


def test_a_crowd_at_the_edge_must_last_for_minutes_before_anything_restarts() -> None:
    for name in ("edge", "triton"):
        probe = container(name)["livenessProbe"]
        assert probe["periodSeconds"] * probe["failureThreshold"] >= 300


def test_the_exit_timeout_and_the_sleep_fit_into_the_grace_period() -> None:
    sleep = container("triton")["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert sleep + 20 < pod()["terminationGracePeriodSeconds"]
    assert "--exit-timeout-secs=20" in container("triton")["args"]


@pytest.mark.parametrize(
    ("size_bytes", "seconds"), [(1, 600), (100 * 10**9, 600), (200 * 10**9, 1060)]
)
def test_a_large_model_gets_longer_to_start(size_bytes: int, seconds: int) -> None:
    assert startup_seconds(size_bytes) == seconds


def test_the_startup_probe_lasts_as_long_as_the_model_may_take() -> None:
    probe = container("triton", model=model(size_bytes=200 * 10**9))["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == 1060


def test_each_revision_has_a_configuration_of_its_own() -> None:
    body = config_map(workload(), revision=REVISION)
    assert body["metadata"]["name"] == "magika-1234abcd-01234567-pod"
    assert "limit_req_zone" in body["data"]["nginx.conf"]


def test_fetch_reads_what_the_policy_opens_from_a_file_that_is_kept_current() -> None:
    allowed = ("10.0.0.0/8", "https://models.example.org/")
    body = config_map(workload(allowed_sources=allowed), revision=REVISION)
    assert body["data"]["sources"] == "10.0.0.0/8\nhttps://models.example.org/\n"
    assert pod(allowed_sources=allowed) == pod()
    assert {"name": "fetch-policy", "mountPath": "/etc/fetch", "readOnly": True} in container(
        "fetch"
    )["volumeMounts"]


def test_fetch_is_told_the_digest_and_every_source() -> None:
    arguments = container("fetch")["args"]
    assert arguments[:5] == ["fetch", "--digest", MODEL.digest, "--size", "3000000"]
    assert arguments.count("--source") == 2
    assert arguments[arguments.index("--allow-from") + 1] == "/etc/fetch/sources"
    assert "--cache" not in arguments


def test_a_cache_is_mounted_only_where_the_owner_names_a_claim() -> None:
    spec = pod(cache_claim="weights")
    assert {"name": "cache", "persistentVolumeClaim": {"claimName": "weights"}} in spec["volumes"]
    fetch = container("fetch", cache_claim="weights")
    assert fetch["args"][-2:] == ["--cache", "/cache"]
    assert "cache" in [mount["name"] for mount in fetch["volumeMounts"]]
    assert "cache" not in [volume["name"] for volume in pod()["volumes"]]


def test_scratch_space_is_bounded() -> None:
    for volume in pod()["volumes"]:
        if "emptyDir" in volume:
            assert volume["emptyDir"]["sizeLimit"]


def test_shared_memory_is_half_of_the_memory_and_never_tiny() -> None:
    assert shared_memory_bytes(workload(memory="4Gi")) == 2 * 2**30
    assert shared_memory_bytes(workload(memory="16Mi")) == 64 * 2**20


def test_a_cpu_pod_asks_for_no_gpu() -> None:
    assert set(container("triton")["resources"]["limits"]) == {"memory"}
    assert pod()["tolerations"] == []
    assert pod()["nodeSelector"] == {}


def test_a_product_is_chosen_by_label_and_counted_as_a_gpu() -> None:
    assert container("triton", gpu=L4)["resources"]["limits"]["nvidia.com/gpu"] == "2"
    assert pod(gpu=L4)["nodeSelector"] == {"nvidia.com/gpu.product": "NVIDIA-L4"}
    assert pod(gpu=L4)["tolerations"][0]["key"] == "nvidia.com/gpu"


def test_a_mig_slice_is_a_resource_of_its_own() -> None:
    assert container("triton", gpu=SLICE)["resources"]["limits"]["nvidia.com/mig-1g.10gb"] == "1"
    assert pod(gpu=SLICE)["nodeSelector"] == {}


def test_what_the_runtime_needs_is_the_hosts_choice() -> None:
    spec = pod(runtime=SPECIAL_RUNTIME, gpu=L4)
    assert spec["runtimeClassName"] == "nvidia"
    assert spec["imagePullSecrets"] == [{"name": "registry"}]
    assert spec["nodeSelector"]["pool"] == "gpu"
    assert spec["tolerations"][1:] == [
        {"key": "dedicated", "operator": "Equal", "value": "models", "effect": "NoSchedule"},
        {"operator": "Exists"},
    ]
    triton = container("triton", runtime=SPECIAL_RUNTIME)
    assert triton["securityContext"]["readOnlyRootFilesystem"] is False
    assert "runtimeClassName" not in pod()
    assert "imagePullSecrets" not in pod()
