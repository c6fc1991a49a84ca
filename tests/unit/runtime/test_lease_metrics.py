"""What a home shows of its leases: from their counts, at each scrape, for as long as they are."""

from dataclasses import replace
from math import inf

from prometheus_client import CollectorRegistry

from modelbond.runtime.lease_metrics import LeaseCollector
from modelbond.settlement.units import SliceCount, Wei
from modelbond.sla.budget import Budget, Counts
from modelbond.sla.lease_view import Credited, LeaseView

NOTHING = Credited(breach=SliceCount(0), credit=Wei(0))
LLAMA = LeaseView(
    namespace="models",
    name="llama",
    host="alpha",
    epoch=1,
    budget=Budget(period=SliceCount(1000), allowance=SliceCount(10)),
    counts=Counts(),
    escrow_remaining_seconds=3600,
    local=NOTHING,
    chain=NOTHING,
)


class Shown:
    """A registry that shows these leases."""

    def __init__(self, *leases: LeaseView) -> None:
        self._registry, collector = CollectorRegistry(), LeaseCollector()
        self.leases = leases
        collector.watch(lambda: self.leases)
        self._registry.register(collector)

    def value(self, series_name: str, /, **labels: str) -> float | None:
        about = {"namespace": "models", "name": "llama", "host": "alpha", **labels}
        return self._registry.get_sample_value(f"modelbond_lease_{series_name}", about)

    def series(self) -> int:
        return sum(len(family.samples) for family in self._registry.collect())


def test_a_lease_shows_its_whole_budget_before_anything_is_measured() -> None:
    shown = Shown(LLAMA)
    assert shown.value("objective_ratio") == 0.99
    assert shown.value("budget_remaining_slices") == 10
    assert shown.value("budget_remaining_ratio") == 1
    assert shown.value("time_to_slash_seconds") == inf
    assert shown.value("credit_wei", source="local") == 0
    assert shown.value("breach_slices", source="chain") == 0
    assert shown.value("escrow_remaining_seconds") == 3600


def test_what_is_not_known_is_absent_and_not_zero() -> None:
    shown = Shown(replace(LLAMA, chain=None))
    for name in ("uptime_ratio", "uptime_error_ratio", "coverage_ratio"):
        assert shown.value(name) is None
    assert shown.value("credit_wei", source="chain") is None
    assert shown.value("credit_wei", source="local") == 0


def test_a_burning_lease_shows_what_is_left_and_for_how_long() -> None:
    counts = Counts(good=94, bad=6, unknown=100, outages=1, recent_bad=6, recent_seconds=3600)
    shown = Shown(replace(LLAMA, counts=counts))
    assert shown.value("uptime_ratio") == 0.94
    assert shown.value("coverage_ratio") == 0.5
    assert shown.value("budget_remaining_slices") == 4
    assert shown.value("time_to_slash_seconds") == 2400


def test_the_local_count_stands_beside_the_settled_one() -> None:
    local = Credited(breach=SliceCount(5), credit=Wei(500))
    settled = Credited(breach=SliceCount(3), credit=Wei(300))
    shown = Shown(replace(LLAMA, local=local, chain=settled))
    assert shown.value("breach_slices", source="local") == 5
    assert shown.value("credit_wei", source="local") == 500
    assert shown.value("credit_wei", source="chain") == 300


def test_while_an_older_epoch_ends_the_newer_one_is_shown() -> None:
    newer = replace(LLAMA, epoch=2, escrow_remaining_seconds=9000)
    for leases in ((LLAMA, newer), (newer, LLAMA)):
        assert Shown(*leases).value("escrow_remaining_seconds") == 9000


def test_a_thousand_leases_come_and_go_and_leave_no_series_behind() -> None:
    shown = Shown(LLAMA)
    before = shown.series()
    shown.leases = (LLAMA, *(replace(LLAMA, name=f"model-{number}") for number in range(1000)))
    assert shown.series() == 1001 * before
    shown.leases = (LLAMA,)
    assert shown.series() == before


def test_where_no_home_is_served_there_are_no_leases() -> None:
    registry = CollectorRegistry()
    registry.register(LeaseCollector())
    assert not any(family.samples for family in registry.collect())
