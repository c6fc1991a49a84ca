"""The kinds of Kubernetes objects that modelbond reads or writes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

GROUP = "modelbond.io"
VERSION = "v1alpha1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A resource type as the API server's paths spell it."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """Return what stands in an object's `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, *, namespace: str | None = None, name: str | None = None) -> str:
        """Return the URL path of the collection, or of one object of it."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        place = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}{place}/{self.plural}" + (f"/{name}" if name else "")


def _ours(kind: str, plural: str, *, namespaced: bool) -> Kind:
    return Kind(group=GROUP, version=VERSION, kind=kind, plural=plural, namespaced=namespaced)


def _core(kind: str, plural: str) -> Kind:
    return Kind(group="", version="v1", kind=kind, plural=plural)


MODEL_DEPLOYMENT = _ours("ModelDeployment", "modeldeployments", namespaced=True)
MODEL_PLACEMENT = _ours("ModelPlacement", "modelplacements", namespaced=True)
HOST_CLUSTER = _ours("HostCluster", "hostclusters", namespaced=False)
HOME_CLUSTER = _ours("HomeCluster", "homeclusters", namespaced=False)
OUR_KINDS = (MODEL_DEPLOYMENT, MODEL_PLACEMENT, HOST_CLUSTER, HOME_CLUSTER)

CONFIG_MAP = _core("ConfigMap", "configmaps")
POD = _core("Pod", "pods")
SECRET = _core("Secret", "secrets")
SERVICE = _core("Service", "services")
SERVICE_ACCOUNT = _core("ServiceAccount", "serviceaccounts")
NAMESPACE = Kind(group="", version="v1", kind="Namespace", plural="namespaces", namespaced=False)
NODE = Kind(group="", version="v1", kind="Node", plural="nodes", namespaced=False)
DEPLOYMENT = Kind(group="apps", version="v1", kind="Deployment", plural="deployments")
LEASE = Kind(group="coordination.k8s.io", version="v1", kind="Lease", plural="leases")
ENDPOINT_SLICE = Kind(
    group="discovery.k8s.io", version="v1", kind="EndpointSlice", plural="endpointslices"
)
NETWORK_POLICY = Kind(
    group="networking.k8s.io", version="v1", kind="NetworkPolicy", plural="networkpolicies"
)
EVENT = Kind(group="events.k8s.io", version="v1", kind="Event", plural="events")
ROLE = Kind(group="rbac.authorization.k8s.io", version="v1", kind="Role", plural="roles")
ROLE_BINDING = Kind(
    group="rbac.authorization.k8s.io", version="v1", kind="RoleBinding", plural="rolebindings"
)


def key_of(obj: Mapping[str, Any]) -> str:
    """Return `namespace/name`, or `name` for what has no namespace."""
    meta = obj["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if meta.get("namespace") else str(meta["name"])


def split_key(key: str) -> tuple[str | None, str]:
    """Return (namespace or None, name) of a key."""
    namespace, _, name = key.rpartition("/")
    return namespace or None, name
