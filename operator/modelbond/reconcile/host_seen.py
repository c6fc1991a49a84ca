"""Everything that was seen of one copy and of what serves it, in one value."""

from dataclasses import dataclass

from modelbond.api.kinds import Json
from modelbond.reconcile.host_pods import PodFacts, Progress
from modelbond.serving.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Children:
    """The objects that serve a copy, by name; only those that carry its UID as owner."""

    deployments: dict[str, Json]
    config_maps: dict[str, Json]
    pods: tuple[PodFacts, ...]
    service: Json | None = None
    secret: Json | None = None
    network_policy: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One copy as it is now. `taken` names the object that somebody else has under our name."""

    workload: Workload
    revision: str
    children: Children
    addresses: tuple[str, ...]
    progress: Progress | None
    signing_request: str
    certified: bool
    taken: str | None

    @property
    def current_pods(self) -> tuple[PodFacts, ...]:
        """Return the pods of the current revision that are not going."""
        wanted = self.revision[:8]
        return tuple(pod for pod in self.children.pods if pod.revision == wanted and not pod.going)

    @property
    def node_port(self) -> int | None:
        """Return the port of the Service on every node, once Kubernetes chose it."""
        if self.children.service is None:
            return None
        ports = self.children.service["spec"].get("ports", [])
        port = ports[0].get("nodePort") if ports else None
        return int(port) if port else None
