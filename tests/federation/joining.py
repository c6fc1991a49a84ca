"""Two consents: the home invites, the host's owner joins, both by the product's own commands."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import yaml

from cluster.cluster import Cluster
from federation.install import SYSTEM

ORDERS = "modelplacements.modelbond.io"
REPOSITORY = Path(__file__).parents[2]


def modelbond(cluster: Cluster, *args: str, stdin: str | None = None) -> str:
    """Run the command `modelbond` as a person of that cluster and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "modelbond", *args],
        input=stdin,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
        env={
            **os.environ,
            "KUBECONFIG": str(cluster.kubeconfig),
            "PYTHONPATH": str(REPOSITORY / "operator"),
        },
    )
    if done.returncode:
        raise AssertionError(f"modelbond {' '.join(args)}: {done.stderr or done.stdout}")
    return done.stdout


def join(home: Cluster, host: Cluster, *, name: str, opened: Sequence[str]) -> None:
    """Invite `host` to `home` under `name`; its owner opens what the flags in `opened` say."""
    invited = invitation(home, host, name=name)
    modelbond(host, "join", "-f", "-", *opened, stdin=invited)
    home.kubectl("wait", "--for=condition=Ready", f"hostcluster/{name}", "--timeout=60s")


def invitation(home: Cluster, host: Cluster, *, name: str, flags: Sequence[str] = ()) -> str:
    """Let `host` into `home` under `name` and return the text for its owner."""
    return modelbond(home, "invite", name, "--endpoint-cidr", f"{host.address}/32", *flags)


def joined_name(invited: str) -> str:
    """Return the name that the home of an invitation has at the host."""
    documents = yaml.safe_load_all(invited)
    home = next(each for each in documents if each["kind"] == "HomeCluster")
    return str(home["metadata"]["name"])


def part(home: Cluster, host: Cluster, *, name: str, known_as: str) -> None:
    """Take both consents back; `known_as` is the home's name at the host."""
    namespace = ("-n", f"modelbond-host-{name}")
    home.kubectl("wait", "--for=delete", ORDERS, "--all", *namespace, "--timeout=90s")
    flags = ("--ignore-not-found", "--timeout=60s")
    host.kubectl("delete", "homeclusters.modelbond.io", known_as, *flags)
    host.kubectl("delete", "secret", f"join-{known_as}", "-n", SYSTEM, *flags)
    home.kubectl("delete", "hostclusters.modelbond.io", name, *flags)
    home.kubectl("delete", "clusterrolebinding", f"modelbond-host-{name}", *flags)
    home.kubectl("delete", "namespace", f"modelbond-host-{name}", *flags)
    host.kubectl("delete", "namespace", f"modelbond-home-{known_as}", *flags)


@contextmanager
def joined(
    home: Cluster, host: Cluster, *, name: str, opened: Sequence[str], flags: Sequence[str] = ()
) -> Iterator[str]:
    """Join for a while under a second name; yields the name of the home at the host.

    `flags` are those of the invitation, `opened` those of the owner's answer.
    """
    invited = invitation(home, host, name=name, flags=flags)
    known_as = joined_name(invited)
    try:
        modelbond(host, "join", "-f", "-", *opened, stdin=invited)
        home.kubectl("wait", "--for=condition=Ready", f"hostcluster/{name}", "--timeout=60s")
        yield known_as
    finally:
        part(home, host, name=name, known_as=known_as)
