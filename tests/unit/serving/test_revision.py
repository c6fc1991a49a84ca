import pytest

from fakes.workloads import L4, SPECIAL_RUNTIME, model, workload
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
    ],
)
def test_what_restarts_no_model_keeps_the_revision(change: dict[str, object]) -> None:
    assert revision_of(workload(**change)) == revision_of(workload())


def test_a_revision_is_a_sha256_in_hex() -> None:
    assert len(revision_of(workload())) == 64
