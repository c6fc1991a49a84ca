"""Hosts that declined, or cannot be given an order, are left alone, longer each time."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from modelbond.api.conditions import timestamp
from modelbond.api.v1alpha1 import BarredHost
from modelbond.api.wire import read
from modelbond.errors import Refused
from modelbond.reconcile.home_obstacle import Obstacle
from modelbond.reconcile.home_order import Order, Said, is_serving
from modelbond.reconcile.home_room import KnownHost

FIRST_DELAY_SECONDS = 30
LONGEST_DELAY_SECONDS = 3600
MOST_BARS = 64

Bars = tuple[BarredHost, ...]


def bars_of(status: Mapping[str, object]) -> Bars:
    """Read the bars of a deployment's status; what cannot be read is forgotten."""
    entries = status.get("barred")
    found: list[BarredHost] = []
    for entry in entries if isinstance(entries, list) else ():
        try:
            found.append(read(BarredHost, entry))
        except Refused:
            continue
    return tuple(found)


def still_meant(
    bars: Bars, *, generation: int, known: Mapping[str, KnownHost], now: datetime
) -> Bars:
    """Return the bars of this generation, shortened where a host changed its policy since."""
    return tuple(
        _under_policy(bar, _policy(known[bar.host], instead=bar.policy_revision), now=now)
        for bar in bars
        if bar.generation == generation and bar.host in known
    )


def _under_policy(bar: BarredHost, policy: str | None, *, now: datetime) -> BarredHost:
    """Return the bar under the host's present policy.

    A new policy is asked at once, the first time. One that changes between refusals would else
    get, and refuse, each next order: so refusals still count, and each makes it wait longer.
    """
    if bar.policy_revision == policy:
        return bar
    soon = timestamp(now + timedelta(seconds=FIRST_DELAY_SECONDS * (bar.times - 1)))
    return msgspec.structs.replace(bar, policy_revision=policy, until=min(bar.until, soon))


def with_declines(
    bars: Bars,
    declined: Iterable[tuple[Order, Said]],
    *,
    generation: int,
    known: Mapping[str, KnownHost],
    now: datetime,
) -> Bars:
    """Return the bars with one more refusal for each of these orders.

    A refusal is counted once: while its host is barred the order only waits to be withdrawn, and
    that of a change of what serves stays and keeps saying so.
    """
    known_before, counted = {bar.host for bar in bars}, active(bars, now=now)
    counting = {
        order.host: Obstacle(reason=said.reason, message=said.message)
        for order, said in declined
        if order.host not in counted and not (order.host in known_before and is_serving(order))
    }
    return with_obstacles(bars, counting, generation=generation, known=known, now=now)


def with_obstacles(
    bars: Bars,
    obstacles: Mapping[str, Obstacle],
    *,
    generation: int,
    known: Mapping[str, KnownHost],
    now: datetime,
) -> Bars:
    """Return the bars with one more refusal for each host that something keeps from an order."""
    by_host = {bar.host: bar for bar in bars}
    for host, obstacle in obstacles.items():
        times = by_host[host].times + 1 if host in by_host else 1
        by_host[host] = BarredHost(
            host=host,
            generation=generation,
            times=times,
            reason=obstacle.reason,
            message=obstacle.message,
            policy_revision=_policy(known.get(host), instead=None),
            until=timestamp(now + timedelta(seconds=delay_seconds(times))),
        )
    latest = sorted(by_host.values(), key=lambda bar: (bar.until, bar.host))[-MOST_BARS:]
    return tuple(sorted(latest, key=lambda bar: bar.host))


def delay_seconds(times: int) -> int:
    """Return how long a host that declined that often in a row is left alone."""
    return min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS << min(times - 1, 30))


def active(bars: Bars, *, now: datetime) -> dict[str, str]:
    """Return the hosts that are not asked now, with their reasons."""
    return {
        bar.host: f"declined with {bar.reason}, is asked again at {bar.until}: {bar.message}"
        for bar in bars
        if datetime.fromisoformat(bar.until) > now
    }


def next_end(bars: Bars, *, now: datetime) -> float | None:
    """Return the seconds until the next bar ends, or None when none is active."""
    ends = [datetime.fromisoformat(bar.until) for bar in bars]
    left = [(end - now).total_seconds() for end in ends if end > now]
    return min(left) if left else None


def _policy(host: KnownHost | None, *, instead: str | None) -> str | None:
    return host.report.policy_revision if host is not None and host.report else instead
