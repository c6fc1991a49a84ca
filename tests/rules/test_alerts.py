"""Each alert: when it fires, with what text, and when it must not: gaps, resets, nothing there."""

import pytest

from .conftest import ROOT, SceneOf, alert, rules

WATCHED = {"home": "home", "namespace": "models", "name": "llama", "host": "alpha"}
INF = " ".join(["Inf"] * 10)
PLACED = {key: WATCHED[key] for key in ("namespace", "name", "host")}
SLOTH = {
    "sloth_id": "models/llama/alpha",
    "sloth_service": "models/llama",
    "sloth_slo": "alpha",
}
WHO = "models/llama on alpha"
OBJECTIVE = "modelbond_watcher_objective_ratio"
TARGETS = 'modelbond_watcher_targets{job="watcher", instance="one"}'


def series(metric: str, /, **labels: str) -> str:
    return metric + "{" + ", ".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


def slices(verdict: str) -> str:
    return series("modelbond_watcher_slices_total", **WATCHED, verdict=verdict)


def lease(metric: str) -> str:
    return series(f"modelbond_lease_{metric}", **PLACED)


def rpc(name: str) -> str:
    return series("modelbond_chain_rpc_in_service", job="home", instance="one", rpc=name)


def of_99_percent(*, good: str, bad: str) -> dict[str, str]:
    """Return the series of a lease whose budget is a hundredth of its slices."""
    return {
        slices("good"): good,
        slices("bad"): bad,
        series(OBJECTIVE, **WATCHED): "0.99x10000",
    }


def test_every_alert_says_how_bad_it_is_and_leads_to_a_page_that_exists() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    assert len(alerts) == 8
    for rule in alerts:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        page = rule["annotations"]["runbook_url"].rpartition("/")[2]
        text = (ROOT / "docs/runbooks" / page).read_text()
        assert f"`{rule['alert']}`" in text, page


def test_every_runbook_belongs_to_an_alert() -> None:
    urls = {rule["annotations"]["runbook_url"] for rule in rules() if "alert" in rule}
    pages = {page.name for page in (ROOT / "docs/runbooks").glob("*.md")}
    assert pages == {url.rpartition("/")[2] for url in urls}


def test_an_outage_of_a_quarter_of_an_hour_pages(scene: SceneOf) -> None:
    outage = of_99_percent(good="0+1x60 60x15", bad="0x60 1+1x15")
    scene(outage).fires(
        "ModelbondBudgetBurnsFast",
        at="75m",
        text=f"Bad slices of {WHO} burn its error budget 25 times faster than its period allows.",
        sloth_severity="page",
        **WATCHED,
        **SLOTH,
    )


def test_a_slow_but_steady_loss_pages_after_hours(scene: SceneOf) -> None:
    every_tenth = " ".join(f"{count}x9" for count in range(40))
    scene(of_99_percent(good="0+0.9x400", bad=every_tenth)).fires(
        "ModelbondBudgetBurnsFast",
        at="395m",
        text=f"Bad slices of {WHO} burn its error budget 10 times faster than its period allows.",
        **WATCHED,
        **SLOTH,
    )


def test_an_outage_that_is_over_pages_nobody_half_an_hour_later(scene: SceneOf) -> None:
    over = of_99_percent(good="0+1x60 60x15 61+1x60", bad="0x60 1+1x15 16x60")
    scene(over).is_quiet("ModelbondBudgetBurnsFast", at="110m")


def test_a_single_bad_slice_in_an_hour_pages_nobody(scene: SceneOf) -> None:
    scene(of_99_percent(good="0+1x60 60 61+1x20", bad="0x60 1x20")).is_quiet(
        "ModelbondBudgetBurnsFast", at="63m"
    )


def test_unknown_slices_and_restarts_of_a_watcher_page_nobody(scene: SceneOf) -> None:
    unknown = {
        **of_99_percent(good="0+1x60 60x30", bad="0x90"),
        slices("unknown"): "0x60 1+1x30",
    }
    scene(unknown).is_quiet("ModelbondBudgetBurnsFast", at="90m")
    restarted = of_99_percent(good="0+1x60 0+1x30", bad="50x60 0x30")
    scene(restarted).is_quiet("ModelbondBudgetBurnsFast", at="90m")
    gone = of_99_percent(good="0+1x60 stale", bad="0x60 stale")
    scene(gone).is_quiet("ModelbondBudgetBurnsFast", at="90m")


