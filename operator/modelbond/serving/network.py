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


def service(workload: Workload, *, revision: str) -> Json:
    """Return the NodePort Service that selects the pods of exactly one revision."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(workload, name=workload.order),
        "spec": {
            "type": "NodePort",
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
    networks = [entry for entry in allowed if "://" not in entry]
    prefixes = [entry for entry in allowed if "://" in entry]
    ports = sorted({_port_of(prefix) for prefix in prefixes})
    rules: list[Json] = []
    if networks:
        peers = [{"ipBlock": {"cidr": str(ipaddress.ip_network(net))}} for net in networks]
        rules.append({"to": peers})
    if ports:
        # A name has no address that could stand here: fetch checks each one it connects to.
        rules.append({"ports": [_port(port) for port in ports]})
    if any(_in_cluster(prefix) for prefix in prefixes):
        # Policies see the pod behind a Service, and its port may be another than the URL's.
        rules.append({"to": [{"namespaceSelector": {}}]})
    return rules or [{"to": _public(), "ports": [_port(443)]}]


def _public() -> list[Json]:
    return [
        {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(_NOT_PUBLIC_V4)}},
        {"ipBlock": {"cidr": "::/0", "except": list(_NOT_PUBLIC_V6)}},
    ]


def _in_cluster(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host.endswith((".svc", ".svc.cluster.local")) or "." not in host


def _port_of(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or _DEFAULT_PORTS[parts.scheme]


def _port(number: int, *, protocol: str = "TCP") -> Json:
    return {"port": number, "protocol": protocol}
