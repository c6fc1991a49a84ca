"""`modelbond join`: the host owner's consent, and the word on what is opened for that home."""

import argparse
import sys
from pathlib import Path

from modelbond.api.kinds import HOME_CLUSTER, Json
from modelbond.cli.ensure import ensure
from modelbond.cli.host_objects import home_cluster, host_objects
from modelbond.cli.invitation import LIMIT_BYTES, Invitation, parse
from modelbond.cli.kubeconfig import PersonsCluster
from modelbond.cli.output import as_yaml, typed
from modelbond.cli.person import (
    add_cluster_arguments,
    add_system_argument,
    check_operator,
    in_cluster_of,
)
from modelbond.cli.say import say
from modelbond.cli.terms import add_terms_arguments, terms_of, told
from modelbond.errors import Refused
from modelbond.ports.cluster import KubeApi
from modelbond.reconcile.home_match import holds
from modelbond.serving.names import home_namespace

EXAMPLES = """\
examples:
  modelbond join -f invitation.yaml --runtime triton --format onnx --cpu 8 --memory 32Gi
      run ONNX models on CPUs for that home, with weights from public https servers
  modelbond join -f invitation.yaml --quota-gpu NVIDIA-L4=2
      again: open two GPUs too; what is not named stays as it is
  modelbond join -f invitation.yaml --dry-run
      look first: print what would be made, make nothing

to leave: kubectl delete homecluster NAME (its copies are removed)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("-f", "--file", required=True, metavar="FILE", help="the invitation; - reads stdin")
    add("--dry-run", action="store_true", help="print what would be made, make nothing")
    add_terms_arguments(parser)
    add_system_argument(parser)
    add_cluster_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Check the invitation, take it, and say what is open now."""
    invitation = parse(_read(arguments.file))
    say(in_cluster_of(arguments, lambda cluster: joined(arguments, invitation, cluster)))
    return 0


async def joined(
    arguments: argparse.Namespace, invitation: Invitation, cluster: PersonsCluster
) -> str:
    """Return what is open for the home now, or with --dry-run the objects that would be made."""
    system, terms = arguments.system_namespace, terms_of(arguments)
    await check_operator(cluster.api, system_namespace=system)
    known = await cluster.api.get(HOME_CLUSTER, invitation.home)
    if known is not None and known["spec"].get("server") != invitation.server:
        raise Refused(
            f"HomeCluster {invitation.home} is at {known['spec'].get('server')}, the invitation "
            f"says {invitation.server}: if the home moved, delete that HomeCluster and join anew"
        )
    made = host_objects(invitation, system_namespace=system)
    if arguments.dry_run:
        return as_yaml(typed([*made, (HOME_CLUSTER, home_cluster(invitation, terms=terms))]))
    for kind, body in made:
        await ensure(cluster.api, kind, body)
    spec = await _home_cluster(cluster.api, invitation, known=known, terms=terms)
    return _report(invitation, spec=spec)


async def _home_cluster(
    api: KubeApi, invitation: Invitation, *, known: Json | None, terms: Json
) -> Json:
    """Make the HomeCluster; at a known one change only the terms that were given."""
    wanted = home_cluster(invitation, terms=terms)
    if known is None:
        found = await api.create(HOME_CLUSTER, wanted)
    elif holds(known, wanted):
        found = known
    else:
        found = await api.merge(HOME_CLUSTER, invitation.home, wanted) or wanted
    spec: Json = found["spec"]
    return spec


def _report(invitation: Invitation, *, spec: Json) -> str:
    lines = "".join(f"  {name:<11}{value}\n" for name, value in told(spec))
    return (
        f"joined {invitation.home} at {invitation.server}\n"
        f"its copies run in namespace {home_namespace(invitation.home)}; open for it:\n{lines}"
        f"next: kubectl get homecluster {invitation.home}\n"
    )


def _read(name: str) -> str:
    try:
        if name == "-":
            return sys.stdin.read(LIMIT_BYTES + 1)
        with Path(name).open() as file:
            return file.read(LIMIT_BYTES + 1)
    except (OSError, UnicodeDecodeError) as failure:
        raise Refused(f"{name} cannot be read: {failure}") from failure
