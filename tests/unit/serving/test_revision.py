import pytest
from msgspec import structs

from fakes.workloads import L4, RUNTIME, SPECIAL_RUNTIME, model, workload
from modelbond.serving.revision import revision_of


@pytest.mark.parametrize(
    "change",
    [
        {"model": model(digest="sha256:" + "cd" * 32)},
        {"model": model(name="other")},
        {"cpu": "2"},
        {"memory": "2Gi"},
        {"gpu": L4},
        {"runtime": SPECIAL_RUNTIME},
    ],
)
def test_what_makes_other_pods_makes_another_revision(change: dict[str, object]) -> None:
    assert revision_of(workload(**change)) != revision_of(workload())


@pytest.mark.parametrize(
    "change",
    [
        {"model": model(sources=["https://elsewhere.example/"])},
        {"edge_image": "edge:2"},
        {"replicas": 5},
        {"allowed_sources": ("10.0.0.0/8",)},
        {"cache_claim": "weights"},
        {"runtime": structs.replace(RUNTIME, formats=("onnx", "onnx"))},
        {"runtime": structs.replace(RUNTIME, node_selector={}, read_only_root_filesystem=True)},
    ],
)
def test_what_restarts_no_model_keeps_the_revision(change: dict[str, object]) -> None:
    assert revision_of(workload(**change)) == revision_of(workload())


def test_an_upgrade_of_the_operator_computes_the_same_revisions() -> None:
    plain, special = workload(), workload(gpu=L4, runtime=SPECIAL_RUNTIME)
    assert (revision_of(plain), revision_of(special)) == (
        "ecfbbe6ae7ee1da789b00521e1b3c87c7f7325e9e11dd3de96b8f1d0f792fc56",
        "0b8bd2ddefc011a4d464d4ca914a8b571277c244260ef9bfd12421d97ed5398e",
    )
