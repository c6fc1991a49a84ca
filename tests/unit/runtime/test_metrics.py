"""The page of metrics says exactly what is exposed, and a home counts what is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from fakes.home import Home, deployment, placed
from fakes.orders import known
from modelbond.adapters.chain import writer
from modelbond.api.kinds import MODEL_DEPLOYMENT, MODEL_PLACEMENT, Json
from modelbond.api.reasons import DECLINES_OF_HOSTS, Reason
from modelbond.placement.host import Heard
from modelbond.reconcile.home_tally import tally
from modelbond.runtime import lease_metrics
from modelbond.runtime.home_metrics import DECLINES, READY_SECONDS, HomeCollector, PrometheusMeter
from modelbond.shell import roles
from modelbond.watcher.metrics import TargetLabels, WatcherMetrics
from modelbond.watcher.reporting_metrics import REPORTING

PAGE = Path(__file__).parents[3] / "docs/reference/metrics.md"
ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \| (.*?) ?\| (.+) \|$", re.MULTILINE)
OURS = ("modelbond_", "workqueue_", "controller_runtime_")

Told = tuple[str, str, frozenset[str]]


def exposed() -> Iterator[Told]:
    assert all((roles, writer, lease_metrics)), "importing the parts registers all their metrics"
    for collector in [*REGISTRY._collector_to_names, *REPORTING._collector_to_names]:
        for family in collector.collect():
            if family.name.startswith(OURS):
                suffix = "_total" if family.type == "counter" else ""
                held: Any = getattr(collector, "_labelnames", None) or family
                labels = getattr(held, "_labelnames", held if isinstance(held, tuple) else ())
                yield (family.name + suffix, family.type, frozenset(labels))


def watched() -> Iterator[Told]:
    """Return what a watcher with one target shows."""
    metrics, labels = WatcherMetrics(), TargetLabels("home", "models", "llama", "alpha")
    metrics.begin(labels, bound_seconds=1.0, period=100, allowance=1)
    metrics.coverage(labels, known=1, expected=1)
    for family in text_string_to_metric_families(metrics.text()):
        suffix = "_total" if family.type == "counter" else ""
        names = {name for sample in family.samples for name in sample.labels}
        yield (family.name + suffix, family.type, frozenset(names - {"le"}))


def test_the_page_and_the_registry_agree() -> None:
    written = {
        (name, kind, frozenset(re.findall("`([a-z_]+)`", labels)))
        for name, kind, labels, _ in ROW.findall(PAGE.read_text())
    }
    assert written == {*exposed(), *watched()}


def shown(*orders: Json, deployments: tuple[Json, ...] = ()) -> str:
    registry, collector = CollectorRegistry(), HomeCollector()
    hosts = (known("alpha"), known("beta", heard=Heard.SILENT))
    collector.watch(lambda: tally(hosts=hosts, deployments=deployments, orders=orders))
    registry.register(collector)
    return generate_latest(registry).decode()


def test_hosts_are_counted_by_whether_they_are_heard() -> None:
    text = shown()
    assert 'modelbond_home_hosts{reachability="Heard"} 1.0' in text
    assert 'modelbond_home_hosts{reachability="Silent"} 1.0' in text
    assert 'modelbond_home_hosts{reachability="Never"} 0.0' in text
    assert 'modelbond_home_host_heard{host="alpha"} 1.0' in text
    assert 'modelbond_home_host_heard{host="beta"} 0.0' in text
    assert 'modelbond_home_tombstones{host="alpha"} 0.0' in text


async def test_placements_and_tombstones_are_counted_while_they_are_there() -> None:
    home = Home()
    await home.joins("alpha")
    host = await placed(home)
    home.serves(host)
    await home.settle()
    held = home.api.at(MODEL_DEPLOYMENT, "llama", namespace="models")
    copies = {**home.order_at(host), "spec": {"role": "Copy"}}
    text = shown(home.order_at(host), copies, deployments=(held, deployment("new")))
    about = 'namespace="models"'
    healthy = 'modelbond_home_placements{deployment="llama",health="Healthy",' + about + "} 1.0"
    pending = 'modelbond_home_placements{deployment="new",health="Pending",' + about + "} 0.0"
    assert healthy in text
    assert pending in text
    await home.deletes()
    await home.settle()
    text = shown(*home.api.objects(MODEL_PLACEMENT).values())
    assert 'modelbond_home_tombstones{host="alpha"} 1.0' in text
    assert "llama" not in text, "its series end with it"


async def test_a_home_counts_declines_and_times_what_becomes_ready_once() -> None:
    home = Home()
    await home.joins("alpha", "beta")
    host = await placed(home)
    home.declines(host)
    await home.settle()
    assert home.meter.declines == ["QuotaExceeded"]
    (host,) = home.placed()
    home.clock.pass_by(8)
    home.renews("alpha", "beta")
    for ready in (1, 0, 1):
        home.serves(host, ready=ready)
        await home.settle()
    assert home.meter.ready == [8]


async def test_what_was_placed_before_this_process_began_is_not_timed() -> None:
    home = Home()
    await home.joins("alpha")
    host = await placed(home)
    home.start()
    home.serves(host)
    await home.settle()
    assert home.meter.ready == []
    await home.deletes()
    await home.settle()
    home.releases(host)
    await home.settle()
    assert home.meter.ready == []


def test_what_is_counted_as_it_happens_begins_at_zero() -> None:
    quota = DECLINES.labels("QuotaExceeded")._value
    before, observed = quota.get(), READY_SECONDS._sum.get()
    meter = PrometheusMeter()
    meter.declined("QuotaExceeded")
    meter.ready_after(8)
    assert quota.get() == before + 1
    assert READY_SECONDS._sum.get() == observed + 8
    text = generate_latest(REGISTRY).decode()
    for reason in (*DECLINES_OF_HOSTS, Reason.ORDER_REFUSED):
        assert f'modelbond_home_declines_total{{reason="{reason}"}} ' in text
