import json

import kubernetes_validate
import pytest

from fakes.workloads import L4, SLICE, SPECIAL_RUNTIME, workload
from modelbond.api.kinds import Json
from modelbond.serving.edge import edge_secret_object
from modelbond.serving.network import network_policy, service
from modelbond.serving.pod import config_map, deployment
from modelbond.serving.workload import Workload

REVISION = "0123456789abcdef"
WORKLOADS = {
    "cpu": workload(),
    "product": workload(gpu=L4, cache_claim="weights"),
    "mig": workload(gpu=SLICE, allowed_sources=("10.0.0.0/8", "http://files.models.svc/")),
    "runtime": workload(gpu=L4, runtime=SPECIAL_RUNTIME),
}
OLDEST = "1.30"


def rendered(wanted: Workload) -> list[Json]:
    return [
        deployment(wanted, revision=REVISION),
        service(wanted, revision=REVISION),
        network_policy(wanted),
        config_map(wanted, revision=REVISION),
        edge_secret_object(wanted, data={"tls.key": "a2V5"}),
    ]


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_every_object_is_what_kubernetes_expects(name: str, version: str) -> None:
    for obj in rendered(WORKLOADS[name]):
        kubernetes_validate.validate(obj, version, strict=True)


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_every_object_is_plain_json_with_its_owner(name: str) -> None:
    for obj in rendered(WORKLOADS[name]):
        assert json.loads(json.dumps(obj)) == obj
        meta = obj["metadata"]
        assert meta["ownerReferences"][0]["uid"] == "copy-uid"
        assert meta["labels"]["modelbond.io/owner-uid"] == "copy-uid"
        assert meta["labels"]["app.kubernetes.io/managed-by"] == "modelbond"


def test_names_stay_within_the_limits_of_kubernetes() -> None:
    longest = workload(order="a" * 40 + "-1234abcd")
    for obj in rendered(longest):
        assert len(obj["metadata"]["name"]) <= 63
