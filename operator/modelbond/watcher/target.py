"""What a watcher measures: one leased endpoint, as both sides agreed on it."""

from dataclasses import dataclass, field

from modelbond.errors import Refused
from modelbond.settlement.units import LeaseId, SliceIndex
from modelbond.sla.canary import Canary
from modelbond.watcher.guard import Place

# Two probes of a slice, apart, have to fit: an answer may take a quarter of it, and a probe is over
# in a third. The one is shorter than the other, or whoever gives up after the longest bound could
# not tell an endpoint that hangs from a moment in which it was away itself.
SHARE_OF_AN_ANSWER = 4
_SHARE_OF_A_PROBE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """By which names people know a target: those of its metrics."""

    home: str
    namespace: str
    name: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One lease's endpoint and what it must answer.

    `public_key` is the SHA-256 of its DER SubjectPublicKeyInfo, `first` the lease's first slice.
    """

    lease: LeaseId
    labels: Labels
    place: Place
    public_key: bytes
    model_name: str
    token: str = field(repr=False)
    latency_bound_ms: int
    canaries: tuple[Canary, ...] = field(repr=False)
    slice_seconds: int
    first: SliceIndex

    def __post_init__(self) -> None:
        if not self.canaries:
            raise Refused("canaries: there must be one at least")
        longest = 1000 * self.slice_seconds // SHARE_OF_AN_ANSWER
        if not 0 < self.latency_bound_ms <= longest:
            raise Refused(
                f"latencyBoundMs: must be from 1 to {longest}, a quarter of a slice, "
                f"not {self.latency_bound_ms}"
            )

    @property
    def bound_seconds(self) -> float:
        """Return how long an answer may take."""
        return self.latency_bound_ms / 1000

    @property
    def deadline_seconds(self) -> float:
        """Return when a probe is given up: how late an answer is, is of interest for a while."""
        return min(2 * self.bound_seconds, self.slice_seconds / _SHARE_OF_A_PROBE)
