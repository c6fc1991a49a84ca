"""`modelbond maintenance`: the host's owner announces a window; the operator writes it on chain."""

import argparse
from datetime import UTC, datetime

from modelbond.api.kinds import MODEL_PLACEMENT
from modelbond.cli.kubeconfig import PersonsCluster
from modelbond.cli.person import add_cluster_arguments, in_cluster_of
from modelbond.cli.say import say
from modelbond.errors import Refused
from modelbond.ports.cluster import KubeApi
from modelbond.reconcile.host_lease import given_of
from modelbond.reconcile.host_maintenance import MAINTENANCE, objection, window_of, window_text
from modelbond.serving.names import home_namespace

EXAMPLES = """\
examples:
  modelbond maintenance customers-0a0a0a0a/magika-1234abcd --from 2026-01-03T22:00:00Z --for 30m

HOME is a HomeCluster, ORDER a copy of it: `kubectl get mbp -A` lists them. The slices of the window
are neither measured nor paid for. They must be announced on chain as long before as the lease
says, and within its budget. An event on the copy tells once it stands.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("copy", metavar="HOME/ORDER", help="whose copy")
    parser.add_argument(
        "--from", dest="start", metavar="TIME", required=True, help="such as 2026-01-03T22:00:00Z"
    )
    parser.add_argument(
        "--for", dest="duration", metavar="TIME", required=True, help="such as 30m or 2h"
    )
    add_cluster_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write what is to be announced on the copy."""
    text = window_text(start=arguments.start, duration=arguments.duration)

    async def asked(cluster: PersonsCluster) -> str:
        now = int(datetime.now(UTC).timestamp())
        return await announced(cluster.api, copy=arguments.copy, text=text, now=now)

    say(in_cluster_of(arguments, asked))
    return 0


async def announced(api: KubeApi, *, copy: str, text: str, now: int) -> str:
    """Write the annotation, and return what happens next; Refused where nothing could."""
    home, _, order = copy.partition("/")
    namespace = home_namespace(home)
    found = await api.get(MODEL_PLACEMENT, order, namespace=namespace) if home and order else None
    if found is None:
        raise Refused(f"there is no copy {copy}: give HOME/ORDER, see `kubectl get mbp -A`")
    given = given_of(found)
    if given is None:
        raise Refused(f"copy {copy} has no lease: without one there is nothing to announce")
    window = window_of(text)
    wrong = objection(window, offer=given.offer, now=now)
    if wrong is not None:
        raise Refused(f"maintenance {text}: {wrong}")
    meta = found["metadata"]
    patch = {"metadata": {"uid": meta["uid"], "annotations": {MAINTENANCE: text}}}
    await api.merge(MODEL_PLACEMENT, order, patch, namespace=namespace)
    start, slices = window.slices(slice_seconds=given.offer.slice_seconds)
    return (
        f"slices {start} to {start + slices - 1} of {copy} will be announced; see the events of\n"
        f"  kubectl describe mbp -n {namespace} {order}\n"
    )