def test_a_lease_without_allowance_pages_at_its_bad_slices_and_not_before(scene: SceneOf) -> None:
    strict = {series(OBJECTIVE, **WATCHED): "1x200"}
    good = {slices("good"): "0+1x200", slices("bad"): "0x200"}
    scene(strict | good).is_quiet("ModelbondBudgetBurnsFast", at="100m")
    bad = {slices("good"): "0+1x60 60x30", slices("bad"): "0x60 1+1x30"}
    scene(strict | bad).fires(
        "ModelbondBudgetBurnsFast",
        at="75m",
        text=f"Bad slices of {WHO} burn its error budget +Inf times faster than its period allows.",
        **WATCHED,
        **SLOTH,
    )


def test_four_percent_bad_slices_for_a_day_are_a_ticket_and_no_page(scene: SceneOf) -> None:
    steady = of_99_percent(good="0+9.6x150", bad="0+0.4x150")
    told = scene(steady, interval="10m")
    told.fires(
        "ModelbondBudgetBurns",
        at="1500m",
        text=(
            f"For a day or more bad slices of {WHO} burn its error budget 4 times faster than its "
            "period allows."
        ),
        **WATCHED,
        **SLOTH,
    )
    told.is_quiet("ModelbondBudgetBurnsFast", at="1500m")


def test_what_the_budget_allows_is_no_ticket(scene: SceneOf) -> None:
    allowed = of_99_percent(good="0+9.95x450", bad="0+0.05x450")
    scene(allowed, interval="10m").is_quiet("ModelbondBudgetBurns", at="4500m")


def test_a_lease_whose_bond_pays_within_a_day_is_told_with_the_time(scene: SceneOf) -> None:
    scene({lease("time_to_slash_seconds"): f"{INF} 9000x20"}).fires(
        "ModelbondSlashNear",
        at="20m",
        text=(
            f"At the last hour's rate the first slice in breach of {WHO} is due in 2h 30m 0s. At "
            "0s the allowance is used up: every further bad slice of this period is paid for."
        ),
        **PLACED,
    )


@pytest.mark.parametrize(
    "values", [f"{INF} {INF}", "90000x20", "9000x5 stale", f"{INF} 90000x6 9000x3"]
)
def test_a_lease_that_does_not_burn_or_ended_or_only_flickered_is_not_near_a_slash(
    scene: SceneOf, values: str
) -> None:
    scene({lease("time_to_slash_seconds"): values}).is_quiet("ModelbondSlashNear", at="20m")


def known(share: str) -> str:
    return (
        f"Only {share} of the slices of {WHO} are known to be good or bad. Beyond 5 % of a period, "
        "unknown slices are not earned."
    )


def test_a_period_of_which_too_little_is_known_is_told(scene: SceneOf) -> None:
    scene({lease("coverage_ratio"): "0.9x30"}).fires(
        "ModelbondCoverageLow", at="30m", text=known("90%"), **PLACED
    )


def test_a_watcher_that_measures_half_of_the_last_hour_is_told(scene: SceneOf) -> None:
    half = {
        slices("good"): "0+0.5x120",
        slices("bad"): "0x120",
        series("modelbond_watcher_slices_expected_total", **WATCHED): "0+1x120",
    }
    scene(half).fires("ModelbondCoverageLow", at="100m", text=known("50%"), **WATCHED)


def test_full_coverage_restarts_and_a_watcher_that_is_gone_are_no_lack_of_coverage(
    scene: SceneOf,
) -> None:
    expected = series("modelbond_watcher_slices_expected_total", **WATCHED)
    well = {lease("coverage_ratio"): "0.96x120", slices("good"): "0+1x120", expected: "0+1x120"}
    scene(well).is_quiet("ModelbondCoverageLow", at="100m")
    restarted = {slices("good"): "500+1x60 0+1x60", expected: "500+1x60 0+1x60"}
    scene(restarted).is_quiet("ModelbondCoverageLow", at="100m")
    gone = {slices("good"): "0+1x60 stale", expected: "0+1x60 stale"}
    scene(gone).is_quiet("ModelbondCoverageLow", at="200m")


def test_a_report_that_is_three_frames_late_is_overdue(scene: SceneOf) -> None:
    lag = series("modelbond_watcher_report_lag_frames", instance="one", job="watcher")
    scene({lag: "1x10 3x20"}).fires(
        "ModelbondReportOverdue",
        at="20m",
        text=(
            "3 frames are over that no report on chain speaks of, says the watcher at one. After "
            "24 frames the oldest can be reported no more."
        ),
        instance="one",
        job="watcher",
    )


