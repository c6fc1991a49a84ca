"""`modelbond explain`: why is it not on B? Answered with the reader's own rights."""

import argparse
import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from modelbond import __version__
from modelbond.api.kinds import (
    CONFIG_MAP,
    HOST_CLUSTER,
    MODEL_DEPLOYMENT,
    MODEL_PLACEMENT,
    Json,
)
from modelbond.cli.explanation import decision_table, explanation
from modelbond.cli.home_view import known_hosts, orders_for
from modelbond.cli.kubeconfig import PersonsCluster
from modelbond.cli.person import add_cluster_arguments, in_cluster_of
from modelbond.cli.say import say
from modelbond.errors import Forbidden, Refused
from modelbond.ports.cluster import KubeApi
from modelbond.reconcile.home_deployment import deployment_of
from modelbond.reconcile.home_names import REPORT_KEY, REPORT_NAME, host_namespace
from modelbond.reconcile.home_plan import Observed, plan
from modelbond.reconcile.home_room import candidates

AT_ONCE = 16

EXAMPLES = """\
examples:
  modelbond explain magika -n models     conditions, and for each host why it is chosen or not

It decides as the operator would decide now, from what you may read: ModelDeployments for the
conditions; HostClusters, ModelPlacements and the hosts' reports for the table of hosts.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    parser.add_argument("name", metavar="NAME", help="of the ModelDeployment")
    parser.add_argument(
        "-n", "--namespace", metavar="NS", help="its namespace (default: the context's)"
    )
    add_cluster_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read, decide as the operator would, and tell."""

    async def told(cluster: PersonsCluster) -> str:
        namespace = arguments.namespace or cluster.namespace
        return await explained(cluster.api, name=arguments.name, namespace=namespace)

    say(in_cluster_of(arguments, told))
    return 0


async def explained(api: KubeApi, *, name: str, namespace: str) -> str:
    """Return the explanation of one ModelDeployment; Refused when there is none."""
    deployment = await api.get(MODEL_DEPLOYMENT, name, namespace=namespace)
    if deployment is None:
        raise Refused(f"there is no ModelDeployment {name} in namespace {namespace}: look with -n")
    try:
        hosts = await _hosts(api, deployment)
    except Forbidden as failure:
        hosts = f"not shown, since you may not read all that decides: {failure}"
    return explanation(deployment, hosts=hosts)


async def _hosts(api: KubeApi, deployment: Json) -> str:
    clusters = (await api.list(HOST_CLUSTER)).items
    objects = (await api.list(MODEL_PLACEMENT)).items
    names = [str(cluster["metadata"]["name"]) for cluster in clusters]
    known = known_hosts(clusters, reports=await _reports(api, names))
    observed = Observed(
        orders=orders_for(objects, uid=deployment["metadata"]["uid"]),
        known=known,
        hosts=candidates(known.values(), objects),
        now=datetime.now(UTC),
        home_version=__version__,
    )
    return decision_table(plan(deployment_of(deployment), observed).decision)


async def _reports(api: KubeApi, hosts: Sequence[str]) -> dict[str, str]:
    """Return what each host reported, a few read at a time."""
    few = asyncio.Semaphore(AT_ONCE)

    async def report(host: str) -> str:
        async with few:
            found = await api.get(CONFIG_MAP, REPORT_NAME, namespace=host_namespace(host))
        return str(((found or {}).get("data") or {}).get(REPORT_KEY, ""))

    texts = await asyncio.gather(*(report(host) for host in hosts))
    return dict(zip(hosts, texts, strict=True))
