"""What a home counts of its hosts, placements and tombstones at one moment, for its metrics."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from modelbond.api.kinds import Json
from modelbond.placement.host import Heard
from modelbond.reconcile.home_health import Health
from modelbond.reconcile.home_order import handle_of
from modelbond.reconcile.home_room import KnownHost


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeTally:
    """Every word that could be counted stands in it, with 0 where nothing was.

    `placements` are by (namespace, deployment) and then by health, `tombstones` by host.
    """

    hosts: Mapping[Heard, int] = field(default_factory=dict)
    heard: Mapping[str, bool] = field(default_factory=dict)
    placements: Mapping[tuple[str, str], Mapping[Health, int]] = field(default_factory=dict)
    tombstones: Mapping[str, int] = field(default_factory=dict)


def tally(
    *, hosts: Iterable[KnownHost], deployments: Iterable[Json], orders: Iterable[Json]
) -> HomeTally:
    """Count. What is gone is not counted, so its series end with it."""
    known = {host.name: host.heard for host in hosts}
    counted = Counter(known.values())
    handles = [handle for obj in orders if (handle := handle_of(obj)) is not None]
    withdrawn = Counter(each.host for each in handles if each.withdrawn)
    return HomeTally(
        hosts={heard: counted[heard] for heard in Heard},
        heard={name: heard is Heard.HEARD for name, heard in known.items()},
        placements={
            (obj["metadata"]["namespace"], obj["metadata"]["name"]): _by_health(obj)
            for obj in deployments
        },
        tombstones={host: withdrawn[host] for host in sorted({*known, *withdrawn})},
    )


def _by_health(deployment: Json) -> dict[Health, int]:
    told = (deployment.get("status") or {}).get("placements") or ()
    counted = Counter(each["health"] for each in told)
    return {health: counted[health] for health in Health}
