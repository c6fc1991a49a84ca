"""`modelbond top`: who keeps what was promised, and who is about to pay for it."""

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, floor, inf

from modelbond.api.kinds import MODEL_DEPLOYMENT, Json
from modelbond.cli.explanation import columns
from modelbond.cli.person import add_cluster_arguments, in_cluster_of
from modelbond.cli.say import say
from modelbond.ports.cluster import KubeApi
from modelbond.settlement.units import SliceCount
from modelbond.sla.budget import Budget, Counts, Standing, standing

EXAMPLES = """\
examples:
  modelbond top                 placements of the context's namespace, nearest slash first
  modelbond top -A              those of all namespaces that you may read

Uptime is the share of good slices in the present period, with the error of sampling at 95 %
confidence; coverage the share of slices of which something is known. Time to slash is what is left
of the period's allowance at the rate of the last hour. All of it is what final reports say; what is
not known is `-`.
"""
HEADINGS = (
    "NAMESPACE",
    "NAME",
    "HOST",
    "LEASE",
    "UPTIME",
    "COVERAGE",
    "BUDGET LEFT",
    "TO SLASH",
    "CREDITED",
)
NONE = "-"
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.epilog = EXAMPLES
    add = parser.add_argument
    add("-n", "--namespace", metavar="NS", help="of the ModelDeployments (default: the context's)")
    add("-A", "--all-namespaces", action="store_true", help="of all namespaces")
    add_cluster_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the table."""

    async def told(api: KubeApi, default: str) -> str:
        everywhere = arguments.all_namespaces
        return await shown(api, namespace=None if everywhere else arguments.namespace or default)

    say(in_cluster_of(arguments, lambda cluster: told(cluster.api, cluster.namespace)))
    return 0


async def shown(api: KubeApi, *, namespace: str | None) -> str:
    """Return the table of all placements in a namespace, or in all of them."""
    deployments = (await api.list(MODEL_DEPLOYMENT, namespace=namespace)).items
    rows = sorted(_rows(deployments), key=lambda row: (row.urgency, row.cells))
    if not rows:
        return "no placements: `modelbond explain NAME` says why a deployment has none\n"
    return columns([HEADINGS, *(row.cells for row in rows)]) + "\n"


@dataclass(frozen=True, slots=True)
class _Row:
    """One placement; the most urgent ones have the lowest number."""

    urgency: float
    cells: tuple[str, ...]


def _rows(deployments: Iterable[Json]) -> Iterator[_Row]:
    for deployment in deployments:
        meta = deployment["metadata"]
        for placement in (deployment.get("status") or {}).get("placements") or ():
            where = (meta["namespace"], meta["name"], placement["host"])
            yield _row(where, placement.get("lease") or {})


def _row(where: tuple[str, ...], lease: Json) -> _Row:
    now = _standing(lease)
    cells = (*where, str(lease.get("state", NONE)))
    credited = str(lease.get("credited", NONE))
    if now is None:
        return _Row(inf, (*cells, NONE, NONE, _left(lease), NONE, credited))
    return _Row(
        now.time_to_slash_seconds,
        (*cells, _uptime(now), _share(now.coverage), _left(lease), _time(now), credited),
    )


def _standing(lease: Json) -> Standing | None:
    """Return how it stands; None where no report was seen, or an older operator wrote it."""
    if not {"period", "allowance", "good", "bad"} <= lease.keys():
        return None
    return standing(
        Budget(period=SliceCount(lease["period"]), allowance=SliceCount(lease["allowance"])),
        Counts(
            good=lease["good"],
            bad=lease["bad"],
            unknown=lease.get("unknown", 0),
            outages=lease.get("outages", 0),
            recent_bad=lease.get("recentBad", 0),
            recent_seconds=lease.get("recentSeconds", 0),
        ),
    )


def _uptime(now: Standing) -> str:
    if now.uptime is None or now.uptime_error is None:
        return NONE
    error = ceil(round(now.uptime_error * 100_000, 6)) / 1000
    return f"{_share(now.uptime)} ±{error:.3f}%"


def _share(share: float | None) -> str:
    """Return a share in per cent, rounded down: what is not whole is not shown as whole."""
    return NONE if share is None else f"{floor(round(share * 100_000, 6)) / 1000:.3f}%"


def _left(lease: Json) -> str:
    """Return the bad slices that are left of those that the period allows."""
    if "allowance" not in lease or "bad" not in lease:
        return NONE
    return f"{lease['allowance'] - lease['bad']} of {lease['allowance']}"


def _time(now: Standing) -> str:
    seconds = now.time_to_slash_seconds
    if seconds == inf:
        return "not burning"
    if seconds >= _DAY:
        return f"{seconds // _DAY:.0f}d{seconds % _DAY // _HOUR:.0f}h"
    if seconds >= _HOUR:
        return f"{seconds // _HOUR:.0f}h{seconds % _HOUR // _MINUTE:.0f}m"
    return f"{seconds // _MINUTE:.0f}m" if seconds else "now"
