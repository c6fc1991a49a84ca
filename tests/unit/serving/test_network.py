from fakes.workloads import workload
from modelbond.api.kinds import Json
from modelbond.serving.network import network_policy, service


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


def test_a_named_server_is_reached_on_its_port() -> None:
    assert egress("https://models.example.org:8443/", "http://b.example/")[1:] == [
        {"ports": [{"port": 80, "protocol": "TCP"}, {"port": 8443, "protocol": "TCP"}]}
    ]


def test_a_server_in_the_cluster_may_listen_on_another_port_than_its_service() -> None:
    assert {"to": [{"namespaceSelector": {}}]} in egress("http://files.models.svc/")
