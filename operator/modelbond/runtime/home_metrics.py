"""What a home tells Prometheus of its hosts, its placements and what became of its orders."""

from collections.abc import Callable, Iterator

from prometheus_client import REGISTRY, Counter, Histogram, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from modelbond.api.reasons import DECLINES_OF_HOSTS, Reason
from modelbond.reconcile.home_tally import HomeTally

_BUCKETS = (1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)

DECLINES = Counter(
    "modelbond_home_declines", "Orders that a host, or this API server, did not take", ["reason"]
)
READY_SECONDS = Histogram(
    "modelbond_home_ready_seconds",
    "How long placements took from their order to all replicas ready",
    buckets=_BUCKETS,
)
for _reason in (*DECLINES_OF_HOSTS, Reason.ORDER_REFUSED):
    DECLINES.labels(_reason)


class PrometheusMeter:
    """Implements ports.HomeMeter."""

    def declined(self, reason: str) -> None:
        """Count an order that was not taken."""
        DECLINES.labels(reason).inc()

    def ready_after(self, seconds: float) -> None:
        """Take note of a placement that became ready for the first time."""
        READY_SECONDS.observe(seconds)


class HomeCollector(Collector):
    """Counts anew at each scrape: a series lives exactly as long as its object."""

    def __init__(self) -> None:
        self._count: Callable[[], HomeTally] = HomeTally

    def watch(self, count: Callable[[], HomeTally]) -> None:
        """Count by this from now on. Where no home is served nothing is counted."""
        self._count = count

    def collect(self) -> Iterator[Metric]:
        """Return all families, also those that are empty."""
        tally = self._count()
        hosts = _gauge("hosts", "HostClusters by reachability", "reachability")
        for heard, number in tally.hosts.items():
            hosts.add_metric([heard], number)
        yield hosts
        reached = _gauge("host_heard", "1 while the host renews its Lease, else 0", "host")
        for host, is_heard in tally.heard.items():
            reached.add_metric([host], is_heard)
        yield reached
        placements = _gauge(
            "placements", "Placements by health", "namespace", "deployment", "health"
        )
        for (namespace, name), by_health in tally.placements.items():
            for health, number in by_health.items():
                placements.add_metric([namespace, name, health], number)
        yield placements
        tombstones = _gauge("tombstones", "Withdrawn orders that are not released", "host")
        for host, number in tally.tombstones.items():
            tombstones.add_metric([host], number)
        yield tombstones


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"modelbond_home_{name}", text, labels=labels)


HOME = HomeCollector()
REGISTRY.register(HOME)
