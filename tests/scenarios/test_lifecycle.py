"""Things that happen at the wrong moment."""

import json
import ssl
import urllib.request
from typing import Any

from cluster import faults
from federation import looking, operators
from federation.deployments import KIND
from federation.install import CUSTOMER, OPERATOR, SYSTEM
from federation.polling import always, eventually
from federation.settled import ready
from federation.world import World


def test_a_deployment_deleted_and_recreated_under_its_name_is_another_one(world: World) -> None:
    first = world.deploy("again")
    ready(first)
    old = first.read()["metadata"]["uid"]
    first.delete(wait=False)
    eventually(
        lambda: world.home.kubectl("get", KIND, "-n", CUSTOMER, "-o", "name"),
        lambda names: "again" not in names,
        within_seconds=60,
    )
    with world.deployed("again") as second:
        seen = ready(second)
        assert seen["metadata"]["uid"] != old
        orders = looking.orders(world.home, "again")
        assert [each["spec"]["deployment"]["uid"] for each in orders] == [seen["metadata"]["uid"]]


def test_a_foreign_service_of_that_name_is_not_touched(world: World) -> None:
    foreign = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "taken", "namespace": CUSTOMER},
        "spec": {"ports": [{"port": 1234}], "selector": {"app": "foreign"}},
    }
    world.home.apply(json.dumps(foreign))
    before = world.home.kubectl_json("get", "service", "taken", "-n", CUSTOMER)
    try:
        with world.deployed("taken") as deployed:
            seen = eventually(
                lambda: deployed.condition("EndpointReady"),
                lambda seen: seen.get("reason") == "NameTaken",
                within_seconds=90,
            )
            assert "taken" in seen["message"]
            assert world.home.kubectl_json("get", "service", "taken", "-n", CUSTOMER) == before
    finally:
        world.home.kubectl("delete", "service", "taken", "-n", CUSTOMER)


def test_an_operator_killed_during_a_change_finishes_it_after_its_restart(world: World) -> None:
    with world.deployed("killed", placement={"count": 1}) as deployed:
        ready(deployed)
        deployed.patch({"placement": {"count": 2}})
        for cluster in (world.home, *world.hosts.values()):
            operators.kill(cluster)
        seen = ready(deployed, within_seconds=150)
        assert seen["status"]["summary"]["hosts"] == "2/2"
        assert len(looking.orders(world.home, "killed")) == 2


def test_a_host_dead_at_delete_does_not_hold_it_up_and_its_copy_goes_when_it_returns(
    world: World,
) -> None:
    deployed = world.deploy("tombstone", placement={"hosts": ["beta"]})
    ready(deployed)
    with faults.cut_link(world.host("beta")):
        deployed.delete()
        assert len(looking.orders(world.home, "tombstone")) == 1, (
            "the tombstone stays for the silent host"
        )
    eventually(
        lambda: looking.leftovers(world.host("beta"), "tombstone"),
        lambda left: left == [],
        within_seconds=90,
    )
    eventually(
        lambda: looking.orders(world.home, "tombstone"), lambda left: left == [], within_seconds=60
    )


def test_pods_serve_on_while_their_home_is_dead_and_operators_restart(world: World) -> None:
    with world.deployed("orphan", placement={"count": 2}) as deployed:
        endpoints = ready(deployed)["status"]["endpoints"]
        trust = looking.secret(world.home, CUSTOMER, "orphan-client")["ca.crt"]

        def serving() -> list[list[str]]:
            return [looking.uids(looking.pods(host, "orphan")) for host in world.hosts.values()]

        before = serving()
        with faults.cut_link(world.home):
            for host in world.hosts.values():
                operators.restart(host)
            always(serving, lambda seen: seen == before, for_seconds=10)
            for endpoint in endpoints:
                assert serves(endpoint, trust), endpoint
        ready(deployed)
        assert serving() == before


def serves(endpoint: dict[str, Any], trust: str) -> bool:
    """Return whether the endpoint answers that it is ready, with a certificate of that CA."""
    context = ssl.create_default_context(cadata=trust)
    context.check_hostname = False
    url = f"https://{endpoint['address']}:{endpoint['port']}/v2/health/ready"
    with urllib.request.urlopen(url, timeout=5, context=context) as response:
        return bool(response.status == 200)


def test_a_link_cut_for_a_minute_is_seen_and_costs_nothing(world: World) -> None:
    with world.deployed("minute", placement={"count": 2}) as deployed:
        ready(deployed)
        alpha = world.host("alpha")
        before = looking.uids(looking.pods(alpha, "minute"))
        with faults.cut_link(alpha):
            seen = eventually(
                deployed.read,
                lambda obj: any(
                    each["health"] == "Unreachable" for each in obj["status"]["placements"]
                ),
                within_seconds=40,
            )
            assert seen["status"]["summary"]["ready"] == 1
            assert deployed.condition("Ready")["status"] == "False"
            always(deployed.hosts, lambda hosts: hosts == ["alpha", "beta"], for_seconds=30)
        ready(deployed)
        assert looking.uids(looking.pods(alpha, "minute")) == before


def test_the_operator_says_what_it_does_in_events(world: World) -> None:
    with world.deployed("told") as deployed:
        ready(deployed)
        told = world.home.kubectl("describe", KIND, "told", "-n", CUSTOMER)
        assert "Events:" in told
        assert "Placed" in told
    logs = world.home.kubectl("logs", "-n", SYSTEM, OPERATOR, "--tail=50")
    assert all(json.loads(line) for line in logs.splitlines())
