"""For how long a copy has been waiting for this cluster to let it run, and what follows."""

from modelbond.api.conditions import Reason
from modelbond.api.kinds import Json
from modelbond.controllers.stopwatch import Stopwatch
from modelbond.ports.process import Again, Clock, Done, Outcome
from modelbond.reconcile.host_admission import Declined
from modelbond.reconcile.host_seen import Seen
from modelbond.reconcile.host_status import PROGRESS_PERIOD_SECONDS

LONGEST_SECONDS = 120.0
_SOON_SECONDS = 1.0
_REFUSED_SECONDS = 5.0


class Waiting:
    """Measures, for each copy, how long a node or an object has been refused to it."""

    def __init__(self, clock: Clock) -> None:
        self._watch = Stopwatch(clock)

    def seconds(self, copy: Json, seen: Seen) -> float:
        """Return for how long the copy has been waiting without a break."""
        waits = seen.refusal is not None or _without_node(seen) is not None
        return self._watch.seconds(copy["metadata"]["uid"], running=waits)

    def forget(self, copy: Json) -> None:
        """Drop what is remembered of a copy that is gone."""
        self._watch.seconds(copy["metadata"]["uid"], running=False)


def in_vain(seen: Seen) -> Declined:
    """Return how an order is answered that has waited too long."""
    for_so_long = f"for {LONGEST_SECONDS:.0f} s"
    if seen.refusal is not None:
        message = f"it could not run here {for_so_long}: {seen.refusal.message}"
        return Declined(reason=seen.refusal.reason, message=message)
    message = f"its pods found no node {for_so_long}: {_without_node(seen)}"
    return Declined(reason=Reason.CAPACITY_LOST, message=message)


def look_again(seen: Seen, *, waited: float) -> Outcome:
    """Return when to look although nothing may change: only some things make no event."""
    if seen.refusal is not None:
        return Again(seconds=_REFUSED_SECONDS)
    if _without_node(seen) is not None:
        return Again(seconds=max(LONGEST_SECONDS - waited, _SOON_SECONDS))
    if any(pod.fetching for pod in seen.current_pods):
        return Again(seconds=PROGRESS_PERIOD_SECONDS)
    return Done()


def sooner(outcome: Outcome, seconds: float | None) -> Outcome:
    """Return the outcome, or to look again after that time where that is sooner."""
    if seconds is None or (isinstance(outcome, Again) and outcome.seconds <= seconds):
        return outcome
    return Again(seconds=seconds)


def _without_node(seen: Seen) -> str | None:
    return next((pod.unschedulable for pod in seen.current_pods if pod.unschedulable), None)
