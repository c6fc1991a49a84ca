"""Everything that was seen of one copy and of what serves it, in one value."""

from dataclasses import dataclass

from modelbond.api.kinds import Json
from modelbond.api.reasons import Reason
from modelbond.errors import NameTaken, TerminalError
from modelbond.reconcile.host_pods import PodFacts, Progress
from modelbond.serving.edge import EDGE_PORT, Agreed
from modelbond.serving.workload import Workload

MOST_ENDPOINTS = 4
"""As many as a ModelPlacement's status holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Children:
    """The objects that serve a copy, by name; only those that carry its UID as owner."""

    deployments: dict[str, Json]
    config_maps: dict[str, Json]
    pods: tuple[PodFacts, ...]
    service: Json | None = None
    secret: Json | None = None
    papers: Json | None = None
    network_policy: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the edge can show: its request, its certificate, and the key that both are for.

    `agreed` is whose token and rate it honours beside the client's.
    """

    signing_request: str = ""
    certificate: str = ""
    certified: bool = False
    key_hash: bytes = b""
    agreed: Agreed | None = None


NO_IDENTITY = Identity()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An object that this cluster does not let us make or change, and why."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One copy as it is now. `refusal` is why something of it could not be made or changed.

    `addresses` lead to this cluster's node ports; None where the home is this very cluster and its
    owner named none.
    """

    workload: Workload
    revision: str
    children: Children
    addresses: tuple[str, ...] | None
    progress: Progress | None
    identity: Identity
    refusal: Refusal | None

    @property
    def certified(self) -> bool:
        """Tell whether a certificate for the edge's key is there."""
        return self.identity.certified

    @property
    def all_serve(self) -> bool:
        """Tell whether every replica that is wanted, one at least, serves at a known place."""
        ready = sum(1 for pod in self.current_pods if pod.ready)
        return bool(self.endpoints) and ready >= max(self.workload.replicas, 1)

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

    @property
    def endpoints(self) -> tuple[tuple[str, int], ...]:
        """Return where customers of the home reach it. Equal pods give equal endpoints.

        kube-proxy translates an address once: from a Service of this very cluster a packet to a
        node port arrives at the node, where nothing listens. There the pods themselves are it.
        """
        port = self.node_port
        if self.addresses is not None:
            return tuple((address, port) for address in self.addresses) if port else ()
        ready = sorted(pod.address for pod in self.current_pods if pod.ready and pod.address)
        return tuple((address, EDGE_PORT) for address in ready[:MOST_ENDPOINTS])


def refusal_of(failure: TerminalError) -> Refusal:
    """Return what is to be said of an object that could not be made or changed."""
    if isinstance(failure, NameTaken):
        return Refusal(reason=Reason.NAME_TAKEN, message=str(failure))
    return _refused(str(failure))


def pods_refused(deployment: Json | None) -> Refusal | None:
    """Return why a Deployment is kept from making pods, or None: a quota often counts pods only."""
    conditions = (deployment or {}).get("status", {}).get("conditions", [])
    for each in conditions:
        if each["type"] == "ReplicaFailure" and each["status"] == "True":
            return _refused(str(each.get("message", "")))
    return None


def _refused(message: str) -> Refusal:
    remedy = "the host's owner raises the quota, opens the policy or gives the right"
    return Refusal(
        reason=Reason.OBJECT_REFUSED,
        message=f"the host's API server refuses what serves the model: {message}; {remedy}",
    )
