"""Sloth's names over leases: shares of known slices, with nothing said where nothing is known."""

from .conftest import RULES, SceneOf, promtool, rules

LEASE = 'home="home", host="alpha", name="llama", namespace="models"'
SLOTH = 'sloth_id="models/llama/alpha", sloth_service="models/llama", sloth_slo="alpha"'


def slices(verdict: str, *, watcher: str = "one", lease: str = LEASE) -> str:
    return f'modelbond_watcher_slices_total{{{lease}, verdict="{verdict}", instance="{watcher}"}}'


def recorded(name: str, window: str = "") -> str:
    labels = f'{SLOTH}, sloth_window="{window}"' if window else SLOTH
    return f"{name}{{{LEASE}, {labels}}}"


def test_promtool_finds_nothing_to_complain_of() -> None:
    assert f"{len(rules())} rules found" in promtool("check", "rules", RULES)


def test_every_name_of_sloth_is_recorded() -> None:
    windows = {f"slo:sli_error:ratio_rate{w}" for w in ("5m", "30m", "1h", "2h", "6h", "1d", "3d")}
    meta = {
        "slo:objective:ratio",
        "slo:error_budget:ratio",
        "slo:current_burn_rate:ratio",
        "slo:period_error_budget_remaining:ratio",
        "sloth_slo_info",
    }
    assert {rule["record"] for rule in rules() if "record" in rule} == windows | meta


def test_the_error_is_the_share_of_bad_slices_among_the_known_ones(scene: SceneOf) -> None:
    scene({slices("good"): "0+3x60", slices("bad"): "0+1x60", slices("unknown"): "0+6x60"}).gives(
        "slo:sli_error:ratio_rate1h",
        at="60m",
        samples={recorded("slo:sli_error:ratio_rate1h", "1h"): 0.25},
    )


def test_all_watchers_count(scene: SceneOf) -> None:
    scene(
        {
            slices("good"): "0+1x10",
            slices("bad"): "0x10",
            slices("good", watcher="two"): "0x10",
            slices("bad", watcher="two"): "0+1x10",
        }
    ).gives(
        "slo:sli_error:ratio_rate5m",
        at="10m",
        samples={recorded("slo:sli_error:ratio_rate5m", "5m"): 0.5},
    )


def test_a_watcher_that_begins_anew_burns_nothing(scene: SceneOf) -> None:
    scene({slices("good"): "100+1x5 0+1x5", slices("bad"): "7x5 0x5"}).gives(
        "slo:sli_error:ratio_rate5m",
        at="10m",
        samples={recorded("slo:sli_error:ratio_rate5m", "5m"): 0},
    )


def test_where_nothing_is_known_nothing_is_said(scene: SceneOf) -> None:
    unknown = scene({slices("good"): "5x10", slices("bad"): "1x10", slices("unknown"): "0+1x10"})
    unknown.gives("slo:sli_error:ratio_rate5m", at="10m", samples={})
    gone = scene({slices("good"): "0+1x5 stale", slices("bad"): "0x5 stale"})
    gone.gives("slo:sli_error:ratio_rate5m", at="20m", samples={})


def test_two_homes_with_a_deployment_of_the_same_name_are_kept_apart(scene: SceneOf) -> None:
    other = LEASE.replace('home="home"', 'home="other"')
    both = scene(
        {
            slices("good"): "0+1x10",
            slices("bad"): "0x10",
            slices("good", lease=other): "0x10",
            slices("bad", lease=other): "0+1x10",
            f"modelbond_watcher_objective_ratio{{{LEASE}}}": "0.9x10",
            f"modelbond_watcher_objective_ratio{{{other}}}": "0.8x10",
        }
    )
    here = recorded("slo:current_burn_rate:ratio", "5m")
    there = here.replace('home="home"', 'home="other"')
    both.gives(
        "round(slo:current_burn_rate:ratio, 0.01)",
        at="10m",
        samples={
            here.removeprefix("slo:current_burn_rate:ratio"): 0,
            there.removeprefix("slo:current_burn_rate:ratio"): 5,
        },
    )


def test_objective_and_budget_are_the_leases(scene: SceneOf) -> None:
    series = {
        f'modelbond_watcher_objective_ratio{{{LEASE}, instance="{watcher}"}}': "0.75x5"
        for watcher in ("one", "two")
    }
    said = scene(series)
    said.gives(
        "slo:error_budget:ratio", at="5m", samples={recorded("slo:error_budget:ratio"): 0.25}
    )
    mode = 'sloth_mode="modelbond", sloth_spec="modelbond.io/v1alpha1"'
    said.gives(
        "sloth_slo_info", at="5m", samples={f"sloth_slo_info{{{LEASE}, {SLOTH}, {mode}}}": 1}
    )


def test_what_is_left_of_the_period_is_what_the_home_counted(scene: SceneOf) -> None:
    placed = 'host="alpha", name="llama", namespace="models"'
    name = "slo:period_error_budget_remaining:ratio"
    scene({f"modelbond_lease_budget_remaining_ratio{{{placed}}}": "0.4x5"}).gives(
        name, at="5m", samples={f"{name}{{{placed}, {SLOTH}}}": 0.4}
    )
