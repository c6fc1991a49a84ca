"""Names and labels of what the home makes for a deployment: all can be computed, none is stored."""

import hashlib

from modelbond.api.kinds import Json
from modelbond.serving.names import MANAGED_BY, OURS, OWNER_UID

DEPLOYMENT_UID = "modelbond.io/deployment-uid"
HOME_VERSION = "modelbond.io/home-version"
CLAIM_ASKED = "modelbond.io/claim"
LAST_EPOCH = "modelbond.io/last-epoch"
FINALIZER = "modelbond.io/home"
LEASE_FINALIZER = "modelbond.io/lease"
SPEC_MANAGER = "modelbond"
STATUS_MANAGER = "modelbond-status"
LEASE_NAME = "host"
REPORT_NAME = "host-report"
REPORT_KEY = "report"
_HOST_NAMESPACE = "modelbond-host-"


def host_namespace(host: str) -> str:
    """Return the namespace at the home that belongs to one host."""
    return f"{_HOST_NAMESPACE}{host}"


def host_of(namespace: str | None) -> str | None:
    """Return the host whose namespace this is, or None for any other namespace."""
    if namespace is None or not namespace.startswith(_HOST_NAMESPACE):
        return None
    return namespace.removeprefix(_HOST_NAMESPACE) or None


def host_of_object(obj: Json) -> str | None:
    """Return the host in whose namespace an object lies, or None."""
    return host_of(obj["metadata"].get("namespace"))


def deployment_uid_of(obj: Json) -> str | None:
    """Return the UID of the deployment that an order is labelled with, or None."""
    uid = (obj["metadata"].get("labels") or {}).get(DEPLOYMENT_UID)
    return None if uid is None else str(uid)


def order_name(deployment: str, *, uid: str) -> str:
    """Return the name of a deployment's order, the same at every host."""
    return f"{deployment}-{hashlib.sha256(uid.encode()).hexdigest()[:8]}"


def edge_secret_name(order: str) -> str:
    """Return the name of the Secret with an order's certificate and client token."""
    return f"{order}-edge"


def client_secret_name(deployment: str) -> str:
    """Return the name of the customer's Secret with CA, token and URL."""
    return f"{deployment}-client"


def slice_name(deployment: str, *, host: str) -> str:
    """Return the name of the EndpointSlice of a deployment's placement at a host.

    Neither name holds a dot, so no other pair has this name.
    """
    return f"{deployment}.{host}"


def server_names(deployment: str, *, namespace: str, order: str) -> tuple[str, ...]:
    """Return the names that a placement's certificate is made out to."""
    short = f"{deployment}.{namespace}"
    return (deployment, short, f"{short}.svc", f"{short}.svc.cluster.local", order)


def owned_labels(uid: str) -> dict[str, str]:
    """Return the labels of an object that exists for the deployment with this UID."""
    return {**OURS, OWNER_UID: uid}


def is_owned(obj: Json, *, uid: str) -> bool:
    """Say whether we made this object for the deployment with this UID."""
    labels = obj["metadata"].get("labels") or {}
    return labels.get(MANAGED_BY) == "modelbond" and labels.get(OWNER_UID) == uid
