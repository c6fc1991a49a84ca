"""A cluster through a person's own kubeconfig: their rights, and no others."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from modelbond.api.kinds import NAMESPACE, SERVICE_ACCOUNT
from modelbond.cli.kubeconfig import PersonsCluster, opened
from modelbond.errors import Refused
from modelbond.ports.cluster import KubeApi

SYSTEM_NAMESPACE = "modelbond-system"
OPERATOR_ACCOUNT = "modelbond-operator"
"""The operator's ServiceAccount has one name in every cluster: the chart gives it this one."""

Answer = TypeVar("Answer")


def add_cluster_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how the cluster is reached."""
    group = parser.add_argument_group("cluster")
    group.add_argument("--kubeconfig", metavar="FILE", help="default: $KUBECONFIG, ~/.kube/config")
    group.add_argument("--context", metavar="NAME", help="default: the kubeconfig's current one")


def add_system_argument(parser: argparse.ArgumentParser) -> None:
    """Declare where the chart was installed."""
    parser.add_argument(
        "--system-namespace",
        default=SYSTEM_NAMESPACE,
        metavar="NS",
        help="namespace of the operator's helm release (default: %(default)s)",
    )


def in_cluster_of(
    arguments: argparse.Namespace, act: Callable[[PersonsCluster], Awaitable[Answer]]
) -> Answer:
    """Open the person's cluster, act in it, and close it."""

    async def acted() -> Answer:
        cluster = await opened(kubeconfig=arguments.kubeconfig, context=arguments.context)
        try:
            return await act(cluster)
        finally:
            await cluster.api.close()

    return asyncio.run(acted())


async def check_operator(api: KubeApi, *, system_namespace: str) -> None:
    """Raise Refused when the chart is not installed there: bindings would name nobody."""
    if await api.get(SERVICE_ACCOUNT, OPERATOR_ACCOUNT, namespace=system_namespace) is None:
        raise Refused(
            f"there is no operator in namespace {system_namespace}: install the chart "
            "(helm install modelbond helm/modelbond -n modelbond-system --create-namespace), "
            "or name its namespace with --system-namespace"
        )


async def cluster_uid(api: KubeApi) -> str:
    """Return the cluster's identity: the UID of its namespace kube-system."""
    found = await api.get(NAMESPACE, "kube-system")
    if found is None:
        raise Refused("this cluster has no namespace kube-system, so it has no identity")
    return str(found["metadata"]["uid"])
