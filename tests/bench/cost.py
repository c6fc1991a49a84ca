"""What the operator's process costs: memory now, and processor time so far."""

from __future__ import annotations

import os
from dataclasses import dataclass

from cluster.cluster import Cluster

_SCRIPT = r"""
for pid in $(pgrep --full 'modelbond operator'); do
  awk '/^VmRSS/ {printf "%s ", $2}' /proc/$pid/status
  awk '{print $14 + $15}' /proc/$pid/stat
done
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Resident memory in MiB, and seconds of one core since the process began."""

    memory_mebibytes: float
    cpu_seconds: float


def cost(cluster: Cluster) -> Cost:
    """Return what the cluster's operator uses."""
    ticks = os.sysconf("SC_CLK_TCK")
    printed = cluster.engine.in_node(cluster.name, "sh", "-c", _SCRIPT)
    rows = [[float(number) for number in line.split()] for line in printed.splitlines()]
    return Cost(
        memory_mebibytes=sum(memory for memory, _ in rows) / 1024,
        cpu_seconds=sum(spent for _, spent in rows) / ticks,
    )
