"""Spreading over owners, regions, zones and providers while hosts are chosen one by one."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from modelbond.placement.host import Host
from modelbond.placement.reasons import Objection, Why
from modelbond.placement.request import Request
from modelbond.placement.selector import untolerated

_FIELDS = ("owner", "region", "zone", "provider")

Score = tuple[int | str, ...]


class Tally:
    """The groups that the hosts of one deployment fall into, as hosts come and go."""

    def __init__(self, request: Request, hosts: Iterable[Host]) -> None:
        self._request = request
        self._groups: Counter[tuple[str, str]] = Counter()
        for host in hosts:
            self.add(host)

    def add(self, host: Host) -> None:
        """Count the host. One without a report belongs to no group."""
        if host.offer is not None:
            self._groups.update((by, host.offer.group(by)) for by in _FIELDS)

    def owners(self) -> int:
        """Return how many different owners there are."""
        return sum(1 for by, _ in self._groups if by == "owner")

    def size(self, host: Host, by: str) -> int:
        """Return how many hosts of this host's group were counted."""
        return self._groups[by, host.offer.group(by)] if host.offer else 0

    def objection(self, host: Host, *, vacant: int) -> Objection | None:
        """Return the rule that this host would break as one of `vacant` more, or None."""
        rules = self._request.rules
        for limit in rules.spread_constraints:
            if self.size(host, limit.spread_by_field) >= limit.max_per_group:
                return Objection(
                    Why.GROUP_FULL,
                    f"{limit.max_per_group} of its {limit.spread_by_field} already",
                )
        missing = rules.min_owners - self.owners()
        if missing >= vacant and self.size(host, "owner"):
            return Objection(
                Why.KEPT_FOR_OTHER_OWNER,
                f"the last {vacant} must go to {missing} other owner(s) for minOwners",
            )
        return None

    def score(self, host: Host) -> Score:
        """Rank a host, lowest first: emptier groups, fewer soft taints, more room, then a draw.

        The draw differs for each deployment, so that equal hosts share the load.
        """
        crowd = tuple(self.size(host, by) for by in _FIELDS)
        tolerations = self._request.rules.tolerations
        soft = len(untolerated(host.taints, tolerations, effect="PreferNoSchedule"))
        return (*crowd, soft, -_room(self._request, host), _draw(self._request.uid, host.name))


def choose(
    request: Request, fit: Sequence[Host], *, placed: Sequence[Host], vacant: int
) -> list[Host]:
    """Return hosts for the vacant places: greedy, then mended where greed blocked itself."""
    best = _filled(request, fit, placed=placed, vacant=vacant)
    for dropped in best if len(best) < min(vacant, len(fit)) else ():
        kept = [host for host in best if host is not dropped]
        rest = [host for host in fit if host not in best]
        more = _filled(request, rest, placed=[*placed, *kept], vacant=vacant - len(kept))
        if len(more) > 1:
            return [*kept, *more]
    return best


def _filled(
    request: Request, fit: Sequence[Host], *, placed: Sequence[Host], vacant: int
) -> list[Host]:
    tally, left = Tally(request, placed), list(fit)
    chosen: list[Host] = []
    while len(chosen) < vacant:
        open_to = [
            host for host in left if tally.objection(host, vacant=vacant - len(chosen)) is None
        ]
        if not open_to:
            break
        best = min(open_to, key=tally.score)
        tally.add(best)
        chosen.append(best)
        left.remove(best)
    return chosen


def _room(request: Request, host: Host) -> int:
    if host.offer is None:
        return 0
    if request.need.gpu_class is None:
        return host.offer.cpu_free_milli
    held = host.offer.gpus.get(request.need.gpu_class)
    return held.free if held else 0


def _draw(uid: str, host: str) -> str:
    return hashlib.sha256(f"{uid}/{host}".encode()).hexdigest()
