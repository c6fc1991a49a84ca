"""What clusters need of a container engine: this small protocol and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cluster import steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """The one node of a cluster: its container, its first process and its address."""

    container: str
    pid: int
    address: str
    running: bool


class Engine(Protocol):
    """Creates clusters of one node each on a network that leads nowhere else.

    Every name is a cluster's short name, such as `home`. All methods may be repeated.
    """

    def create(self, name: str) -> None:
        """Create the cluster and write its kubeconfig, whole or not at all."""

    def delete(self, name: str) -> None:
        """Remove the cluster, however broken, with all that belongs to it."""

    def names(self) -> list[str]:
        """Return the names of all clusters that exist, healthy or not."""

    def node(self, name: str) -> Node:
        """Return the facts about the cluster's node. Raises LookupError when there is none."""

    def in_node(self, name: str, *command: str, stdin: str | None = None) -> str:
        """Run a command inside the node and return its stdout."""

    def load(self, name: str, archive: Path) -> None:
        """Make the images of a docker-archive known to the node."""

    def gateway(self) -> str:
        """Return the machine's own address on the clusters' network."""

    def cut(self, name: str) -> None:
        """Take the node's link down; inside, everything goes on."""

    def restore(self, name: str) -> None:
        """Bring the node's link up again."""

    def pause(self, name: str) -> None:
        """Freeze every process of the node."""

    def resume(self, name: str) -> None:
        """Let a frozen node go on."""

    def clean(self) -> None:
        """Remove every cluster and all that this engine left on the machine, save its images."""


def state_folder(name: str) -> Path:
    """Return the folder that holds what is known about a cluster."""
    return steps.cache_root() / "clusters" / name


def kubeconfig_path(name: str) -> Path:
    """Return where the cluster's kubeconfig is; the file exists only for a complete cluster."""
    return state_folder(name) / "kubeconfig"
