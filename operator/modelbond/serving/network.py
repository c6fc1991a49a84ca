"""How an order's pods are reached, and what they may reach themselves."""

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from modelbond.api.kinds import Json
from modelbond.serving.edge import EDGE_PORT
from modelbond.serving.names import PLACEMENT, metadata, pod_selector
from modelbond.serving.workload import Workload

_DEFAULT_PORTS = {"http": 80, "https": 443}
# Public sources only: what is private, shared or local is left out of the wide networks.
_NOT_PUBLIC_V4 = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "224.0.0.0/3",
)
_NOT_PUBLIC_V6 = ("::/8", "fc00::/7", "fe80::/10", "ff00::/8")
# What no name may lead to, as fetch refuses it: the node, its neighbours, cloud metadata.
DELICATE_V4 = (
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "100.100.100.200/32",
    "192.0.0.192/32",
)
DELICATE_V6 = ("::/127", "fe80::/10", "ff00::/8", "fd00:ec2::254/128")
_NAMESPACE_NAME = "kubernetes.io/metadata.name"


def service(workload: Workload, *, revision: str) -> Json:
    """Return the NodePort Service that selects the pods of exactly one revision."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(workload, name=workload.order),
        "spec": {
            "type": "NodePort",
            "ipFamilyPolicy": "PreferDualStack",
            "selector": pod_selector(workload.order, revision),
            "ports": [
                {"name": "https", "port": 443, "targetPort": EDGE_PORT, "protocol": "TCP"},
            ],
        },
    }


def network_policy(workload: Workload) -> Json:
    """Return the policy for all revisions: in by the edge only, out to names and sources only."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(workload, name=workload.order),
        "spec": {
            "podSelector": {"matchLabels": {PLACEMENT: workload.order}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [_port(EDGE_PORT)]}],
            "egress": [
                {"ports": [_port(53, protocol="UDP"), _port(53)]},
                *_egress(workload.allowed_sources),
            ],
        },
    }


def _egress(allowed: Sequence[str]) -> list[Json]:
    """Return what the owner's word opens; an entry that cannot be read opens nothing."""
    if not allowed:
        return [{"to": _public(), "ports": [_port(443)]}]
    networks = [_network(entry) for entry in allowed if "://" not in entry]
    servers = [server for entry in allowed if "://" in entry and (server := _server(entry))]
    rules: list[Json] = []
    if peers := [{"ipBlock": {"cidr": network}} for network in networks if network]:
        rules.append({"to": peers})
    if ports := sorted({port for _, port in servers}):
        # A name has no address that could stand here: fetch checks each one it connects to.
        rules.append({"to": _anywhere(), "ports": [_port(port) for port in ports]})
    # Policies see the pod behind a Service, and its port may be another than the URL's.
    pods = {name: peer for host, _ in servers for name, peer in _in_cluster(host).items()}
    if pods:
        rules.append({"to": [pods[name] for name in sorted(pods)]})
    return rules


def _network(entry: str) -> str | None:
    try:
        return str(ipaddress.ip_network(entry, strict=False))
    except ValueError:
        return None


def _server(url: str) -> tuple[str, int] | None:
    """Return host and port of a URL prefix, or None when it is none."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None


def _in_cluster(host: str) -> dict[str, Json]:
    """Return the pods that a name may mean inside this cluster, by their namespace.

    NAME is the pod's own namespace, NAME.NAMESPACE may also be a public name: then no namespace
    is called so, and nothing is opened.
    """
    if _network(host):
        return {}
    labels = host.rstrip(".").split(".")
    if len(labels) == 1:
        return {"": {"podSelector": {}}}
    if len(labels) > 2 and "svc" not in labels[2:]:
        return {}
    namespace = labels[1] if len(labels) == 2 else labels[labels.index("svc", 2) - 1]
    return {namespace: {"namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: namespace}}}}


def _public() -> list[Json]:
    return [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(_NOT_PUBLIC_V4)}},
        {"ipBlock": {"cidr": "::/0", "except": list(_NOT_PUBLIC_V6)}},
    ]


def _anywhere() -> list[Json]:
    return [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(DELICATE_V4)}},
        {"ipBlock": {"cidr": "::/0", "except": list(DELICATE_V6)}},
    ]


def _port(number: int, *, protocol: str = "TCP") -> Json:
    return {"port": number, "protocol": protocol}
