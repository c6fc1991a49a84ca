"""The room on nodes with pods, as the host's books have it."""

from collections.abc import Iterable

from modelbond.api.kinds import Json
from modelbond.reconcile.host_nodes import node_facts, pod_use
from modelbond.reconcile.host_occupancy import Occupancy
from modelbond.reconcile.host_room import Room


def occupancy_of(nodes: Iterable[Json], pods: Iterable[Json] = ()) -> Occupancy:
    """Return the books after all nodes, then all pods were seen."""
    occupancy = Occupancy()
    for node in nodes:
        occupancy.node(node["metadata"]["name"], node_facts(node))
    for number, pod in enumerate(pods):
        occupancy.pod(str(number), pod_use(pod))
    return occupancy


def room_of(nodes: Iterable[Json], pods: Iterable[Json] = ()) -> Room:
    """Return the room that is left beside the pods."""
    return occupancy_of(nodes, pods).room()
