"""The host's answer to an order: its owner's policy, then the quota, then the room."""

from collections.abc import Iterable
from dataclasses import dataclass

from modelbond.api.conditions import Reason
from modelbond.api.quantities import cpu_quantity, memory_quantity
from modelbond.api.v1alpha1 import ModelPlacementSpec
from modelbond.errors import Refused
from modelbond.fetching.source_policy import SourcePolicy
from modelbond.reconcile.host_ledger import Amounts, Demand, Ledger, Place, Reservation
from modelbond.reconcile.host_order import Order, demand_of
from modelbond.reconcile.host_room import GPU_TOLERATION, Ask, Room
from modelbond.reconcile.host_terms import Terms
from modelbond.serving.containers import EDGE_CPU_MILLI, EDGE_MEMORY_BYTES
from modelbond.serving.gpus import gpu_node_selector
from modelbond.serving.workload import Gpu

MOST_COPIES = 512
"""For one home, paused ones included. A cluster has 2768 node ports for all its homes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The order is taken; this is what was promised to it."""

    reservation: Reservation


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """The order is not taken; the message tells the home's people what would change that."""

    reason: Reason
    message: str


Verdict = Accepted | Declined


def admit(order: Order, *, terms: Terms, ledger: Ledger, room: Room | None) -> Verdict:
    """Decide on an order, new or changed. `room` already lacks what is promised to others.

    None for `room` means that nodes may not be read here: then the quota alone counts.
    """
    place = Place(home=terms.home, order=order.name)
    demand = demand_of(order.spec)
    others = ledger.without(place)
    declined = (
        _closed(terms, known=place in ledger.reservations)
        or forbidden(order.spec, terms=terms)
        or _not_offered(order.spec, terms=terms)
        or _too_many(others, home=terms.home)
        or _over_quota(demand, left=quota_left(terms, ledger=others))
        or _without_room(order.spec, demand=demand, terms=terms, room=room)
    )
    if declined:
        return declined
    return Accepted(reservation=Reservation(order_uid=order.uid, demand=demand))


def forbidden(spec: ModelPlacementSpec, *, terms: Terms) -> Declined | None:
    """Return why the owner's explicit word ends it, running or not; None when nothing does.

    That word is the HomeCluster's alone: values that a helm upgrade lost and a policy that cannot
    be read are missing information, which starts nothing new and ends nothing.
    """
    if terms.state == "Drained":
        return Declined(
            reason=Reason.HOST_DRAINED, message="the host's owner drained it: place elsewhere"
        )
    if spec.runtime not in terms.allowed_runtimes:
        return Declined(
            reason=Reason.RUNTIME_NOT_ALLOWED,
            message=f"runtime {spec.runtime!r} is not open here; open: {_named(terms.runtimes)}",
        )
    if spec.model.format not in terms.formats:
        return Declined(
            reason=Reason.FORMAT_NOT_ALLOWED,
            message=f"format {spec.model.format!r} is not open here; open: {_named(terms.formats)}",
        )
    policy = _sources_policy(terms)
    return _sources_closed(spec.model.sources, policy) if isinstance(policy, SourcePolicy) else None


def quota_left(terms: Terms, *, ledger: Ledger) -> Amounts:
    """Return what the home's quota still allows beside the ledger's promises; never below zero."""
    used = ledger.used(terms.home)
    return Amounts(
        cpu_milli=max(terms.quota.cpu_milli - used.cpu_milli, 0),
        memory_bytes=max(terms.quota.memory_bytes - used.memory_bytes, 0),
        gpus={
            name: max(count - used.gpus.get(name, 0), 0) for name, count in terms.quota.gpus.items()
        },
    )


