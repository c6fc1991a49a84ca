"""ModelDeployments of tests and demo, built and read by fluent words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cluster.cluster import Cluster
from federation.install import CUSTOMER

Json = dict[str, Any]
KIND = "modeldeployments.modelbond.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model folder on file servers: `digest` is sha256 of its SHA256SUMS, `size` in bytes."""

    name: str
    digest: str
    size: int
    sources: Sequence[str]

    def spec(self) -> Json:
        """Return it as `spec.model` says it."""
        return {
            "name": self.name,
            "digest": self.digest,
            "size": self.size,
            "sources": list(self.sources),
        }


def deployment(name: str, model: Model, **spec: object) -> Json:
    """Return a ModelDeployment in the customer's namespace; `spec` overrides its defaults."""
    return {
        "apiVersion": "modelbond.io/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name, "namespace": CUSTOMER},
        "spec": {
            "model": model.spec(),
            "runtime": "triton",
            "resources": {"cpu": "50m", "memory": "512Mi"},
            **spec,
        },
    }


@dataclass(frozen=True, slots=True)
class Deployed:
    """One ModelDeployment as the API server of its home shows it."""

    home: Cluster
    name: str

    def read(self) -> Json:
        """Return the whole object."""
        found: Json = self.home.kubectl_json("get", KIND, self.name, "-n", CUSTOMER)
        return found

    def condition(self, kind: str) -> Json:
        """Return one condition, or an empty one that is not set yet."""
        conditions = self.read().get("status", {}).get("conditions", [])
        return next((each for each in conditions if each["type"] == kind), {})

    def hosts(self) -> list[str]:
        """Return the names of the hosts that it is placed on."""
        placements = self.read().get("status", {}).get("placements", [])
        return sorted(each["host"] for each in placements if each.get("host"))

    def patch(self, spec: Json) -> None:
        """Merge-patch the spec as a person would with kubectl."""
        change = json.dumps({"spec": spec})
        self.home.kubectl("patch", KIND, self.name, "-n", CUSTOMER, "--type=merge", "-p", change)

    def delete(self, *, wait: bool = True) -> None:
        """Delete it as a person would."""
        flags = ("--ignore-not-found", f"--wait={str(wait).lower()}", "--timeout=120s")
        self.home.kubectl("delete", KIND, self.name, "-n", CUSTOMER, *flags)


def applied(home: Cluster, body: Json) -> Deployed:
    """Apply it with kubectl and return a handle."""
    home.apply(json.dumps(body))
    return Deployed(home, body["metadata"]["name"])
