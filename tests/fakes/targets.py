"""Targets that nobody connects to."""

from dataclasses import replace

from modelbond.settlement.units import LeaseId, SliceIndex
from modelbond.watcher.echo import CANARY
from modelbond.watcher.guard import Place
from modelbond.watcher.target import Labels, Target

_TARGET = Target(
    lease=LeaseId(bytes(32)),
    labels=Labels(home="home-a", namespace="models", name="magika", host="alpha"),
    place=Place(host="203.0.113.7", port=30443),
    public_key=bytes(32),
    model_name="magika",
    token="t",  # noqa: S106 - opens nothing
    latency_bound_ms=1000,
    canaries=(CANARY,),
    slice_seconds=60,
    first=SliceIndex(0),
)


def target(
    number: int, *, first: int = 0, slice_seconds: int = 60, latency_bound_ms: int = 1000
) -> Target:
    """Return the target of a lease of that number."""
    return replace(
        _TARGET,
        lease=LeaseId(number.to_bytes(32, "big")),
        first=SliceIndex(first),
        slice_seconds=slice_seconds,
        latency_bound_ms=latency_bound_ms,
    )
