"""What is said of a copy's lease: what its status carries, and whether money stands behind."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

from modelbond.api.conditions import Condition, ConditionType, Reason, timestamp
from modelbond.api.kinds import Json
from modelbond.reconcile.host_lease import Ended, Given, Lapsed, Offered, Running, Standing
from modelbond.reconcile.host_lease_offer import not_active
from modelbond.sla.terms import offer_values
from modelbond.sla.text import hexed


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseSaid:
    """Parts of a status. `again` is after how many seconds to look anew, None for no need."""

    offer: Json | None = None
    record: Json | None = None
    condition: Condition | None = None
    again: float | None = None


NOTHING_SAID = LeaseSaid()


def offer_json(given: Given) -> Json:
    """Return an offer as a status holds it."""
    return {"terms": offer_values(given.offer), "signature": hexed(given.signature)}


def lease_condition(
    given: Given, stands: Standing, *, wished: str | None, trouble: str | None
) -> Condition | None:
    """Return BondActive for an offer that was made; None where another one may be made.

    `wished` is the agreement that the order names now. `trouble` is why the chain is not seen.
    """
    match stands:
        case Lapsed():
            return None
        case Offered() if trouble is not None:
            message = f"whether the lease is open cannot be seen; all goes on: {trouble}"
            return not_active(Reason.CHAIN_UNREACHABLE, message)
        case Offered():
            return not_active(Reason.OFFERED, _offered(given, wished=wished))
        case Running(lease=lease) if lease.noticed is not None:
            message = f"the lease had notice and ends with slice {lease.end}"
            return _active(Reason.LEASE_ENDING, message)
        case Running(lease=lease):
            message = f"the lease runs from slice {lease.first}, as things stand until {lease.end}"
            return _active(Reason.LEASE_OPEN, message)
        case Ended(at=at):
            message = f"the lease ended at {timestamp(datetime.fromtimestamp(at, tz=UTC))}"
            return not_active(Reason.LEASE_ENDED, message)
        case other:
            assert_never(other)


def _offered(given: Given, *, wished: str | None) -> str:
    until = timestamp(datetime.fromtimestamp(given.offer.expiry, tz=UTC))
    said = f"an offer for epoch {given.offer.epoch} can be taken until {until}"
    if wished is None or wished == hexed(given.offer.agreement):
        return said
    return f"{said}; it is on agreement {hexed(given.offer.agreement)}, and stands until then"


def _active(reason: Reason, message: str) -> Condition:
    return Condition(type=ConditionType.BOND_ACTIVE, status=True, reason=reason, message=message)
