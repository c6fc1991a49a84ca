"""What a home gets at a host: a namespace under restricted Pod Security, and what is opened."""

import base64

from modelbond.api.kinds import NAMESPACE, ROLE_BINDING, SECRET, Json, Kind
from modelbond.cli.home_objects import cluster_role
from modelbond.cli.invitation import Invitation
from modelbond.cli.person import OPERATOR_ACCOUNT
from modelbond.serving.names import OURS, home_namespace

HOST_ROLE = "modelbond-host-in-home-namespace"


def host_objects(invitation: Invitation, *, system_namespace: str) -> list[tuple[Kind, Json]]:
    """Return the objects of one home at a host, in the order in which they can be made."""
    home = invitation.home
    namespace = home_namespace(home)
    labels = {**OURS, "modelbond.io/home": home}
    restricted = {
        f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")
    }
    operator = {"kind": "ServiceAccount", "name": OPERATOR_ACCOUNT, "namespace": system_namespace}
    binding = {
        "metadata": {"name": "host-operator", "namespace": namespace, "labels": labels},
        "roleRef": cluster_role(HOST_ROLE),
        "subjects": [operator],
    }
    return [
        (NAMESPACE, {"metadata": {"name": namespace, "labels": {**labels, **restricted}}}),
        (ROLE_BINDING, binding),
        (SECRET, _join_secret(invitation, namespace=system_namespace, labels=labels)),
    ]


def home_cluster(invitation: Invitation, *, terms: Json) -> Json:
    """Return the HomeCluster of a newly joined home with the terms that its owner gave."""
    facts = {"server": invitation.server, "joinSecret": invitation.secret_name}
    return {"metadata": {"name": invitation.home}, "spec": {**facts, **terms}}


def _join_secret(invitation: Invitation, *, namespace: str, labels: dict[str, str]) -> Json:
    facts = {"server": invitation.server, "ca": invitation.ca_pem, "token": invitation.token}
    return {
        "metadata": {"name": invitation.secret_name, "namespace": namespace, "labels": labels},
        "type": "Opaque",
        "data": {key: base64.b64encode(text.encode()).decode() for key, text in facts.items()},
    }
