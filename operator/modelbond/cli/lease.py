"""`modelbond lease`: what stands behind a deployment's uptime, and taking what it has brought."""

import argparse
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from modelbond.api.conditions import ConditionType, find, timestamp
from modelbond.api.kinds import MODEL_DEPLOYMENT, Json
from modelbond.cli.kubeconfig import PersonsCluster
from modelbond.cli.person import add_cluster_arguments, in_cluster_of
from modelbond.cli.say import say
from modelbond.errors import Refused
from modelbond.ports.cluster import KubeApi
from modelbond.reconcile.home_names import CLAIM_ASKED

EXAMPLES = """\
examples:
  modelbond lease ls                      the leases of the context's namespace
  modelbond lease ls -A                   those of all namespaces that you may read
  modelbond lease show magika -n models   one deployment's leases, with all that is known of them
  modelbond lease claim magika -n models  let the operator take credits and refunds to the wallet

All is read from ModelDeployments, with your own rights: what the operator saw at the chain's
finalized block. `claim` is for deployments with autoClaim false; it marks the deployment, and the
operator, which alone writes with the wallet's key, does it once.
"""
HEADINGS = (
    "NAMESPACE",
    "NAME",
    "HOST",
    "STATE",
    "FRAME",
    "THROUGH",
    "BREACH",
    "CREDITED",
    "FUNDED",
)
NONE = "-"
_FIELDS = (
    ("lease", "id"),
    ("host's account", "hostAccount"),
    ("state", "state"),
    ("why", "reason"),
    ("message", "message"),
    ("funded until", "fundedUntil"),
    ("newest final frame", "frame"),
    ("slices counted", "through"),
    ("unearned", "unearned"),
    ("in breach", "breach"),
    ("bad in this period", "bad"),
    ("free in a period", "allowance"),
    ("credited", "credited"),
    ("by root", "root"),
    ("by transaction", "transaction"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("action", choices=("ls", "show", "claim"), metavar="ls|show|claim")
    add("name", nargs="?", metavar="NAME", help="of the ModelDeployment, for show and claim")
    add("-n", "--namespace", metavar="NS", help="its namespace (default: the context's)")
    add("-A", "--all-namespaces", action="store_true", help="with ls: of all namespaces")
    add_cluster_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show, or ask the operator to claim."""
    if (arguments.name is None) != (arguments.action == "ls"):
        needs = "takes no name" if arguments.action == "ls" else "needs the name of a deployment"
        raise Refused(f"lease {arguments.action} {needs}")
    say(in_cluster_of(arguments, lambda cluster: answered(arguments, cluster)))
    return 0


async def answered(arguments: argparse.Namespace, cluster: PersonsCluster) -> str:
    """Return the answer to one of the three."""
    namespace = arguments.namespace or cluster.namespace
    if arguments.action == "ls":
        everywhere = arguments.all_namespaces
        listed = await cluster.api.list(
            MODEL_DEPLOYMENT, namespace=None if everywhere else namespace
        )
        return table(listed.items)
    deployment = await _deployment(cluster.api, arguments.name, namespace=namespace)
    if arguments.action == "show":
        return shown(deployment)
    return await _claim(cluster.api, deployment)


def table(deployments: Iterable[Json]) -> str:
    """Return one line for each lease."""
    rows = [
        _row(deployment["metadata"], placement)
        for deployment in deployments
        for placement in _leased(deployment)
    ]
    return _columns([HEADINGS, *rows]) if rows else "no deployment has a lease here\n"


def shown(deployment: Json) -> str:
    """Return what is known of one deployment's leases."""
    status = deployment.get("status") or {}
    lines = []
    for about in (ConditionType.BOND_ACTIVE, ConditionType.SLA_HEALTHY):
        said = find(status.get("conditions") or (), about)
        if said is not None:
            lines.append(f"{about}: {said['status']}, {said['reason']}: {said['message']}")
    if "uptime" in status:
        lines.append(f"uptime: {status['uptime']} of the slices that final reports count")
    if "spending" in status:
        spent = status["spending"]
        lines.append(f"paid into escrow: {spent['total']}, on {spent['day']} {spent['today']}")
    for placement in _leased(deployment):
        lease = placement["lease"]
        lines += ["", f"{placement['host']}, slot {placement['slot']}, epoch {placement['epoch']}"]
        lines += [f"  {title}: {lease[key]}" for title, key in _FIELDS if key in lease]
    return "\n".join(lines or ["it has no lease"]) + "\n"


async def _claim(api: KubeApi, deployment: Json) -> str:
    """Mark the deployment: its operator claims once for each mark."""
    meta = deployment["metadata"]
    if not (deployment.get("spec") or {}).get("lease"):
        raise Refused(f"ModelDeployment {meta['name']} has no spec.lease: there is no wallet")
    mark = timestamp(datetime.now(UTC))
    patch = {"metadata": {"uid": meta["uid"], "annotations": {CLAIM_ASKED: mark}}}
    await api.merge(MODEL_DEPLOYMENT, meta["name"], patch, namespace=meta["namespace"])
    return (
        "the operator was asked to claim what waits at the contract; the mark "
        f"{CLAIM_ASKED} goes once that is final, or nothing waited\n"
    )


async def _deployment(api: KubeApi, name: str, *, namespace: str) -> Json:
    found = await api.get(MODEL_DEPLOYMENT, name, namespace=namespace)
    if found is None:
        raise Refused(f"there is no ModelDeployment {name} in namespace {namespace}: look with -n")
    return found


def _leased(deployment: Json) -> list[Json]:
    placements = (deployment.get("status") or {}).get("placements") or ()
    return [placement for placement in placements if "lease" in placement]


def _row(meta: Json, placement: Json) -> tuple[str, ...]:
    lease = placement["lease"]
    counts = (str(lease.get(key, NONE)) for key in ("frame", "through", "breach", "credited"))
    funded = str(lease.get("fundedUntil", NONE))
    return meta["namespace"], meta["name"], placement["host"], lease["state"], *counts, funded


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines) + "\n"
