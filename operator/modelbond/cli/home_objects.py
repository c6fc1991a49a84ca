"""What a host gets at a home: a namespace of its own and the short list of rights in it."""

from collections.abc import Sequence

from modelbond.api.kinds import (
    CONFIG_MAP,
    GROUP,
    LEASE,
    NAMESPACE,
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    Json,
    Kind,
)
from modelbond.cli.person import OPERATOR_ACCOUNT
from modelbond.reconcile.home_names import LEASE_NAME, REPORT_NAME, host_namespace
from modelbond.serving.names import OURS

CLUSTER_ROLE_BINDING = Kind(
    group="rbac.authorization.k8s.io",
    version="v1",
    kind="ClusterRoleBinding",
    plural="clusterrolebindings",
    namespaced=False,
)
ACCOUNT = "host"
HOME_ROLE = "modelbond-home-in-host-namespace"
IDENTITY_ROLE = "modelbond-home-identity"
RBAC = "rbac.authorization.k8s.io"

READ = ["get", "list", "watch"]


def link_rules() -> list[Json]:
    """Return all that a host may do in its namespace at a home. Nothing else is ever granted."""
    return [
        rule(GROUP, "modelplacements", READ),
        rule(GROUP, "modelplacements/status", ["patch"]),
        rule("", "secrets", READ),
        rule("coordination.k8s.io", "leases", ["get", "patch"], names=[LEASE_NAME]),
        rule("", "configmaps", ["get", "patch"], names=[REPORT_NAME]),
        rule("", "serviceaccounts/token", ["create"], names=[ACCOUNT]),
    ]


def home_objects(host: str, *, system_namespace: str) -> list[tuple[Kind, Json]]:
    """Return the objects of one host at a home, in the order in which they can be made."""
    namespace = host_namespace(host)
    labels = {**OURS, "modelbond.io/host": host}
    place = {"namespace": namespace, "labels": labels}
    account = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace}
    operator = {"kind": "ServiceAccount", "name": OPERATOR_ACCOUNT, "namespace": system_namespace}
    return [
        (NAMESPACE, {"metadata": {"name": namespace, "labels": labels}}),
        (
            SERVICE_ACCOUNT,
            {"metadata": {"name": ACCOUNT, **place}, "automountServiceAccountToken": False},
        ),
        (ROLE, {"metadata": {"name": ACCOUNT, **place}, "rules": link_rules()}),
        (ROLE_BINDING, bound({"name": ACCOUNT, **place}, role=role(ACCOUNT), to=account)),
        (
            ROLE_BINDING,
            bound({"name": "home-operator", **place}, role=cluster_role(HOME_ROLE), to=operator),
        ),
        (
            CLUSTER_ROLE_BINDING,
            bound(
                {"name": namespace, "labels": labels}, role=cluster_role(IDENTITY_ROLE), to=account
            ),
        ),
        (LEASE, {"metadata": {"name": LEASE_NAME, **place}}),
        (CONFIG_MAP, {"metadata": {"name": REPORT_NAME, **place}}),
    ]


def host_cluster(host: str, *, cidrs: Sequence[str], labels: dict[str, str]) -> Json:
    """Return the HostCluster of a newly invited host."""
    return {
        "metadata": {"name": host, **({"labels": labels} if labels else {})},
        "spec": {"accepted": True, **({"endpointCIDRs": list(cidrs)} if cidrs else {})},
    }


def cluster_role(name: str) -> Json:
    """Return a reference to a ClusterRole, as bindings hold it."""
    return {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}


def role(name: str) -> Json:
    """Return a reference to a Role, as bindings hold it."""
    return {"apiGroup": RBAC, "kind": "Role", "name": name}


def bound(metadata: Json, *, role: Json, to: Json) -> Json:
    """Return a binding of a role to one account."""
    return {"metadata": metadata, "roleRef": role, "subjects": [to]}


def rule(group: str, resource: str, verbs: Sequence[str], *, names: Sequence[str] = ()) -> Json:
    """Return one rule of a role."""
    only = {"resourceNames": list(names)} if names else {}
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs), **only}
