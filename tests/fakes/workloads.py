"""A workload to render, with what a test wants to be different."""

from typing import Any

import msgspec

from modelbond.api.config import Runtime, Toleration
from modelbond.serving.workload import Gpu, Model, Owner, Workload

MODEL = Model(
    name="magika",
    format="onnx",
    digest="sha256:" + "ab" * 32,
    size_bytes=3_000_000,
    sources=("http://files.models.svc/magika/", "https://models.example.org/magika/"),
)
RUNTIME = Runtime(image="triton:1", formats=("onnx",))
SPECIAL_RUNTIME = Runtime(
    image="triton:2",
    formats=("onnx",),
    read_only_root_filesystem=False,
    runtime_class_name="nvidia",
    node_selector={"pool": "gpu"},
    tolerations=(
        Toleration(key="dedicated", operator="Equal", value="models", effect="NoSchedule"),
        Toleration(operator="Exists"),
    ),
    image_pull_secrets=("registry",),
)
L4 = Gpu(gpu_class="NVIDIA-L4", count=2)
SLICE = Gpu(gpu_class="mig-1g.10gb", count=1)


def workload(**changes: Any) -> Workload:
    """Return a small CPU workload, changed as the test says."""
    facts = {
        "order": "magika-1234abcd",
        "host": "alpha",
        "namespace": "modelbond-home-customers-0a0a0a0a",
        "owner": Owner(name="magika-1234abcd", uid="copy-uid"),
        "model": MODEL,
        "replicas": 1,
        "cpu": "1",
        "memory": "1Gi",
        "gpu": None,
        "runtime_name": "triton",
        "runtime": RUNTIME,
        "edge_image": "edge:1",
        "allowed_sources": (),
        "cache_claim": None,
        **changes,
    }
    return Workload(**facts)


def model(**changes: Any) -> Model:
    """Return the small model, changed as the test says."""
    return msgspec.convert({**msgspec.to_builtins(MODEL), **changes}, Model)
