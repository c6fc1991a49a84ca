"""What a host measures of its links, orders and copies; docs/reference/metrics.md explains each."""

from enum import StrEnum

from prometheus_client import Counter, Gauge, Histogram

from modelbond.api.conditions import Condition, ConditionType, Reason
from modelbond.api.reasons import DECLINES_OF_HOSTS
from modelbond.controllers.link_state import LinkState
from modelbond.reconcile.host_ledger import Place
from modelbond.reconcile.host_status import Said

_CONNECTED = Gauge(
    "modelbond_host_link_connected", "1 while the home answers this host, else 0", ["home"]
)
_TOKEN_ENDS = Gauge(
    "modelbond_host_link_token_expiry_timestamp_seconds",
    "When the link's token ends, in Unix time; 0 before the first",
    ["home"],
)
_COPIES = Gauge("modelbond_host_copies", "Copies by what they do", ["home", "state"])
_DECLINES = Counter(
    "modelbond_host_declines", "Answers by which an order was not taken", ["home", "reason"]
)
_READY_SECONDS = Histogram(
    "modelbond_host_accepted_to_ready_seconds",
    "From the acceptance of an order to the first time that all its replicas serve",
    ["home"],
    buckets=(5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600),
)


class CopyState(StrEnum):
    """What a copy does, in one word; `orphaned` wins over what else is true."""

    STARTING = "starting"
    SERVING = "serving"
    PAUSED = "paused"
    ORPHANED = "orphaned"
    ENDING = "ending"

    @classmethod
    def of(cls, said: Said, *, linked: Condition) -> "CopyState":
        """Return the state of a copy that runs."""
        if linked.reason is Reason.ORPHANED:
            return cls.ORPHANED
        if said.holds(ConditionType.ENDPOINT_READY):
            return cls.SERVING
        paused = any(each.reason is Reason.PAUSED for each in said.conditions)
        return cls.PAUSED if paused else cls.STARTING


_states: dict[Place, CopyState] = {}


def begin(home: str) -> None:
    """Show zeros for a home, so that the first of everything is an increase."""
    _CONNECTED.labels(home)
    _TOKEN_ENDS.labels(home)
    _READY_SECONDS.labels(home)
    for state in CopyState:
        _COPIES.labels(home, state)
    for reason in DECLINES_OF_HOSTS:
        _DECLINES.labels(home, reason)


def end(home: str) -> None:
    """Show nothing more of a home that is gone."""
    for metric in (_CONNECTED, _TOKEN_ENDS, _READY_SECONDS):
        metric.remove(home)
    for state in CopyState:
        _COPIES.remove(home, state)
    for reason in DECLINES_OF_HOSTS:
        _DECLINES.remove(home, reason)
    for place in [place for place in _states if place.home == home]:
        del _states[place]


def linked(home: str, state: LinkState) -> None:
    """Show how the link is."""
    _CONNECTED.labels(home).set(bool(state.connected.holds))
    _TOKEN_ENDS.labels(home).set(state.token_ends_at)


def copy_is(place: Place, state: CopyState | None) -> None:
    """Count a copy where it is now; None once it is gone."""
    before = _states.pop(place, None)
    if before is not None:
        _COPIES.labels(place.home, before).dec()
    if state is not None:
        _states[place] = state
        _COPIES.labels(place.home, state).inc()


def declined(home: str, reason: Reason) -> None:
    """Count an answer."""
    _DECLINES.labels(home, reason).inc()


def became_ready(home: str, *, seconds: float) -> None:
    """Count how long an order took from accepted to ready."""
    _READY_SECONDS.labels(home).observe(seconds)
