"""`python -m cluster`: bring clusters up and down, look at them, and clean up after anything."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from cluster import binaries, debian, steps, world
from cluster.commands import CommandFailed
from cluster.helm import helm

_EXAMPLES = """\
examples:
  python -m cluster up home alpha beta    three clusters; those that are healthy stay as they are
  python -m cluster status                what is up, at which address, with which kubeconfig
  python -m cluster down alpha            remove one
  python -m cluster down --all            remove all, keep what was built
  python -m cluster clean                 remove all, and what a killed run left behind
  python -m cluster tools                 fetch or build kubectl, helm, kind and toxiproxy only

kubeconfigs are under ${XDG_CACHE_HOME:-~/.cache}/modelbond/clusters/NAME/kubeconfig.
"""


def main(arguments: Sequence[str]) -> int:
    """Run one verb; returns the process's exit code."""
    chosen = _parser().parse_args(arguments)
    try:
        _run(chosen)
    except (steps.StepFailed, CommandFailed, PermissionError) as error:
        steps.say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        steps.say("stopped; `python -m cluster clean` removes what was begun")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cluster",
        description="Real Kubernetes clusters on this machine, by kind on podman.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    up = verbs.add_parser("up", help="create the clusters that are missing or broken")
    up.add_argument("names", nargs="+", metavar="NAME")
    down = verbs.add_parser("down", help="remove clusters; built artefacts stay in the cache")
    which = down.add_mutually_exclusive_group(required=True)
    which.add_argument("names", nargs="*", metavar="NAME", default=[])
    which.add_argument("--all", action="store_true", help="every cluster of ours")
    verbs.add_parser("status", help="list the clusters, their health and their kubeconfigs")
    verbs.add_parser("clean", help="remove all clusters and whatever a killed run left behind")
    verbs.add_parser("tools", help="install and build the tools without creating a cluster")
    return parser


def _run(chosen: argparse.Namespace) -> None:
    match chosen.verb:
        case "up":
            started = time.monotonic()
            world.up(chosen.names)
            steps.say(f"Up after {time.monotonic() - started:.0f} s")
            _status()
        case "down":
            existing = [cluster.name for cluster in world.existing()]
            world.down(existing if chosen.all else chosen.names)
        case "status":
            _status()
        case "clean":
            world.clean()
        case "tools":
            _tools()


def _status() -> None:
    for cluster in world.existing():
        state = "healthy" if world.is_healthy(cluster) else "broken"
        print(f"{cluster.name:12} {state:8} {cluster.address:16} {cluster.kubeconfig}")


def _tools() -> None:
    debian.ensure()
    for tool in (binaries.kubectl(), binaries.kind(), binaries.toxiproxy(), helm()):
        print(tool)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
