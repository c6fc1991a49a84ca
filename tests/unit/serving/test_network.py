import ipaddress

import pytest

from fakes.workloads import workload
from modelbond.api.kinds import Json
from modelbond.fetching import source_policy
from modelbond.serving.network import DELICATE_V4, DELICATE_V6, network_policy, service


def egress(*allowed: str) -> list[Json]:
    rules: list[Json] = network_policy(workload(allowed_sources=allowed))["spec"]["egress"]
    return rules


def test_the_service_selects_one_revision_and_gets_a_node_port() -> None:
    spec = service(workload(), revision="0123456789")["spec"]
    assert spec["type"] == "NodePort"
    assert spec["selector"]["modelbond.io/revision"] == "01234567"
    assert spec["ports"][0]["targetPort"] == 8443


def test_the_edge_is_the_one_way_in() -> None:
    spec = network_policy(workload())["spec"]
    assert spec["ingress"] == [{"ports": [{"port": 8443, "protocol": "TCP"}]}]
    assert spec["policyTypes"] == ["Ingress", "Egress"]


def test_without_a_policy_only_public_addresses_over_https_are_reached() -> None:
    _, public = egress()
    assert public["ports"] == [{"port": 443, "protocol": "TCP"}]
    blocked = public["to"][0]["ipBlock"]["except"]
    assert {"10.0.0.0/8", "169.254.0.0/16", "127.0.0.0/8"} <= set(blocked)


def test_networks_of_the_policy_are_reached_on_every_port() -> None:
    assert egress("10.0.0.0/8")[1:] == [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]


def test_a_network_is_read_by_its_prefix() -> None:
    assert egress("10.0.0.1/8")[1:] == [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]


@pytest.mark.parametrize(
    "entry", ["10.999.0.0/8", "https://x:99999/", "https://[::1/", "ftp://x.example.org/"]
)
def test_an_entry_that_cannot_be_read_opens_nothing(entry: str) -> None:
    assert len(egress(entry)) == 1, "names alone"


def test_a_named_server_is_reached_on_its_port_wherever_its_name_leads() -> None:
    _, rule = egress("https://models.eu.example.org:8443/", "http://b.eu.example.org/")
    assert rule["ports"] == [{"port": 80, "protocol": "TCP"}, {"port": 8443, "protocol": "TCP"}]
    assert [peer["ipBlock"]["cidr"] for peer in rule["to"]] == ["0.0.0.0/0", "::/0"]


def test_what_fetch_refuses_of_every_name_no_name_opens() -> None:
    blocks = [ipaddress.ip_network(text) for text in (*DELICATE_V4, *DELICATE_V6)]
    assert set(blocks) == set(source_policy._DELICATE)
    _, rule = egress("https://models.eu.example.org/")
    assert [tuple(peer["ipBlock"]["except"]) for peer in rule["to"]] == [DELICATE_V4, DELICATE_V6]


@pytest.mark.parametrize(
    ("url", "namespace"),
    [
        ("http://files.models/", "models"),
        ("http://files.models.svc/", "models"),
        ("http://pod.files.models.svc.cluster.local:8080/", "models"),
    ],
)
def test_a_server_in_the_cluster_may_listen_on_another_port_than_its_service(
    url: str, namespace: str
) -> None:
    labels = {"kubernetes.io/metadata.name": namespace}
    assert egress(url)[2:] == [{"to": [{"namespaceSelector": {"matchLabels": labels}}]}]


def test_a_name_of_one_label_is_a_service_beside_the_pod() -> None:
    assert egress("http://files/")[2:] == [{"to": [{"podSelector": {}}]}]


@pytest.mark.parametrize("url", ["https://[2001:db8::1]/", "http://192.0.2.1/"])
def test_an_address_opens_no_pods(url: str) -> None:
    assert len(egress(url)) == 2


def test_the_service_has_an_address_of_each_family_that_the_cluster_has() -> None:
    assert service(workload(), revision="0")["spec"]["ipFamilyPolicy"] == "PreferDualStack"
