"""What a home shows of one lease, whoever looks: metrics, status, `modelbond top`."""

from dataclasses import dataclass

from modelbond.settlement.units import SliceCount, Wei
from modelbond.sla.budget import Budget, Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Credited:
    """Slices in breach since the lease began, and what they moved to the customer."""

    breach: SliceCount
    credit: Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseView:
    """One lease as its home sees it. `chain` is what was settled; None while no RPC tells."""

    namespace: str
    name: str
    host: str
    epoch: int
    budget: Budget
    counts: Counts
    escrow_remaining_seconds: int
    local: Credited
    chain: Credited | None
