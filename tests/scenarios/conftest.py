"""The three clusters of the scenarios, up once for all of them.

MODELBOND_KEEP=1 leaves them up at the end, unless their chain is spent. MODELBOND_WORLD=NAME- puts
a prefix before their names, so that one run does not touch the clusters of another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from cluster import world as kept
from cluster.cluster import Cluster
from federation import chain, looking
from federation.deployments import KIND
from federation.install import CUSTOMER
from federation.leasing import CHAIN, Leased, lease_out
from federation.polling import eventually
from federation.world import World, federate

SCENARIO_SECONDS = 300
GONE_WITHIN_SECONDS = 300
"""A lease that a demo left runs on for its notice."""
SHORT_NAMES = ("home", "alpha", "beta")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give scenarios time for real faults; making the clusters has deadlines of its own."""
    for item in items:
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(SCENARIO_SECONDS, func_only=True))


@pytest.fixture(scope="session")
def clusters() -> Iterator[dict[str, Cluster]]:
    """The clusters by their short names; they share nothing but the machine."""
    prefix = os.environ.get("MODELBOND_WORLD", "")
    names = [prefix + name for name in SHORT_NAMES]

    def remove() -> None:
        kept.down(names)
        chain.down(prefix + CHAIN)

    if chain.is_spent(prefix + CHAIN):  # a killed run left it
        remove()
    try:
        yield dict(zip(SHORT_NAMES, kept.up(names), strict=True))
    finally:
        if os.environ.get("MODELBOND_KEEP") != "1" or chain.is_spent(prefix + CHAIN):
            remove()


@pytest.fixture(scope="session")
def world(clusters: dict[str, Cluster]) -> World:
    """The same clusters with modelbond installed, and both hosts joined to the home.

    What a killed run or a demo left deployed goes first.
    """
    made = federate(clusters)
    made.home.kubectl("delete", KIND, "--all", "-n", CUSTOMER, "--wait=false")
    eventually(
        lambda: looking.listed(made.home, KIND),
        lambda left: left == [],
        within_seconds=GONE_WITHIN_SECONDS,
    )
    return made


@pytest.fixture(scope="session")
def leased(world: World) -> Leased:
    """The same world with a chain, bonds and watchers. Who asks for it runs after all others."""
    return lease_out(world)


@pytest.fixture(scope="session")
def home(clusters: dict[str, Cluster]) -> Cluster:
    """The customer's cluster."""
    return clusters["home"]


@pytest.fixture(scope="session")
def alpha(clusters: dict[str, Cluster]) -> Cluster:
    """A host's cluster."""
    return clusters["alpha"]


@pytest.fixture(scope="session")
def beta(clusters: dict[str, Cluster]) -> Cluster:
    """Another host's cluster, of another owner."""
    return clusters["beta"]
