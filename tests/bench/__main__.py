"""`python -m bench`: latencies of the whole path on two real clusters, printed, never asserted."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import images.build
from bench import phases, pretence
from bench.api import PLACEMENTS, Api, api_of
from bench.cost import Cost, cost
from bench.phases import Latencies, Pace
from bench.table import Row, rendered
from cluster import world
from cluster.cluster import Cluster
from cluster.deadlines import eventually
from federation import joining, operators
from federation.install import Owner, install

NAMES = ("bench-home", "bench-alpha")
HOST = "alpha"
OPENED = (
    *("--runtime", "triton", "--format", "onnx", "--source", "https://models.invalid/"),
    *("--cpu", "1000", "--memory", "1Ti"),
)
GONE_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment of the run on the monotonic clock, the machine's load and the operators' cost."""

    title: str
    at: float
    load: float
    costs: Mapping[str, Cost]


@dataclass(frozen=True, slots=True, kw_only=True)
class Federation:
    """Two clusters in which modelbond runs, one the other's host."""

    home: Cluster
    host: Cluster

    def mark(self, title: str) -> Mark:
        """Return what either operator uses now, under a title for people."""
        costs = {"home": cost(self.home), "host": cost(self.host)}
        return Mark(title=title, at=time.monotonic(), load=os.getloadavg()[0], costs=costs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Everything that one run found."""

    apply: Latencies
    unready: Latencies
    ready: Latencies
    marks: Sequence[Mark]


def main() -> int:
    """Bring up, measure, print, and take everything away again."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rate", type=float, default=5.0, help="writes per second")
    parser.add_argument("--count", type=int, default=100, help="deployments")
    parser.add_argument("--keep", action="store_true", help="leave the clusters for another run")
    chosen = parser.parse_args()
    pace = Pace(count=chosen.count, rate=chosen.rate)
    try:
        show(measured(federated(), pace), pace)
    finally:
        if not chosen.keep:
            world.down(NAMES)
    return 0


def federated() -> Federation:
    """Bring up both clusters with fresh operators, and join the host to the home."""
    home, host = world.up(NAMES)
    owners = (Owner(name="customer", region="eu-1"), Owner(name="alpha-labs", region="eu-1"))
    image = images.build.operator()
    for cluster, owner in zip((home, host), owners, strict=True):
        cluster.load(image)
        install(cluster, owner, content=image.parent.name)
        operators.restart(cluster)
    joining.join(home, host, name=HOST, opened=OPENED)
    return Federation(home=home, host=host)


def measured(federation: Federation, pace: Pace) -> Measured:
    """Run both measurements and remove what they made."""
    home, host = api_of(federation.home), api_of(federation.host)
    with pretence.without_controllers(federation.host):
        try:
            with pretence.paper_node(host):
                return _run(federation, home, host, pace)
        finally:
            # Controllers that were back earlier would make pods of what goes.
            _remove_all(home, host)


def _remove_all(home: Api, host: Api) -> None:
    phases.remove(home)
    eventually(
        lambda: not home.list(PLACEMENTS)["items"] and not host.list(PLACEMENTS)["items"],
        within_seconds=GONE_SECONDS,
        what="the deployments go",
    )


def _run(federation: Federation, home: Api, host: Api, pace: Pace) -> Measured:
    marks = [federation.mark("before")]
    with phases.watched(home=home, host=host) as seen:
        apply = phases.applied(home, seen, pace)
        marks.append(federation.mark("applied"))
        pods = pretence.pods_of(host, count=pace.count)
        # The first round is no measurement: slices and statuses come into being in it.
        phases.toggled(host, seen, pace, pods=pods, to="True")
        marks.append(federation.mark("ready"))
        unready = phases.toggled(host, seen, pace, pods=pods, to="False")
        ready = phases.toggled(host, seen, pace, pods=pods, to="True")
        marks.append(federation.mark("toggled twice"))
    return Measured(apply=apply, unready=unready, ready=ready, marks=marks)


def show(found: Measured, pace: Pace) -> None:
    """Print the tables."""
    print(f"\n{pace.count} deployments at {pace.rate:g}/s; {os.cpu_count()} cores, {_model()}\n")
    print(rendered(_apply_rows(found.apply)))
    print(rendered(_ready_rows(found.unready, to="not Ready")))
    print(rendered(_ready_rows(found.ready, to="Ready")))
    print(_cost_table(found.marks))


def _apply_rows(found: Latencies) -> list[Row]:
    return [
        Row(title="apply -> itself in a watch at home (floor)", seconds=found["deployment"]),
        Row(title="apply -> order at home", seconds=found["order"]),
        Row(title="apply -> copy at the host", seconds=found["copy"], goal=(35, 95)),
    ]


def _ready_rows(found: Latencies, *, to: str) -> list[Row]:
    return [
        Row(title="pod status -> pod in a watch there (floor)", seconds=found["pod"]),
        Row(title=f"pod status -> copy {to} at the host", seconds=found["copy"]),
        Row(title=f"pod status -> order {to} at home", seconds=found["order"]),
        Row(title=f"pod status -> {to} for the user", seconds=found["deployment"], goal=(70, 180)),
    ]


def _cost_table(marks: Sequence[Mark]) -> str:
    lines = [
        f"\n{'operators':16}{'load':>6}{'home MiB':>10}{'% core':>8}{'host MiB':>10}{'% core':>8}"
    ]
    for before, mark in zip([marks[0], *marks], marks, strict=False):
        line = f"{mark.title:16}{mark.load:6.1f}"
        for name, spent in mark.costs.items():
            share = _share(spent.cpu_seconds - before.costs[name].cpu_seconds, mark.at - before.at)
            line += f"{spent.memory_mebibytes:10.0f}{share:>8}"
        lines.append(line)
    return "\n".join(lines)


def _share(cpu_seconds: float, wall_seconds: float) -> str:
    return f"{100 * cpu_seconds / wall_seconds:.0f}" if wall_seconds else ""


def _model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


if __name__ == "__main__":
    sys.exit(main())
