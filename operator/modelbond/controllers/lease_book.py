"""How leases stand, by order: what the lease controller found, for whoever shows it."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from modelbond.ports.cluster import Queue
from modelbond.reconcile.home_lease_view import PlacementLease
from modelbond.reconcile.home_order import Order
from modelbond.settlement.units import LeaseId
from modelbond.sla.lease_history import LeaseHistory, counts_told, followed


class LeaseBook:
    """One entry for each order with a lease. News are passed on to the order's deployment."""

    def __init__(self, *, deployments: Queue) -> None:
        self._deployments = deployments
        self._leases: dict[str, PlacementLease] = {}
        self._orders: dict[str, Order] = {}
        self._histories: dict[str, tuple[LeaseId, LeaseHistory]] = {}

    @property
    def leases(self) -> Mapping[str, PlacementLease]:
        """Return the leases by the key of their order."""
        return MappingProxyType(self._leases)

    @property
    def orders(self) -> Mapping[str, Order]:
        """Return their orders by the same keys."""
        return MappingProxyType(self._orders)

    def say(self, order: Order, lease: PlacementLease) -> None:
        """Take note of how it stands, beside what was reported of it before."""
        lease = self._counted(order.key, lease)
        self._orders[order.key] = order
        if self._leases.get(order.key) != lease:
            self._leases[order.key] = lease
            about = order.spec.deployment
            self._deployments.add(f"{about.namespace}/{about.name}")

    def forget(self, key: str) -> None:
        """Drop the lease of an order that has none any more."""
        self._leases.pop(key, None)
        self._orders.pop(key, None)
        self._histories.pop(key, None)

    def _counted(self, key: str, lease: PlacementLease) -> PlacementLease:
        if lease.id is None or lease.offer is None or lease.reported is None:
            return lease
        known, history = self._histories.get(key, (lease.id, None))
        measured, offer = lease.reported.measured, lease.offer
        before = history if known == lease.id else None
        history = followed(before, measured, slice_seconds=offer.slice_seconds)
        self._histories[key] = (lease.id, history)
        return replace(lease, counts=counts_told(history, offer))
