"""What is on the clusters: pods, copies, orders and leftovers of a deployment."""

import base64
from collections.abc import Sequence
from typing import Any

from cluster.cluster import Cluster

Json = dict[str, Any]
OURS = "app.kubernetes.io/managed-by=modelbond"
WORKLOADS = "deployments,pods,services,networkpolicies,modelplacements.modelbond.io"
LEFT_BEHIND = f"{WORKLOADS},secrets,configmaps,replicasets"


def listed(cluster: Cluster, kinds: str, *flags: str) -> list[Json]:
    """Return all objects of these kinds in all namespaces."""
    items: list[Json] = cluster.kubectl_json("get", kinds, "-A", *flags)["items"]
    return items


def of_deployment(objects: Sequence[Json], name: str) -> list[Json]:
    """Return those whose name begins with the deployment's: NAME-HASH8..."""
    return [each for each in objects if each["metadata"]["name"].startswith(f"{name}-")]


def pods(cluster: Cluster, name: str) -> list[Json]:
    """Return the pods that serve the deployment there, those that end left out."""
    found = of_deployment(listed(cluster, "pods", "-l", OURS), name)
    return [each for each in found if "deletionTimestamp" not in each["metadata"]]


def uids(objects: Sequence[Json]) -> list[str]:
    """Return the sorted UIDs."""
    return sorted(each["metadata"]["uid"] for each in objects)


def orders(home: Cluster, name: str) -> list[Json]:
    """Return the orders of the deployment at the home."""
    found = of_deployment(listed(home, "modelplacements.modelbond.io"), name)
    return [each for each in found if each["spec"]["role"] == "Order"]


def copies(host: Cluster, name: str) -> list[Json]:
    """Return the copies of the deployment at a host."""
    found = of_deployment(listed(host, "modelplacements.modelbond.io"), name)
    return [each for each in found if each["spec"]["role"] == "Copy"]


def identity(cluster: Cluster) -> str:
    """Return the UID by which other owners know the cluster."""
    namespace = cluster.kubectl_json("get", "namespace", "kube-system")
    return str(namespace["metadata"]["uid"])


def leftovers(host: Cluster, name: str) -> list[str]:
    """Return kind/name of whatever of the deployment is still on the host."""
    found = of_deployment(listed(host, LEFT_BEHIND), name)
    return [f"{each['kind']}/{each['metadata']['name']}" for each in found]


def home_cluster(host: Cluster, home: Cluster) -> Json:
    """Return the HomeCluster with which that host joined that home."""
    homes = host.kubectl_json("get", "homeclusters.modelbond.io")["items"]
    return next(each for each in homes if each["spec"]["server"] == home.server)


def condition(cluster: Cluster, kind: str, name: str, *, of: str) -> Json:
    """Return one condition of an object of the whole cluster, or an empty one."""
    conditions = cluster.kubectl_json("get", kind, name).get("status", {}).get("conditions", [])
    return next((each for each in conditions if each["type"] == of), {})


def secret(cluster: Cluster, namespace: str, name: str) -> dict[str, str]:
    """Return a Secret's values as text."""
    data = cluster.kubectl_json("get", "secret", name, "-n", namespace)["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}
