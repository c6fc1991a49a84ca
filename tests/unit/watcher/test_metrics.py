"""What a watcher shows: zeros at first, whole counts, a bucket at the bound, nobody for ever."""

from collections.abc import Iterator

import pytest
from aiohttp import ClientSession, web
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from modelbond.sla.verdict import ProbeReason, Verdict
from modelbond.watcher.metrics import TargetLabels, WatcherMetrics
from modelbond.watcher.metrics_page import metrics_page
from modelbond.watcher.reporting_ports import FrameOutcome

ALPHA = TargetLabels("home", "models", "llama", "alpha")
BETA = ALPHA._replace(host="beta")
ABOUT_ALPHA = ALPHA._asdict()
BOUND = 0.7


def begun(*targets: TargetLabels) -> WatcherMetrics:
    metrics = WatcherMetrics()
    for labels in targets:
        metrics.begin(labels, bound_seconds=BOUND, period=1000, allowance=1)
    return metrics


def families(metrics: WatcherMetrics) -> Iterator[Metric]:
    yield from text_string_to_metric_families(metrics.text())


def value(metrics: WatcherMetrics, series_name: str, /, **labels: str) -> float | None:
    """Return the value of one series, None where there is none."""
    wanted = (f"modelbond_watcher_{series_name}", labels)
    found = [
        sample.value
        for family in families(metrics)
        for sample in family.samples
        if (sample.name, sample.labels) == wanted
    ]
    assert len(found) <= 1, found
    return found[0] if found else None


def series(metrics: WatcherMetrics) -> int:
    return sum(len(family.samples) for family in families(metrics))


def test_a_target_begins_with_a_zero_for_each_verdict_and_each_reason() -> None:
    metrics = begun(ALPHA)
    for word in ("good", "bad", "unknown", "excluded"):
        assert value(metrics, "slices_total", **ABOUT_ALPHA, verdict=word) == 0
    for reason in ProbeReason:
        assert value(metrics, "probe_attempts_total", **ABOUT_ALPHA, reason=reason) == 0
    assert value(metrics, "slices_expected_total", **ABOUT_ALPHA) == 0
    assert value(metrics, "probe_bound_ratio_count", **ABOUT_ALPHA) == 0
    assert value(metrics, "objective_ratio", **ABOUT_ALPHA) == 0.999
    assert value(metrics, "probe_bound_seconds", **ABOUT_ALPHA) == BOUND
    assert value(metrics, "coverage_ratio", **ABOUT_ALPHA) is None


def test_a_thousand_targets_come_and_go_and_leave_no_series_behind() -> None:
    metrics = begun(ALPHA)
    before = series(metrics)
    passing = [ALPHA._replace(name=f"model-{number}") for number in range(1000)]
    for labels in passing:
        metrics.begin(labels, bound_seconds=BOUND, period=1000, allowance=1)
        metrics.slice(labels, Verdict.GOOD)
        metrics.expected(labels)
        metrics.probe(labels, ProbeReason.ANSWERED, 0.1, BOUND)
        metrics.coverage(labels, known=1, expected=1)
    assert series(metrics) > before + 1000 * len(ProbeReason)
    for labels in passing:
        metrics.forget(labels)
    assert series(metrics) == before


def test_a_probe_that_ends_after_its_target_is_gone_brings_nothing_back() -> None:
    metrics = begun(ALPHA)
    before = series(metrics)
    metrics.probe(BETA, ProbeReason.ANSWERED, 0.1, BOUND)
    metrics.slice(BETA, Verdict.BAD)
    metrics.expected(BETA)
    metrics.coverage(BETA, known=1, expected=1)
    metrics.forget(BETA)
    assert series(metrics) == before


def test_slices_and_probes_are_counted_for_their_own_target() -> None:
    metrics = begun(ALPHA, BETA)
    for verdict in (Verdict.GOOD, Verdict.GOOD, Verdict.BAD):
        metrics.expected(ALPHA)
        metrics.slice(ALPHA, verdict)
    metrics.probe(ALPHA, ProbeReason.UNREACHABLE, 0.001, BOUND)
    assert value(metrics, "slices_total", **ABOUT_ALPHA, verdict="good") == 2
    assert value(metrics, "slices_total", **ABOUT_ALPHA, verdict="bad") == 1
    assert value(metrics, "slices_total", **BETA._asdict(), verdict="good") == 0
    assert value(metrics, "slices_expected_total", **ABOUT_ALPHA) == 3
    assert value(metrics, "probe_attempts_total", **ABOUT_ALPHA, reason="unreachable") == 1


