"""The report for one home: what it may still get here, and nothing about other homes."""

from modelbond.api.config import HostConfig
from modelbond.api.report import ClassReport, HostReport
from modelbond.reconcile.host_admission import quota_left
from modelbond.reconcile.host_ledger import Amounts, Ledger
from modelbond.reconcile.host_room import Room
from modelbond.reconcile.host_terms import Terms


def report_for(  # noqa: PLR0913 - a report is made of this many facts
    terms: Terms,
    *,
    config: HostConfig,
    ledger: Ledger,
    room: Room | None,
    cluster_uid: str,
    version: str,
) -> HostReport:
    """Return the report. Free is min(quota left, room left); without room the quota alone."""
    left = quota_left(terms, ledger=ledger)
    free = room.free() if room else left
    return HostReport(
        version=version,
        cluster_uid=cluster_uid,
        owner=config.owner,
        region=config.region,
        zone=config.zone,
        provider=config.provider,
        state=terms.state,
        classes=tuple(
            _class(name, left=count, free=free, room=room)
            for name, count in sorted(left.gpus.items())
        ),
        cpu_free_milli=min(left.cpu_milli, free.cpu_milli),
        memory_free_bytes=min(left.memory_bytes, free.memory_bytes),
        runtimes=tuple(terms.runtimes),
        formats=terms.formats,
        counted=ledger.counted(terms.home),
        policy_revision=terms.revision,
    )


def _class(name: str, *, left: int, free: Amounts, room: Room | None) -> ClassReport:
    count = min(left, free.gpus.get(name, 0))
    largest = min(count, room.largest(name)) if room else count
    return ClassReport(gpu_class=name, free=count, largest_on_one_node=largest)
