"""Names and labels of what serves an order, all derived from the order's own name."""

from collections.abc import Mapping

from modelbond.api.kinds import Json
from modelbond.serving.workload import Workload

MANAGED_BY = "app.kubernetes.io/managed-by"
OWNER_UID = "modelbond.io/owner-uid"
PLACEMENT = "modelbond.io/placement"
REVISION = "modelbond.io/revision"
RENDERED = "modelbond.io/rendered"
OURS = {MANAGED_BY: "modelbond"}


def home_namespace(home_cluster: str) -> str:
    """Return the namespace at the host where that home's copies live."""
    return f"modelbond-home-{home_cluster}"


def edge_secret(order: str) -> str:
    """Return the name of the Secret with certificate and tokens, at home and host alike."""
    return f"{order}-edge"


def revision_deployment(order: str, revision: str) -> str:
    """Return the name of the Deployment that runs one revision of an order."""
    return f"{order}-{revision[:8]}"


def pod_config(order: str, revision: str) -> str:
    """Return the name of the ConfigMap that the pods of that revision read."""
    return f"{revision_deployment(order, revision)}-pod"


def labels(workload: Workload) -> dict[str, str]:
    """Return what every object of the workload carries."""
    return {**OURS, OWNER_UID: workload.owner.uid, PLACEMENT: workload.order}


def pod_selector(order: str, revision: str) -> dict[str, str]:
    """Return the labels that pick the pods of exactly one revision."""
    return {PLACEMENT: order, REVISION: revision[:8]}


def metadata(workload: Workload, *, name: str, more: Mapping[str, str] | None = None) -> Json:
    """Return the metadata of an object that the workload's copy owns."""
    return {
        "name": name,
        "namespace": workload.namespace,
        "labels": {**labels(workload), **(more or {})},
        "ownerReferences": [dict(workload.owner.reference)],
    }