def test_an_answer_at_the_bound_itself_is_in_time_and_the_next_one_is_not() -> None:
    metrics = begun(ALPHA)
    metrics.probe(ALPHA, ProbeReason.ANSWERED, BOUND, BOUND)
    metrics.probe(ALPHA, ProbeReason.TOO_LATE, BOUND + 1e-9, BOUND)
    assert value(metrics, "probe_bound_ratio_bucket", **ABOUT_ALPHA, le="0.9") == 0
    assert value(metrics, "probe_bound_ratio_bucket", **ABOUT_ALPHA, le="1.0") == 1
    assert value(metrics, "probe_bound_ratio_bucket", **ABOUT_ALPHA, le="1.25") == 2
    assert value(metrics, "probe_bound_ratio_bucket", **ABOUT_ALPHA, le="+Inf") == 2
    assert value(metrics, "probe_bound_ratio_sum", **ABOUT_ALPHA) == pytest.approx(2.0)


def test_a_quick_refusal_does_not_count_as_a_quick_answer() -> None:
    metrics = begun(ALPHA)
    for reason in (ProbeReason.UNREACHABLE, ProbeReason.UNAUTHORIZED, ProbeReason.CANCELLED):
        metrics.probe(ALPHA, reason, 0.001, BOUND)
    assert value(metrics, "probe_bound_ratio_count", **ABOUT_ALPHA) == 0


def test_two_leases_of_a_target_share_their_series_until_both_are_gone() -> None:
    metrics = begun(ALPHA)
    metrics.slice(ALPHA, Verdict.GOOD)
    metrics.begin(ALPHA, bound_seconds=2.0, period=100, allowance=1)
    assert value(metrics, "probe_bound_seconds", **ABOUT_ALPHA) == 2.0
    assert value(metrics, "objective_ratio", **ABOUT_ALPHA) == 0.99
    metrics.forget(ALPHA)
    assert value(metrics, "slices_total", **ABOUT_ALPHA, verdict="good") == 1
    metrics.forget(ALPHA)
    assert value(metrics, "slices_total", **ABOUT_ALPHA, verdict="good") is None


def test_coverage_is_absent_until_something_was_expected() -> None:
    metrics = begun(ALPHA)
    metrics.coverage(ALPHA, known=0, expected=0)
    assert value(metrics, "coverage_ratio", **ABOUT_ALPHA) is None
    metrics.coverage(ALPHA, known=3, expected=4)
    assert value(metrics, "coverage_ratio", **ABOUT_ALPHA) == 0.75


def test_the_watchers_own_state_is_shown_from_zero() -> None:
    metrics = WatcherMetrics()
    for result in FrameOutcome:
        assert value(metrics, "frames_total", result=result) == 0
    for name in ("report_lag_frames", "clock_offset_seconds", "targets", "slices_lost_total"):
        assert value(metrics, name) == 0
    metrics.frame(FrameOutcome.REPORTED)
    metrics.report_lag(3)
    metrics.clock_offset(-0.25)
    metrics.targets(7)
    metrics.lost(2)
    metrics.late(0.02)
    assert value(metrics, "frames_total", result="reported") == 1
    assert value(metrics, "report_lag_frames") == 3
    assert value(metrics, "clock_offset_seconds") == -0.25
    assert value(metrics, "targets") == 7
    assert value(metrics, "slices_lost_total") == 2
    assert value(metrics, "probe_lateness_seconds_bucket", le="0.01") == 0
    assert value(metrics, "probe_lateness_seconds_bucket", le="0.05") == 1


def test_a_name_cannot_break_out_of_its_label() -> None:
    strange = ALPHA._replace(name='a"} 1\n\\')
    metrics = begun(strange)
    assert value(metrics, "slices_expected_total", **strange._asdict()) == 0


async def test_the_page_has_the_processs_series_and_the_targets(unused_tcp_port: int) -> None:
    metrics = begun(*(ALPHA._replace(name=f"model-{number}") for number in range(200)))
    application = web.Application()
    application.router.add_get("/metrics", metrics_page(metrics))
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_tcp_port).start()
    try:
        async with ClientSession() as session:
            answer = await session.get(f"http://127.0.0.1:{unused_tcp_port}/metrics")
            text = await answer.text()
    finally:
        await runner.cleanup()
    assert "process_cpu_seconds_total" in text
    assert "modelbond_watcher_signing_sealed 0.0" in text
    assert text.endswith(metrics.text())
