"""Which of a host's addresses the home believes, and the objects that route customers there."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from modelbond.api.kinds import ENDPOINT_SLICE, MODEL_PLACEMENT, SECRET, SERVICE, Json
from modelbond.api.v1alpha1 import Endpoint
from modelbond.reconcile.home_certificate import encoded
from modelbond.reconcile.home_deployment import Deployment
from modelbond.reconcile.home_names import (
    client_secret_name,
    edge_secret_name,
    owned_labels,
    slice_name,
)
from modelbond.reconcile.home_order import Order

HTTPS_PORT = 443
_PORT_NAME = "https"


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """A host's endpoints within its ranges, in one family and port, and those refused."""

    endpoints: tuple[Endpoint, ...]
    refused: tuple[str, ...]


def believed(endpoints: Sequence[Endpoint], *, cidrs: Sequence[str]) -> Believed:
    """Sort a host's endpoints by whether its HostCluster's ranges hold their addresses.

    An EndpointSlice has one family and one port: the first good endpoint's.
    """
    networks = [ipaddress.ip_network(cidr, strict=False) for cidr in cidrs if _is_range(cidr)]
    good = [each for each in endpoints if _within(each.address, networks)]
    refused = tuple(each.address for each in endpoints if each not in good)
    alike = [each for each in good if _shape(each) == _shape(good[0])]
    return Believed(endpoints=tuple(alike), refused=refused)


def former(status: Json, *, host: str) -> tuple[Endpoint, ...]:
    """Return the endpoints of a host that a deployment's status tells of."""
    told = (each for each in status.get("endpoints") or () if each["host"] == host)
    return tuple(Endpoint(address=each["address"], port=each["port"]) for each in told)


def _is_range(cidr: str) -> bool:
    try:
        ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False
    return True


def _within(
    address: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    # kube-proxy routes to none of these, and a host may not point a customer at itself.
    if found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified:
        return False
    return any(found in network for network in networks)


def _shape(endpoint: Endpoint) -> tuple[int, int]:
    return (ipaddress.ip_address(endpoint.address).version, endpoint.port)


def service_body(deployment: Deployment) -> Json:
    """Return the Service of the deployment's name; its slices are ours, so it selects nothing."""
    return {
        "apiVersion": SERVICE.api_version,
        "kind": SERVICE.kind,
        "metadata": _metadata(deployment, deployment.name),
        "spec": {
            "type": "ClusterIP",
            "ports": [
                {
                    "name": _PORT_NAME,
                    "port": HTTPS_PORT,
                    "protocol": "TCP",
                    "targetPort": HTTPS_PORT,
                }
            ],
        },
    }


def slice_body(
    deployment: Deployment, *, host: str, endpoints: Sequence[Endpoint], serving: bool
) -> Json:
    """Return the EndpointSlice of one placement. `endpoints` are alike and at least one."""
    family = ipaddress.ip_address(endpoints[0].address).version
    metadata = _metadata(deployment, slice_name(deployment.name, host=host))
    metadata["labels"] |= {
        "kubernetes.io/service-name": deployment.name,
        "endpointslice.kubernetes.io/managed-by": "modelbond.io",
    }
    return {
        "apiVersion": ENDPOINT_SLICE.api_version,
        "kind": ENDPOINT_SLICE.kind,
        "metadata": metadata,
        "addressType": f"IPv{family}",
        "endpoints": [
            {"addresses": [each.address], "conditions": {"ready": serving, "serving": serving}}
            for each in endpoints
        ],
        "ports": [{"name": _PORT_NAME, "port": endpoints[0].port, "protocol": "TCP"}],
    }


def client_secret_body(deployment: Deployment, *, ca_pem: str, token: str) -> Json:
    """Return the customer's Secret: what `curl` needs to reach the model."""
    return {
        "apiVersion": SECRET.api_version,
        "kind": SECRET.kind,
        "metadata": _metadata(deployment, client_secret_name(deployment.name)),
        "type": "Opaque",
        "data": encoded(
            {
                "ca.crt": ca_pem,
                "token": token,
                "url": f"https://{deployment.name}.{deployment.namespace}.svc",
            }
        ),
    }


def edge_secret_body(order: Order, *, certificate_pem: str, token: str) -> Json:
    """Return the Secret beside an order that its host's edge serves with."""
    return {
        "apiVersion": SECRET.api_version,
        "kind": SECRET.kind,
        "metadata": {
            "name": edge_secret_name(order.name),
            "namespace": order.namespace,
            "labels": owned_labels(order.deployment_uid),
            "ownerReferences": [
                {
                    "apiVersion": MODEL_PLACEMENT.api_version,
                    "kind": MODEL_PLACEMENT.kind,
                    "name": order.name,
                    "uid": order.uid,
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "type": "Opaque",
        "data": encoded({"tls.crt": certificate_pem, "token": token}),
    }


def _metadata(deployment: Deployment, name: str) -> Json:
    return {
        "name": name,
        "namespace": deployment.namespace,
        "labels": owned_labels(deployment.uid),
        "ownerReferences": [owner_reference(deployment)],
    }


def owner_reference(deployment: Deployment) -> Json:
    """Return the reference by which the garbage collector follows the deployment."""
    return {
        "apiVersion": "modelbond.io/v1alpha1",
        "kind": "ModelDeployment",
        "name": deployment.name,
        "uid": deployment.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
