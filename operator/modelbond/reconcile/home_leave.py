"""When a deleted deployment may go, though a host has not confirmed that its copy is gone."""

from collections.abc import Mapping, Sequence

from modelbond.placement.host import Heard
from modelbond.reconcile.home_room import KnownHost

LIVE_HOST_FACTOR = 5


def seconds_to_wait(
    hosts: Sequence[str],
    *,
    known: Mapping[str, KnownHost],
    waited_seconds: float,
    deadline_seconds: float,
) -> float:
    """Return how long the deployment still waits for these hosts; 0 when it may go.

    A silent host is given the deadline. A host that is heard but does not confirm gets longer,
    since its pods may end slowly, and cannot hold a customer's object for ever either.
    """
    patience = [
        deadline_seconds * (1 if _silent(known.get(host)) else LIVE_HOST_FACTOR) for host in hosts
    ]
    return max([0.0, *(each - waited_seconds for each in patience)])


def _silent(host: KnownHost | None) -> bool:
    return host is None or host.identity_changed or host.heard in (Heard.SILENT, Heard.NEVER)
