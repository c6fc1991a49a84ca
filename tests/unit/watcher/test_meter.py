"""What the measuring loop says becomes series, from a target's first moment to its last."""

from fakes.ports import FakeClock
from fakes.targets import target
from modelbond.settlement.units import SliceCount
from modelbond.sla.verdict import ProbeReason, Verdict
from modelbond.watcher.meter import TargetMeter, Watched
from modelbond.watcher.metrics import WatcherMetrics
from modelbond.watcher.ports import Meter
from modelbond.watcher.target import Target

ABOUT = 'home="home-a",namespace="models",name="magika",host="alpha"'
PERIOD = SliceCount(10)


class Watcher:
    """A meter with its clock, and what it shows."""

    def __init__(self) -> None:
        self.clock, self.metrics = FakeClock(), WatcherMetrics()
        self.meter = TargetMeter(self.metrics, clock=self.clock)
        self.now = int(self.clock.now().timestamp()) // 60

    def target(self, number: int = 1) -> Target:
        return target(number, first=self.now)

    def watches(self, *targets: Target) -> None:
        self.meter.set_targets(
            Watched(target=each, period=PERIOD, allowance=SliceCount(1)) for each in targets
        )

    def passes(self, each: Target, verdict: Verdict | None) -> None:
        """Let a slice pass, with its verdict or without."""
        self.clock.pass_by(60)
        self.meter.expected(each, 1)
        if verdict is not None:
            self.meter.slice(each, verdict)

    def lines(self) -> list[str]:
        return self.metrics.text().splitlines()

    def value(self, name: str, labels: str = ABOUT) -> float | None:
        head = f"modelbond_watcher_{name}{{{labels}}} "
        found = [float(line.removeprefix(head)) for line in self.lines() if line.startswith(head)]
        return found[0] if found else None


def test_it_is_what_the_measuring_loop_needs() -> None:
    meter: Meter = Watcher().meter
    assert isinstance(meter, TargetMeter)


def test_a_target_is_shown_from_its_first_moment_to_its_last() -> None:
    watcher = Watcher()
    watcher.watches(watcher.target())
    assert watcher.value("slices_total", f'{ABOUT},verdict="bad"') == 0
    assert watcher.value("objective_ratio") == 0.9
    assert watcher.value("probe_bound_seconds") == 1.0
    assert "modelbond_watcher_targets 1.0" in watcher.lines()
    watcher.watches()
    assert watcher.value("objective_ratio") is None
    assert "modelbond_watcher_targets 0.0" in watcher.lines()


def test_targets_that_stay_keep_their_counts() -> None:
    watcher = Watcher()
    one, two = watcher.target(1), watcher.target(2)
    watcher.watches(one)
    watcher.passes(one, Verdict.GOOD)
    watcher.watches(one, two)
    watcher.watches(one)
    assert watcher.value("slices_total", f'{ABOUT},verdict="good"') == 1


def test_slices_probes_and_delays_are_counted() -> None:
    watcher = Watcher()
    one = watcher.target()
    watcher.watches(one)
    watcher.passes(one, Verdict.BAD)
    watcher.meter.probe(one, ProbeReason.TOO_LATE, 1.5)
    watcher.meter.late(0.02)
    watcher.meter.lost(3)
    assert watcher.value("slices_total", f'{ABOUT},verdict="bad"') == 1
    assert watcher.value("slices_expected_total") == 1
    assert watcher.value("probe_attempts_total", f'{ABOUT},reason="too_late"') == 1
    assert watcher.value("probe_bound_ratio_sum") == 1.5
    assert "modelbond_watcher_slices_lost_total 3.0" in watcher.lines()


def test_slices_that_nobody_judged_lower_coverage() -> None:
    watcher = Watcher()
    one = watcher.target()
    watcher.watches(one)
    for verdict in (Verdict.GOOD, Verdict.BAD, Verdict.UNKNOWN, None):
        watcher.passes(one, verdict)
    assert watcher.value("coverage_ratio") == 0.5


def test_coverage_begins_anew_with_each_period_of_the_lease() -> None:
    watcher = Watcher()
    one = watcher.target()
    watcher.watches(one)
    for _ in range(PERIOD):
        watcher.passes(one, None)
    assert watcher.value("coverage_ratio") == 0.0
    watcher.passes(one, Verdict.GOOD)
    assert watcher.value("coverage_ratio") == 1.0


def test_the_word_of_a_target_that_is_gone_is_not_counted() -> None:
    watcher = Watcher()
    one = watcher.target()
    watcher.watches(one)
    watcher.watches()
    watcher.passes(one, Verdict.GOOD)
    watcher.meter.probe(one, ProbeReason.ANSWERED, 0.1)
    assert watcher.value("slices_expected_total") is None
    assert watcher.value("coverage_ratio") is None