@pytest.mark.parametrize("values", ["2x30", "0x10 3x2 0x18", "3x5 stale"])
def test_a_report_on_its_way_is_not_overdue(scene: SceneOf, values: str) -> None:
    lag = series("modelbond_watcher_report_lag_frames", instance="one", job="watcher")
    scene({lag: values}).is_quiet("ModelbondReportOverdue", at="30m")


def sealed(*, job: str = "watcher") -> str:
    return series("modelbond_watcher_signing_sealed", instance="one", job=job)


def test_a_watcher_that_may_sign_nothing_is_told(scene: SceneOf) -> None:
    scene({sealed(): "0x10 1x30"}).fires(
        "ModelbondSigningSealed",
        at="25m",
        text=(
            "The watcher at one measures, and signs no report: others hold more of its signatures "
            "than its record, or the chain cannot be read. `signing` at /v1/status says "
            "why."
        ),
        instance="one",
        job="watcher",
    )


@pytest.mark.parametrize("values", ["1x5 0x35", "0x40", "1x5 stale"])
def test_a_watcher_that_asks_first_after_its_start_is_not_sealed(
    scene: SceneOf, values: str
) -> None:
    scene({sealed(): values}).is_quiet("ModelbondSigningSealed", at="30m")


def test_a_watcher_that_was_there_and_is_gone_is_missed(scene: SceneOf) -> None:
    scene({TARGETS: "5x60 stale"}).fires(
        "ModelbondWatcherAbsent",
        at="80m",
        text=(
            "No watcher of job watcher has answered Prometheus for 5 minutes. What it does not "
            "measure is unknown."
        ),
        job="watcher",
    )


def test_a_lease_that_no_watcher_was_ever_seen_for_is_told(scene: SceneOf) -> None:
    scene({lease("objective_ratio"): "0.99x60"}).fires(
        "ModelbondWatcherAbsent",
        at="30m",
        text=(
            "No watcher has answered Prometheus for 5 minutes. What it does not measure is unknown."
        ),
    )


def test_a_watcher_is_not_missed_while_it_answers_after_a_restart_or_where_no_lease_is(
    scene: SceneOf,
) -> None:
    leased = {lease("objective_ratio"): "0.99x100"}
    scene({TARGETS: "5x100"} | leased).is_quiet("ModelbondWatcherAbsent", at="90m")
    moved = {TARGETS: "5x50 stale", TARGETS.replace("one", "two"): "_x52 5x50"}
    scene(moved | leased).is_quiet("ModelbondWatcherAbsent", at="90m")
    scene({"up": "1x100"}).is_quiet("ModelbondWatcherAbsent", at="90m")


def test_a_process_with_no_rpc_that_it_may_ask_is_told(scene: SceneOf) -> None:
    scene({rpc("a"): "1x10 0x30", rpc("b"): "0x40"}).fires(
        "ModelbondRpcGone",
        at="25m",
        text=(
            "All 2 RPCs of home at one are silent, behind or on another chain. Leases are neither "
            "opened, topped up nor settled; what is served goes on."
        ),
        instance="one",
        job="home",
    )


def test_one_rpc_in_service_is_enough_and_a_short_loss_or_a_stopped_process_is_no_alarm(
    scene: SceneOf,
) -> None:
    scene({rpc("a"): "0x40", rpc("b"): "1x40"}).is_quiet("ModelbondRpcGone", at="30m")
    scene({rpc("a"): "1x10 0x5 1x25"}).is_quiet("ModelbondRpcGone", at="30m")
    scene({rpc("a"): "1x10 0x5 stale"}).is_quiet("ModelbondRpcGone", at="40m")
    other = rpc("a").replace('"one"', '"two"')
    scene({rpc("a"): "1x40", other: "0x2 stale"}).is_quiet("ModelbondRpcGone", at="30m")


def test_only_a_persons_alarms_are_critical() -> None:
    critical = {"ModelbondBudgetBurnsFast", "ModelbondSlashNear", "ModelbondRpcGone"}
    for rule in rules():
        if "alert" in rule:
            is_critical = alert(rule["alert"])["labels"]["severity"] == "critical"
            assert is_critical == (rule["alert"] in critical)
