"""From what the measuring loop says of targets to what Prometheus shows of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from modelbond.ports.process import Clock
from modelbond.settlement.slices import at_rounded_down
from modelbond.settlement.units import LeaseId, SliceCount
from modelbond.sla.verdict import ProbeReason, Verdict
from modelbond.watcher.metrics import TargetLabels, WatcherMetrics
from modelbond.watcher.target import Target

_KNOWN = frozenset({Verdict.GOOD, Verdict.BAD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A target with what its lease says of uptime."""

    target: Target
    period: SliceCount
    allowance: SliceCount


@dataclass(slots=True)
class _Covered:
    """What is known of the slices of a period; numbers of periods count from the lease's first."""

    watched: Watched
    number: int = 0
    known: int = 0
    expected: int = 0


class TargetMeter:
    """Implements ports.Meter for the targets that it was last given."""

    def __init__(self, metrics: WatcherMetrics, *, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._covered: dict[LeaseId, _Covered] = {}

    def set_targets(self, targets: Iterable[Watched]) -> None:
        """Show these and no others: to be called whenever the prober is given its targets."""
        wanted = {one.target.lease: one for one in targets}
        for lease in self._covered.keys() - wanted.keys():
            self._metrics.forget(_labels(self._covered.pop(lease).watched.target))
        for lease, one in wanted.items():
            if lease not in self._covered:
                self._covered[lease] = _Covered(one)
                self._metrics.begin(
                    _labels(one.target),
                    bound_seconds=one.target.bound_seconds,
                    period=one.period,
                    allowance=one.allowance,
                )
        self._metrics.targets(len(wanted))

    def slice(self, target: Target, verdict: Verdict) -> None:
        """Count a slice that is over."""
        self._metrics.slice(_labels(target), verdict)
        self._cover(target, known=int(verdict in _KNOWN))

    def expected(self, target: Target, slices: int) -> None:
        """Count slices of the target that are over, judged or not."""
        self._metrics.expected(_labels(target), slices)
        self._cover(target, expected=slices)

    def probe(self, target: Target, reason: ProbeReason, seconds: float) -> None:
        """Count a probe and how long it took."""
        self._metrics.probe(_labels(target), reason, seconds, target.bound_seconds)

    def late(self, seconds: float) -> None:
        """Observe by how much a probe began after its moment."""
        self._metrics.late(seconds)

    def lost(self, slices: int) -> None:
        """Count slices that were measured and could not be written: they are unknown."""
        self._metrics.lost(slices)

    def _cover(self, target: Target, *, known: int = 0, expected: int = 0) -> None:
        covered = self._covered.get(target.lease)
        if covered is None:
            return
        number = self._period_of(covered.watched)
        if number != covered.number:
            covered.number, covered.known, covered.expected = number, 0, 0
        # The verdict of a slice comes when it is written down, after it was expected.
        covered.expected += expected
        covered.known = min(covered.known + known, covered.expected)
        self._metrics.coverage(_labels(target), known=covered.known, expected=covered.expected)

    def _period_of(self, watched: Watched) -> int:
        """Return the period of the slice that is over now."""
        target, now = watched.target, int(self._clock.now().timestamp())
        over = at_rounded_down(now, slice_seconds=target.slice_seconds) - 1
        return (over - target.first) // watched.period


def _labels(target: Target) -> TargetLabels:
    of = target.labels
    return TargetLabels(home=of.home, namespace=of.namespace, name=of.name, host=of.host)
