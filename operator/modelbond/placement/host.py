"""A host as placement sees it: what its home knows for sure and what its report offers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from modelbond.api.report import HostReport


class Heard(StrEnum):
    """What the home knows of a host's Lease, by the home's own clock."""

    NEVER = "Never"
    WAITING = "Waiting"
    HEARD = "Heard"
    SILENT = "Silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taint:
    """A mark on a HostCluster that keeps deployments away unless they tolerate it."""

    key: str
    value: str
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one placement takes in all, and the GPUs that one pod needs on one node."""

    cpu_milli: int
    memory_bytes: int
    gpu_class: str | None = None
    gpus: int = 0
    gpus_per_pod: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeGpus:
    """Free GPUs of one class, and the most on one node."""

    free: int
    largest_on_one_node: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a host's last valid report offers."""

    owner: str
    region: str
    zone: str
    provider: str
    state: str
    runtimes: frozenset[str]
    formats: frozenset[str]
    gpus: Mapping[str, FreeGpus]
    cpu_free_milli: int
    memory_free_bytes: int

    def group(self, by: str) -> str:
        """Return the value of owner, region, zone or provider; empty where it is not said."""
        match by:
            case "owner":
                return self.owner
            case "region":
                return self.region
            case "zone":
                return self.zone
            case _:
                return self.provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One HostCluster. `offer` is from its last valid report, None while there was none."""

    name: str
    accepted: bool
    heard: Heard
    identity_changed: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    offer: Offer | None = None
    report_valid: bool = True


def offer_of(report: HostReport) -> Offer:
    """Return what a validated report offers."""
    return Offer(
        owner=report.owner,
        region=report.region,
        zone=report.zone,
        provider=report.provider,
        state=report.state,
        runtimes=frozenset(report.runtimes),
        formats=frozenset(report.formats),
        gpus={
            each.gpu_class: FreeGpus(
                free=each.free, largest_on_one_node=min(each.free, each.largest_on_one_node)
            )
            for each in report.classes
        },
        cpu_free_milli=report.cpu_free_milli,
        memory_free_bytes=report.memory_free_bytes,
    )


def less(offer: Offer, needs: Iterable[Need]) -> Offer:
    """Return the offer after these needs took their part; nothing falls below zero."""
    for need in needs:
        offer = _less_one(offer, need)
    return offer


def _less_one(offer: Offer, need: Need) -> Offer:
    gpus = dict(offer.gpus)
    if need.gpu_class in gpus:
        left = max(0, gpus[need.gpu_class].free - need.gpus)
        largest = min(left, gpus[need.gpu_class].largest_on_one_node)
        gpus[need.gpu_class] = FreeGpus(free=left, largest_on_one_node=largest)
    return replace(
        offer,
        gpus=gpus,
        cpu_free_milli=max(0, offer.cpu_free_milli - need.cpu_milli),
        memory_free_bytes=max(0, offer.memory_free_bytes - need.memory_bytes),
    )
