"""What a watcher tells Prometheus; docs/reference/metrics.md explains each metric.

A target's numbers are a few plain integers, and its series are made of them at each scrape: all of
them begin at 0, and none outlives its target.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import NamedTuple

from modelbond.sla.verdict import ProbeReason, Verdict
from modelbond.watcher.exposition import Buckets, Family, histogram, labels_of, number_of
from modelbond.watcher.reporting_ports import FrameOutcome

WORDS = {
    Verdict.GOOD: "good",
    Verdict.BAD: "bad",
    Verdict.UNKNOWN: "unknown",
    Verdict.EXCLUDED: "excluded",
}
"""Verdicts as labels: their letters are for ledgers."""

MULTIPLES = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.25, 1.5, 2.0)
"""Buckets of latency in multiples of the agreed bound.

Every lease has a bound of its own, and buckets belong to a metric, not to a series. In seconds
either the bucket at the bound would be missing, or series would differ in their buckets and could
not be added up. As a multiple the bound is 1 for all, so that the one bucket `le="1.0"` says for
any sum of leases how many answers came in time; `modelbond_watcher_probe_bound_seconds` turns a
quantile into seconds.
"""

LATENESS_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)

# About 5 ms of work.
_LINES_OF_A_BLOCK = 2000
# A refused connection is quick: counted here, it would make a dead endpoint look fast.
_TIMED = frozenset({ProbeReason.ANSWERED, ProbeReason.WRONG_ANSWER, ProbeReason.TOO_LATE})


class TargetLabels(NamedTuple):
    """Whose slices: the home by its name, the deployment, and the host's name at that home."""

    home: str
    namespace: str
    name: str
    host: str


def _family(name: str, kind: str, text: str) -> Family:
    return Family(name=f"modelbond_watcher_{name}", kind=kind, text=text)


_SLICES = _family("slices_total", "counter", "Slices that were judged")
_EXPECTED = _family("slices_expected_total", "counter", "Slices that ended, judged or not")
_COVERAGE = _family("coverage_ratio", "gauge", "Known slices of the present period's")
_OBJECTIVE = _family("objective_ratio", "gauge", "The least uptime without a breach")
_ATTEMPTS = _family("probe_attempts_total", "counter", "Probes by how they ended")
_BOUND = _family("probe_bound_seconds", "gauge", "The agreed latency bound")
_LATENCY = _family("probe_bound_ratio", "histogram", "Latency of answers, 1 at the bound")
_LATENESS = _family("probe_lateness_seconds", "histogram", "How late probes began")
_LOST = _family("slices_lost_total", "counter", "Slices that could not be written down")
_LAG = _family("report_lag_frames", "gauge", "Frames over that no report speaks of")
_FRAMES = _family("frames_total", "counter", "Frames by what became of them")
_CLOCK = _family("clock_offset_seconds", "gauge", "How far the clock is off")
_TARGETS = _family("targets", "gauge", "Targets that are watched")


@dataclass(slots=True, kw_only=True)
class _Target:
    """The numbers of one target. `held` counts its leases: two overlap when an epoch ends."""

    labels: str
    bound_seconds: float
    objective: float
    held: int = 1
    expected: int = 0
    coverage: float | None = None
    verdicts: dict[Verdict, int] = field(default_factory=lambda: dict.fromkeys(Verdict, 0))
    reasons: dict[ProbeReason, int] = field(default_factory=lambda: dict.fromkeys(ProbeReason, 0))
    latency: Buckets = field(default_factory=lambda: Buckets(MULTIPLES))


