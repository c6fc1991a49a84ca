"""What people see of a home's leases in metrics: of those that are on chain and not over."""

from collections.abc import Iterator, Mapping

from modelbond.api.reasons import Reason
from modelbond.reconcile.home_lease_view import PlacementLease, Stage
from modelbond.reconcile.home_order import Order
from modelbond.settlement.lease import Lease
from modelbond.settlement.leaves import NOTHING_MEASURED, Leaf
from modelbond.settlement.money import credit
from modelbond.settlement.offer import Offer
from modelbond.settlement.slices import begins_at
from modelbond.sla.budget import Budget, Counts
from modelbond.sla.lease_view import Credited, LeaseView

_SHOWN = frozenset({Stage.OPEN, Stage.ENDING})


def lease_views(
    leases: Mapping[str, PlacementLease], orders: Mapping[str, Order], *, now: int
) -> Iterator[LeaseView]:
    """Yield a view of each lease that runs, by the keys that both have."""
    for key, told in leases.items():
        if told.stage in _SHOWN and told.offer is not None and told.lease is not None:
            yield _view(orders[key], told, told.offer, told.lease, now=now)


def _view(order: Order, told: PlacementLease, offer: Offer, lease: Lease, *, now: int) -> LeaseView:
    reported = told.reported.measured.leaf if told.reported else NOTHING_MEASURED
    unknown = told.bond.reason is Reason.CHAIN_UNREACHABLE
    return LeaseView(
        namespace=order.spec.deployment.namespace,
        name=order.spec.deployment.name,
        host=order.host,
        epoch=order.spec.epoch,
        budget=Budget(period=offer.period, allowance=offer.allowance),
        counts=told.counts or Counts(),
        escrow_remaining_seconds=max(
            begins_at(lease.dry, slice_seconds=lease.slice_seconds) - now, 0
        ),
        local=_credited(reported, offer),
        chain=None if unknown else _credited(lease.measured, offer),
    )


def _credited(leaf: Leaf, offer: Offer) -> Credited:
    return Credited(breach=leaf.breach, credit=credit(leaf.breach, offer))
