"""The chart, installed by real helm with the values of one owner."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cluster.cluster import Cluster

SYSTEM = "modelbond-system"
OPERATOR = "deployment/modelbond-operator"
CUSTOMER = "models"
CHART = Path(__file__).parents[2] / "helm" / "modelbond"
OPERATOR_IMAGE = "localhost/modelbond/operator:dev"
TRITON_IMAGE = "localhost/modelbond/triton:dev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who a cluster belongs to and where it stands."""

    name: str
    region: str


def values(owner: Owner) -> dict[str, object]:
    """Return the chart's values for this owner: both roles, one runtime on the CPU."""
    return {
        "image": {"repository": OPERATOR_IMAGE.rpartition(":")[0], "tag": "dev"},
        "home": {"namespaces": [CUSTOMER], "withdrawDeadlineSeconds": 20},
        "host": {
            "owner": owner.name,
            "region": owner.region,
            "zone": f"{owner.region}a",
            "provider": "bare",
            "runtimes": {"triton": {"image": TRITON_IMAGE, "formats": ["onnx"]}},
        },
    }


def install(
    cluster: Cluster, owner: Owner, *, content: str, more: Mapping[str, object] | None = None
) -> None:
    """Install or upgrade the chart and wait until the operator is ready.

    `content` names what the operator's image holds: its tag stays, so other content alone would
    start no new pod. `more` are values beside the owner's; those of an earlier install stay.
    """
    cluster.apply(_namespace(CUSTOMER))
    _forget_unfinished(cluster)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({**values(owner), **(more or {})}, file)
        file.flush()
        cluster.helm(
            "upgrade", "--install", "modelbond", str(CHART), "--namespace", SYSTEM,
            "--create-namespace", "--values", file.name, "--reset-then-reuse-values",
            "--wait", "--timeout", "3m",
        )  # fmt: skip
    run_the_loaded_image(cluster, OPERATOR, content=content)


def run_the_loaded_image(cluster: Cluster, deployment: str, *, content: str) -> None:
    """Let a Deployment of ours run the image that the node has now, and wait until it does."""
    template = {"metadata": {"annotations": {"modelbond.io/image-content": content}}}
    patch = json.dumps({"spec": {"template": template}})
    cluster.kubectl("patch", deployment, "-n", SYSTEM, "--type=merge", "-p", patch)
    cluster.kubectl("rollout", "status", deployment, "-n", SYSTEM, "--timeout=90s")


def _namespace(name: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


def _forget_unfinished(cluster: Cluster) -> None:
    """Uninstall a release that a killed run left half way: helm refuses to go on with it."""
    if cluster.helm("list", "--namespace", SYSTEM, "--pending", "--short").strip():
        cluster.helm("uninstall", "modelbond", "--namespace", SYSTEM, "--wait")