class WatcherMetrics:
    """Counts what the watcher does. What is said of a target that is gone is not counted."""

    def __init__(self) -> None:
        self._shown: dict[TargetLabels, _Target] = {}
        self._frames = dict.fromkeys(FrameOutcome, 0)
        self._lateness = Buckets(LATENESS_SECONDS)
        self._lost = 0
        self._report_lag = 0
        self._clock_offset = 0.0
        self._watched = 0

    def begin(
        self, labels: TargetLabels, *, bound_seconds: float, period: int, allowance: int
    ) -> None:
        """Show a lease from now on, from 0. A second one of these labels joins the first."""
        objective = 1 - allowance / period
        known = self._shown.get(labels)
        if known is None:
            self._shown[labels] = _Target(
                labels=labels_of(TargetLabels._fields, labels),
                bound_seconds=bound_seconds,
                objective=objective,
            )
        else:
            known.held += 1
            known.bound_seconds, known.objective = bound_seconds, objective

    def forget(self, labels: TargetLabels) -> None:
        """Show a lease no more: with its last lease a target's series end."""
        known = self._shown.get(labels)
        if known is not None:
            known.held -= 1
            if not known.held:
                del self._shown[labels]

    def slice(self, labels: TargetLabels, verdict: Verdict) -> None:
        """Count a slice that was judged."""
        if labels in self._shown:
            self._shown[labels].verdicts[verdict] += 1

    def expected(self, labels: TargetLabels, slices: int = 1) -> None:
        """Count slices that ended, judged or not."""
        if labels in self._shown:
            self._shown[labels].expected += slices

    def probe(
        self, labels: TargetLabels, reason: ProbeReason, seconds: float, bound_seconds: float
    ) -> None:
        """Count a probe, and its latency where it was answered."""
        if labels in self._shown:
            known = self._shown[labels]
            known.reasons[reason] += 1
            if reason in _TIMED:
                known.latency.observe(seconds, unit=bound_seconds)

    def coverage(self, labels: TargetLabels, *, known: int, expected: int) -> None:
        """Show of how many of the present period's slices it is known how the target was."""
        if labels in self._shown:
            self._shown[labels].coverage = known / expected if expected else None

    def late(self, seconds: float) -> None:
        """Observe by how much a probe began after its moment."""
        self._lateness.observe(seconds)

    def lost(self, slices: int) -> None:
        """Count slices that were measured and could not be written down."""
        self._lost += slices

    def report_lag(self, frames: int) -> None:
        """Show how many frames are over that no report on chain speaks of."""
        self._report_lag = frames

    def frame(self, result: FrameOutcome) -> None:
        """Count a frame that is done with."""
        self._frames[result] += 1

    def clock_offset(self, seconds: float) -> None:
        """Show how far the clock is from the others that it is compared with."""
        self._clock_offset = seconds

    def targets(self, number: int) -> None:
        """Show how many targets are watched."""
        self._watched = number

    def text(self) -> str:
        """Return all series in Prometheus' text format."""
        return "".join(self.blocks())

    def blocks(self) -> Iterator[str]:
        """Yield the same in blocks, between which probes can begin."""
        shown = tuple(self._shown.values())
        lines = chain(self._of_slices(shown), self._of_probes(shown), self._of_frames())
        while block := "".join(islice(lines, _LINES_OF_A_BLOCK)):
            yield block

    def _of_slices(self, shown: Iterable[_Target]) -> Iterator[str]:
        yield _SLICES.head()
        for one in shown:
            for verdict, number in one.verdicts.items():
                labels = f'{one.labels},verdict="{WORDS[verdict]}"'
                yield f"{_SLICES.name}{{{labels}}} {number}\n"
        yield _EXPECTED.head()
        for one in shown:
            yield f"{_EXPECTED.name}{{{one.labels}}} {one.expected}\n"
        yield _COVERAGE.head()
        for one in shown:
            if one.coverage is not None:
                yield f"{_COVERAGE.name}{{{one.labels}}} {number_of(one.coverage)}\n"
        yield _OBJECTIVE.head()
        for one in shown:
            yield f"{_OBJECTIVE.name}{{{one.labels}}} {number_of(one.objective)}\n"

    def _of_probes(self, shown: Iterable[_Target]) -> Iterator[str]:
        yield _ATTEMPTS.head()
        for one in shown:
            for reason, number in one.reasons.items():
                labels = f'{one.labels},reason="{reason.value}"'
                yield f"{_ATTEMPTS.name}{{{labels}}} {number}\n"
        yield _BOUND.head()
        for one in shown:
            yield f"{_BOUND.name}{{{one.labels}}} {number_of(one.bound_seconds)}\n"
        yield from histogram(_LATENCY, ((one.labels, one.latency) for one in shown))
        yield from histogram(_LATENESS, [("", self._lateness)])

    def _of_frames(self) -> Iterator[str]:
        yield _FRAMES.head()
        for result, number in self._frames.items():
            yield f'{_FRAMES.name}{{result="{result.value}"}} {number}\n'
        for family, value in (
            (_LOST, self._lost),
            (_LAG, self._report_lag),
            (_CLOCK, self._clock_offset),
            (_TARGETS, self._watched),
        ):
            yield f"{family.head()}{family.name} {number_of(value)}\n"