def ask_of(spec: ModelPlacementSpec, *, terms: Terms, count: int) -> Ask:
    """Return the room that so many of an order's pods look for, the edge beside them included."""
    each, runtime = demand_of(spec).each, terms.runtimes.get(spec.runtime)
    gpu = spec.resources.gpu
    selector = gpu_node_selector(Gpu(gpu_class=gpu.class_, count=gpu.count) if gpu else None)
    return Ask(
        count=count,
        each=each.plus(Amounts(cpu_milli=EDGE_CPU_MILLI, memory_bytes=EDGE_MEMORY_BYTES)),
        node_selector={**(runtime.node_selector if runtime else {}), **selector},
        tolerations=(
            *((GPU_TOLERATION,) if gpu else ()),
            *(runtime.tolerations if runtime else ()),
        ),
    )


def _closed(terms: Terms, *, known: bool) -> Declined | None:
    if terms.state != "Cordoned" or known:
        return None
    return Declined(
        reason=Reason.HOST_CORDONED, message="the host takes no new orders: place elsewhere"
    )


def _not_offered(spec: ModelPlacementSpec, *, terms: Terms) -> Declined | None:
    """Return what this host lacks at present to start anything by that word."""
    runtime = terms.runtimes.get(spec.runtime)
    if runtime is None:
        return Declined(
            reason=Reason.RUNTIME_NOT_ALLOWED,
            message=f"runtime {spec.runtime!r} is allowed, but this host offers none of that name",
        )
    if spec.model.format not in runtime.formats:
        return Declined(
            reason=Reason.FORMAT_NOT_ALLOWED,
            message=f"runtime {spec.runtime!r} does not serve format {spec.model.format!r} here",
        )
    policy = _sources_policy(terms)
    return policy if isinstance(policy, Declined) else None


def _sources_policy(terms: Terms) -> SourcePolicy | Declined:
    """Return the owner's word on sources, or what is wrong with it."""
    try:
        return SourcePolicy.parse(terms.sources)
    except Refused as refusal:
        return Declined(reason=Reason.SOURCE_NOT_ALLOWED, message=f"the host's policy: {refusal}")


def _sources_closed(sources: Iterable[str], policy: SourcePolicy) -> Declined | None:
    refusals = []
    for source in sources:
        try:
            policy.check_url(source)
        except Refused as refusal:
            refusals.append(str(refusal))
        else:
            return None
    told = refusals[0] if refusals else "the order names none"
    return Declined(reason=Reason.SOURCE_NOT_ALLOWED, message=f"no source may be used here: {told}")


def _too_many(others: Ledger, *, home: str) -> Declined | None:
    """Bound what a home holds without any quota: a paused copy keeps its Service's node port."""
    if len(others.counted(home)) < MOST_COPIES:
        return None
    return Declined(
        reason=Reason.QUOTA_EXCEEDED,
        message=f"the host keeps at most {MOST_COPIES} copies for a home: delete deployments there",
    )


def _over_quota(demand: Demand, *, left: Amounts) -> Declined | None:
    lacking = left.lacking(demand.total)
    if not lacking:
        return None
    told = ", ".join(_compared(name, asked=demand.total, left=left) for name in lacking)
    return Declined(
        reason=Reason.QUOTA_EXCEEDED,
        message=f"the host's quota for this home does not cover it: {told}",
    )


def _without_room(
    spec: ModelPlacementSpec, *, demand: Demand, terms: Terms, room: Room | None
) -> Declined | None:
    if room is None:
        return None
    _, fitting = room.placed(ask_of(spec, terms=terms, count=demand.replicas))
    if fitting == demand.replicas:
        return None
    return Declined(
        reason=Reason.NO_CAPACITY,
        message=f"the host has room for {fitting} of {demand.replicas} replicas now",
    )


def _compared(name: str, *, asked: Amounts, left: Amounts) -> str:
    match name:
        case "cpu":
            return f"cpu {cpu_quantity(asked.cpu_milli)} of {cpu_quantity(left.cpu_milli)} left"
        case "memory":
            have = memory_quantity(left.memory_bytes)
            return f"memory {memory_quantity(asked.memory_bytes)} of {have} left"
        case _:
            return f"{name} {asked.gpus[name]} of {left.gpus.get(name, 0)} left"


def _named(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
