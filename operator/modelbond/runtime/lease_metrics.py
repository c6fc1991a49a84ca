"""What a home tells Prometheus of its leases; docs/reference/metrics.md explains each metric."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import REGISTRY, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from modelbond.sla.budget import Standing, standing
from modelbond.sla.lease_view import LeaseView

_LABELS = ("namespace", "name", "host")
_NUMBERS: tuple[tuple[str, str, Callable[[Standing], float | None]], ...] = (
    ("objective_ratio", "The least uptime without a breach", lambda now: now.objective),
    ("uptime_ratio", "Good slices of the period's known ones", lambda now: now.uptime),
    ("uptime_error_ratio", "How far true uptime may be from it", lambda now: now.uptime_error),
    ("coverage_ratio", "Known slices of the period's that ended", lambda now: now.coverage),
    (
        "budget_remaining_slices",
        "Bad slices that the period still allows",
        lambda now: now.budget_remaining,
    ),
    (
        "budget_remaining_ratio",
        "The same as a share of the allowance",
        lambda now: now.budget_remaining_ratio,
    ),
    (
        "time_to_slash_seconds",
        "When the first slice in breach is due at the last hour's rate",
        lambda now: now.time_to_slash_seconds,
    ),
)

Leases = Callable[[], Iterable[LeaseView]]


class LeaseCollector(Collector):
    """Counts anew at each scrape: a series lives exactly as long as its lease."""

    def __init__(self) -> None:
        self._leases: Leases = tuple

    def watch(self, leases: Leases) -> None:
        """Show these from now on. Where no home is served there are none."""
        self._leases = leases

    def collect(self) -> Iterator[Metric]:
        """Return all families, also those that are empty."""
        shown = _newest(self._leases())
        standings = [(view, standing(view.budget, view.counts)) for view in shown]
        for name, text, number in _NUMBERS:
            family = _gauge(name, text)
            for view, now in standings:
                _add(family, view, value=number(now))
            yield family
        escrow = _gauge("escrow_remaining_seconds", "How long the escrow lasts")
        for view in shown:
            _add(escrow, view, value=view.escrow_remaining_seconds)
        yield escrow
        yield from _credited(shown)


def _credited(shown: Iterable[LeaseView]) -> Iterator[Metric]:
    breach = _gauge("breach_slices", "Slices in breach since the lease began", "source")
    credit = _gauge("credit_wei", "What they moved to the customer", "source")
    for view in shown:
        for source, said in (("local", view.local), ("chain", view.chain)):
            if said is not None:
                _add(breach, view, source, value=said.breach)
                _add(credit, view, source, value=said.credit)
    yield breach
    yield credit


def _newest(views: Iterable[LeaseView]) -> list[LeaseView]:
    """Return one lease of each placement: while an older epoch ends, the newer one is shown."""
    newest: dict[tuple[str, str, str], LeaseView] = {}
    for view in sorted(views, key=lambda view: view.epoch):
        newest[view.namespace, view.name, view.host] = view
    return [*newest.values()]


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"modelbond_lease_{name}", text, labels=(*_LABELS, *labels))


def _add(family: GaugeMetricFamily, view: LeaseView, *labels: str, value: float | None) -> None:
    """Add a sample; a number that is not known is absent rather than 0."""
    if value is not None:
        family.add_metric([view.namespace, view.name, view.host, *labels], value)


LEASES = LeaseCollector()
REGISTRY.register(LEASES)
