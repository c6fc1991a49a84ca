"""What was seen last of each endpoint that is watched: the live state is made of it."""

from collections.abc import Iterable, Mapping

from modelbond.settlement.units import LeaseId
from modelbond.sla.live import Sighting
from modelbond.sla.verdict import Probe


class Sightings:
    """The last probe of each lease. One that was not made tells nothing, so it is passed over.

    Called, it returns what is known: LiveState signs that.
    """

    def __init__(self) -> None:
        self._seen: dict[LeaseId, Sighting] = {}

    def __call__(self) -> Mapping[LeaseId, Sighting]:
        """Return the sightings by lease."""
        return dict(self._seen)

    def note(self, lease: LeaseId, probe: Probe) -> None:
        """Take in a probe; failures are counted in a row."""
        if probe.succeeded:
            self._seen[lease] = Sighting(passed=True, at=int(probe.at))
        elif probe.failed:
            before = self._seen.get(lease)
            failures = 1 + (before.failures if before else 0)
            self._seen[lease] = Sighting(passed=False, at=int(probe.at), failures=failures)

    def keep(self, leases: Iterable[LeaseId]) -> None:
        """Forget what is not watched any more."""
        kept = set(leases)
        self._seen = {lease: seen for lease, seen in self._seen.items() if lease in kept}
