"""Dashboards: every query is PromQL over metrics that exist, and answers on a real Prometheus."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import promql_parser
import pytest
from prometheus_client import REGISTRY

from modelbond.adapters.chain import writer
from modelbond.runtime import lease_metrics
from modelbond.shell import roles
from modelbond.watcher.metrics import WatcherMetrics
from modelbond.watcher.reporting_metrics import REPORTING

from .conftest import ROOT, RULES, promtool, rules
from .panels import DASHBOARDS, expanded, panels, targets
from .prometheus import Prometheus, Scrape, exporter, prometheus

Json = dict[str, Any]
# Queries whose right answer is nothing, by panel and reference: none at present.
EMPTY: set[tuple[str, str]] = set()
SEEN_SECONDS = 60
PATH = f"{ROOT}/operator:{ROOT}/tests"


def in_full(target: Json) -> str:
    """Return a target's query; a scrape is a slice here, four a second."""
    return expanded(target["expr"], rate_interval="2s")


def names(expr: str) -> set[str]:
    """Return the metrics that an expression selects."""
    found: set[str] = set()

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.add(str(node.name))
        return True

    promql_parser.walk(promql_parser.parse(expr), visit)
    return found


def exposed() -> set[str]:
    """Return every series' name that the code exposes, or the rules record."""
    assert all((roles, writer, lease_metrics)), "importing the parts registers all their metrics"
    kinds = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}
    found = {rule["record"] for rule in rules() if "record" in rule}
    for family in (*REGISTRY.collect(), *REPORTING.collect()):
        found |= {family.name + suffix for suffix in kinds.get(family.type, [""])}
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", WatcherMetrics().text(), re.MULTILINE):
        found |= {name + suffix for suffix in ("", *kinds["histogram"] * (kind == "histogram"))}
    return found


def test_every_expression_of_dashboards_and_rules_is_promql_over_metrics_that_exist() -> None:
    expressions = [in_full(target) for _, target in targets()]
    expressions += [rule["expr"] for rule in rules()]
    assert len(expressions) > 40
    known = exposed()
    for expr in expressions:
        selected = names(expr)
        assert selected, expr
        assert selected <= known, expr


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_panel_has_a_title_an_explanation_a_unit_and_a_place_of_its_own(
    dashboard: Path,
) -> None:
    cells: set[tuple[int, int]] = set()
    for panel in panels(dashboard):
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        covered = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not covered & cells, panel["title"]
        cells |= covered
        if panel["type"] != "row":
            assert panel["title"]
            assert panel["description"].endswith((".", "%.")), panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
            assert panel["datasource"]["uid"] == "${datasource}"
    assert len({panel["id"] for panel in panels(dashboard)}) == len(panels(dashboard))


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_found_under_the_same_address_and_names_no_server(dashboard: Path) -> None:
    told = json.loads(dashboard.read_text())
    assert told["uid"] == f"modelbond-{dashboard.stem}"
    assert told["timezone"] == "utc"
    variables = [each["name"] for each in told["templating"]["list"]]
    assert variables == ["datasource", "cluster", "namespace", "name"]
    assert not re.search(r"https?://|localhost|\d+\.\d+\.\d+\.\d+", dashboard.read_text())


def test_rates_are_taken_over_the_interval_that_grafana_chooses() -> None:
    for _, target in targets():
        assert set(re.findall(r"\[(.*?)\]", target["expr"])) <= {"$__rate_interval", "$__range"}


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Return a Prometheus that saw an outage from its beginning until it was settled."""
    folder = tmp_path_factory.mktemp("prometheus")
    with (
        exporter(Path(__file__).with_name("replay.py"), path=PATH) as exported,
        prometheus(folder, scrapes=[Scrape(exported)], rules=RULES) as running,
    ):
        settled, local = (f'modelbond_lease_credit_wei{{source="{s}"}}' for s in ("chain", "local"))
        running.waits_for(
            f"{settled} > 0 and ignoring (source) {settled} == ignoring (source) {local}"
        )
        running.waits_for("slo:current_burn_rate:ratio")
        yield running


def test_promtool_finds_nothing_to_mend_in_names_and_help_of_the_metrics() -> None:
    with (
        exporter(Path(__file__).with_name("replay.py"), path=PATH) as port,
        urlopen(f"http://127.0.0.1:{port}/metrics") as page,
    ):
        assert promtool("check", "metrics", given=page.read().decode()) == ""


def answer(scraped: Prometheus, target: Json) -> list[Json]:
    expr = in_full(target)
    return scraped.now(expr) if target["instant"] else scraped.over(expr, seconds=SEEN_SECONDS)


@pytest.mark.timeout(180)
def test_every_query_of_every_panel_answers(scraped: Prometheus) -> None:
    for title, target in targets():
        found = answer(scraped, target)
        assert bool(found) != ((title, target["refId"]) in EMPTY), (title, target["expr"])


@pytest.mark.timeout(180)
def test_every_choice_of_a_dashboard_has_values(scraped: Prometheus) -> None:
    leases = {"match[]": "modelbond_lease_objective_ratio"}
    assert scraped.get("label/namespace/values", **leases) == ["models"]
    assert scraped.get("label/name/values", **leases) == ["llama"]
    # Only where Prometheus adds that label itself: without it, all of `.*` is what is not there.
    assert scraped.get("label/cluster/values", **leases) == []


@pytest.mark.timeout(180)
def test_the_dashboard_shows_the_outage_where_it_was(scraped: Prometheus) -> None:
    asked = dict(targets())
    states = {
        series["metric"]["host"]: {value for _, value in series["values"]}
        for series in answer(scraped, asked["Verdicts"])
    }
    assert states["alpha"] == {"1"}
    assert {"1", "4"} <= states["beta"]
    assert {"1", "2"} <= states["gamma"]
    (nearest,) = answer(scraped, asked["Nearest slash"])
    assert nearest["value"][1] == "0"
    (coverage,) = answer(scraped, asked["Worst coverage"])
    assert float(coverage["value"][1]) < 0.95


@pytest.mark.timeout(180)
def test_what_is_settled_equals_what_was_counted_and_only_who_broke_pays(
    scraped: Prometheus,
) -> None:
    credit = {
        (series["metric"]["host"], series["metric"]["source"]): series["value"][1]
        for series in scraped.now("modelbond_lease_credit_wei")
    }
    assert credit["beta", "local"] == credit["beta", "chain"] == "12000000"
    assert {credit[host, "local"] for host in ("alpha", "gamma")} == {"0"}


@pytest.mark.timeout(180)
def test_the_alerts_are_about_the_host_that_broke_and_the_one_that_nobody_sees(
    scraped: Prometheus,
) -> None:
    scraped.waits_for('ALERTS{alertname="ModelbondSlashNear"}')
    told = {
        (each["labels"]["alertname"], each["labels"].get("host"))
        for each in scraped.get("alerts")["alerts"]
    }
    assert ("ModelbondSlashNear", "beta") in told
    assert ("ModelbondCoverageLow", "gamma") in told
    assert not {alert for alert, host in told if host == "alpha"}
    unhealthy = [
        rule["lastError"]
        for group in scraped.get("rules")["groups"]
        for rule in group["rules"]
        if rule.get("lastError")
    ]
    assert unhealthy == []
