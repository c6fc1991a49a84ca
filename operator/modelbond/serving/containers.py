"""The three containers of a serving pod: fetch, then the edge, then Triton behind it."""

import math

from modelbond.api.kinds import Json
from modelbond.api.quantities import cpu_quantity, memory_bytes, memory_quantity
from modelbond.serving.edge import EDGE_PORT, HEALTH_PATH, ready_path
from modelbond.serving.gpus import gpu_limits
from modelbond.serving.workload import Workload

FETCH = "fetch"
EDGE = "edge"
TRITON = "triton"
SOURCES = "sources"
"""The file that tells fetch, one a line, from where weights may come."""
_POLICY = "/etc/fetch"

PRE_STOP_SECONDS = 5
EXIT_TIMEOUT_SECONDS = 20
GRACE_SECONDS = 40

EDGE_CPU_MILLI = 10
EDGE_MEMORY_BYTES = 32 * 2**20
# Measured: 40 kB for a handshake that is not finished, and strangers can leave all of them so.
_EDGE_MEMORY_LIMIT = "512Mi"

STARTUP_FLOOR_SECONDS = 600
_LOAD_BYTES_PER_SECOND = 200 * 10**6
_PROBE_PERIOD_SECONDS = 2

# Probes come in where strangers do: a crowd may make the pod unready, it must not restart it.
_PATIENT = {"periodSeconds": 10, "failureThreshold": 30}

_RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}


def startup_seconds(size_bytes: int) -> int:
    """Return how long a model of that size may take to load: ten minutes, or more when large."""
    return max(STARTUP_FLOOR_SECONDS, 60 + math.ceil(size_bytes / _LOAD_BYTES_PER_SECOND))


def fetch_container(workload: Workload) -> Json:
    """Return the init container that brings verified weights into /models."""
    mounts = [
        _mount("models", "/models"),
        _mount("fetch-tmp", "/tmp"),  # noqa: S108 - in the pod
        {**_mount("fetch-policy", _POLICY), "readOnly": True},
    ]
    if workload.cache_claim:
        mounts.append(_mount("cache", "/cache"))
    return {
        "name": FETCH,
        "image": workload.edge_image,
        "imagePullPolicy": "IfNotPresent",
        "args": _fetch_arguments(workload),
        "resources": _resources(cpu="10m", memory="64Mi", memory_limit="256Mi"),
        "securityContext": _RESTRICTED,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }


def edge_container(workload: Workload) -> Json:
    """Return the edge as a native sidecar: it starts before Triton and stops after it."""
    health = _https_get(HEALTH_PATH)
    return {
        "name": EDGE,
        "image": workload.edge_image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["/usr/local/bin/modelbond-edge"],
        "restartPolicy": "Always",
        "ports": [{"name": "https", "containerPort": EDGE_PORT, "protocol": "TCP"}],
        "startupProbe": {**health, "periodSeconds": 1, "failureThreshold": 120},
        "livenessProbe": {**health, **_PATIENT},
        "resources": _resources(
            cpu=cpu_quantity(EDGE_CPU_MILLI),
            memory=memory_quantity(EDGE_MEMORY_BYTES),
            memory_limit=_EDGE_MEMORY_LIMIT,
        ),
        "securityContext": _RESTRICTED,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {**_mount("edge-config", "/etc/edge/nginx.conf"), "subPath": "nginx.conf"}
            | {"readOnly": True},
            {**_mount("edge-tls", "/etc/edge/tls"), "readOnly": True},
            _mount("edge-tmp", "/tmp"),  # noqa: S108 - in the pod
        ],
    }


def triton_container(workload: Workload) -> Json:
    """Return Triton with that one model. Its probes pass through the edge, as a client would."""
    ready = _https_get(ready_path(workload.model.name))
    started = math.ceil(startup_seconds(workload.model.size_bytes) / _PROBE_PERIOD_SECONDS)
    live = _https_get("/v2/health/live")
    return {
        "name": TRITON,
        "image": workload.runtime.image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["tritonserver"],
        "args": _triton_arguments(workload.model.name),
        "env": [{"name": "HOME", "value": "/tmp"}, {"name": "TMPDIR", "value": "/tmp"}],  # noqa: S108 - in the pod
        "startupProbe": {
            **ready,
            "periodSeconds": _PROBE_PERIOD_SECONDS,
            "failureThreshold": started,
        },
        "readinessProbe": {**ready, "periodSeconds": 2, "failureThreshold": 3},
        "livenessProbe": {**live, **_PATIENT},
        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP_SECONDS}}},
        "resources": {
            "requests": {"cpu": workload.cpu, "memory": workload.memory},
            # No limit on CPU: idle cores make a start short, and requests keep others' share.
            "limits": {"memory": workload.memory, **gpu_limits(workload.gpu)},
        },
        "securityContext": {
            **_RESTRICTED,
            "readOnlyRootFilesystem": workload.runtime.read_only_root_filesystem,
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {**_mount("models", "/models"), "readOnly": True},
            _mount("triton-tmp", "/tmp"),  # noqa: S108 - in the pod
            _mount("shm", "/dev/shm"),  # noqa: S108 - in the pod
        ],
    }


def shared_memory_bytes(workload: Workload) -> int:
    """Return the size of /dev/shm: half of the memory that the customer asked for."""
    return max(memory_bytes(workload.memory) // 2, 64 * 2**20)


def _fetch_arguments(workload: Workload) -> list[str]:
    model = workload.model
    arguments = ["fetch", "--digest", model.digest, "--size", str(model.size_bytes)]
    for source in model.sources:
        arguments += ["--source", source]
    # A file and no arguments: the owner's word reaches later pods without a restart of these.
    arguments += ["--allow-from", f"{_POLICY}/{SOURCES}"]
    arguments += ["--format", model.format, "--model-name", model.name, "--target", "/models"]
    return arguments + (["--cache", "/cache"] if workload.cache_claim else [])


def _triton_arguments(model: str) -> list[str]:
    return [
        "--model-repository=/models",
        "--model-control-mode=explicit",
        f"--load-model={model}",
        "--http-address=127.0.0.1",
        "--http-port=8000",
        "--allow-grpc=false",
        "--metrics-address=127.0.0.1",
        f"--exit-timeout-secs={EXIT_TIMEOUT_SECONDS}",
        "--log-format=ISO8601",
        "--allow-sagemaker=false",
        "--allow-vertex-ai=false",
    ]


def _resources(*, cpu: str, memory: str, memory_limit: str) -> Json:
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory_limit}}


def _https_get(path: str) -> Json:
    get = {"path": path, "port": EDGE_PORT, "scheme": "HTTPS"}
    return {"httpGet": get, "timeoutSeconds": 5}


def _mount(volume: str, path: str) -> Json:
    return {"name": volume, "mountPath": path}
