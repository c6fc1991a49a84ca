"""Whether a host signs an offer for a copy, and which: everything is checked before it binds."""

from collections.abc import Iterable
from dataclasses import dataclass

from modelbond.api.conditions import Condition, ConditionType, Reason
from modelbond.api.v1alpha1 import LeasePrice, LeaseWish, ModelPlacementSpec
from modelbond.reconcile.host_lease_papers import Papers, Parties, objections, too_much
from modelbond.settlement.accounts import Bond
from modelbond.settlement.bounds import objections as out_of_bounds
from modelbond.settlement.offer import Offer
from modelbond.settlement.units import Address, SliceCount, SlotId, Wei
from modelbond.sla.text import bytes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What a host's bond was when the chain was last looked at, and what is promised out of it."""

    bond: Bond
    promised: Wei
    target: Wei

    def lacks(self, cover: Wei) -> Wei:
        """Return how much must be bonded for one offer more; 0 where it is covered."""
        return Wei(max(self.promised + cover - self.bond.free, 0))

    @property
    def surplus(self) -> Wei:
        """Return what of the bond is above the target, neither reserved nor promised."""
        return Wei(max(min(self.bond.free - self.promised, self.bond.total - self.target), 0))

    def may_grow(self, by: Wei) -> bool:
        """Tell whether the owner allows a bond that is so much larger."""
        return self.bond.total + by <= self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one copy that wishes a lease and has no offer that stands.

    `refusal` is why its papers cannot be read. `answered` is None before the own endpoint was
    asked, and empty when its answers agree. `purse` and `newest_epoch`, that of the slot's newest
    lease, are None while the chain gave no answer.
    """

    spec: ModelPlacementSpec
    wish: LeaseWish
    price: LeasePrice | None
    parties: Parties
    host: Address
    papers: Papers | None
    now: int
    refusal: str = ""
    taking_offers: bool = True
    edge_takes_rates: bool = True
    edge_honours: bool = False
    ready: bool = False
    answered: str | None = None
    purse: Purse | None = None
    newest_epoch: int | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the own endpoint the agreed questions."""


@dataclass(frozen=True, slots=True)
class Look:
    """Look at the chain: how much is bonded, and which epoch of the slot is the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raise:
    """Bond so much more, and wait until it is there."""

    amount: Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """Sign this offer."""

    offer: Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class NotYet:
    """No offer is made, and why."""

    reason: Reason
    message: str

    @property
    def condition(self) -> Condition:
        """Return BondActive as it is said of the copy and the order."""
        return not_active(self.reason, self.message)


Step = Ask | Look | Raise | Sign | NotYet


def not_active(reason: Reason, message: str) -> Condition:
    """Return BondActive that does not hold."""
    return Condition(type=ConditionType.BOND_ACTIVE, status=False, reason=reason, message=message)


def next_step(facts: Facts) -> Step:
    """Return what brings the copy nearer to an offer, or what is in the way."""
    if facts.price is None or not facts.taking_offers:
        message = "this host makes no offers to this home at present; it serves without a lease"
        return NotYet(reason=Reason.LEASES_CLOSED, message=message)
    if facts.refusal:
        return NotYet(reason=Reason.AGREEMENT_REFUSED, message=facts.refusal)
    if facts.papers is None:
        message = "the agreement that the order names does not lie beside it yet"
        return NotYet(reason=Reason.WAITING_FOR_AGREEMENT, message=message)
    offer = offer_on(facts.papers, price=facts.price, facts=facts)
    wrong = tuple(_wrong(facts.papers, price=facts.price, offer=offer, facts=facts))
    if wrong:
        return NotYet(reason=Reason.AGREEMENT_REFUSED, message="; ".join(wrong))
    return _served(facts) or _covered(offer, facts)


def offer_on(papers: Papers, *, price: LeasePrice, facts: Facts) -> Offer:
    """Return the offer: the host's price for what is agreed, from now on for so long."""
    # Hashed when it is imported, and nothing of the chain is loaded before it is needed.
    from modelbond.sla.rules import RULES

    wish, place = facts.wish, facts.parties.place
    return Offer(
        customer=Address(wish.customer),
        asset=place.asset,
        host=facts.host,
        tower=Address(wish.tower),
        slot=SlotId(bytes_of(wish.slot, size=32, name="spec.lease.slot")),
        epoch=facts.spec.epoch,
        rate=Wei(int(price.rate)),
        fee=Wei(int(price.fee)),
        cover=Wei(int(price.cover)),
        credit_per_slice=Wei(int(price.credit_per_slice)),
        cover_factor=price.cover_factor,
        slice_seconds=price.slice_seconds,
        period=SliceCount(price.period),
        allowance=SliceCount(price.allowance),
        notice=SliceCount(price.notice),
        maintenance_notice=SliceCount(price.maintenance_notice),
        maintenance_budget=SliceCount(price.maintenance_budget),
        grace=SliceCount(price.grace),
        prepayment=SliceCount(price.prepayment),
        expiry=facts.now + price.offer_seconds,
        agreement=papers.agreement.hash,
        rules=RULES,
    )


def _wrong(papers: Papers, *, price: LeasePrice, offer: Offer, facts: Facts) -> Iterable[str]:
    yield from objections(papers, spec=facts.spec, wish=facts.wish, parties=facts.parties)
    yield from too_much(papers.agreement, price=price)
    for each in out_of_bounds(offer):
        yield f"the host's own price, {each}"


def _served(facts: Facts) -> Step | None:
    """Return what the edge and the model behind it still lack; None when they keep the promise."""
    if not facts.edge_takes_rates:
        message = (
            "the pods' edge is of an older version, which keeps no agreed rates: place it anew"
        )
        return NotYet(reason=Reason.AGREEMENT_REFUSED, message=message)
    if not facts.ready or not facts.edge_honours:
        message = "an offer is made once all replicas serve, and the edge takes the probe token"
        return NotYet(reason=Reason.PROGRESSING, message=message)
    if facts.answered is None:
        return Ask()
    if facts.answered:
        return NotYet(reason=Reason.CANARIES_FAILED, message=facts.answered)
    return None


def _covered(offer: Offer, facts: Facts) -> Step:
    purse, newest = facts.purse, facts.newest_epoch
    if purse is None or newest is None:
        return Look()
    if newest >= offer.epoch:
        message = f"agreement.epoch: {newest} of this slot was opened already, not {offer.epoch}"
        return NotYet(reason=Reason.AGREEMENT_REFUSED, message=message)
    lacking = purse.lacks(offer.cover)
    if not lacking:
        return Sign(offer=offer)
    if purse.may_grow(lacking):
        return Raise(amount=lacking)
    message = (
        f"the offer needs a cover of {offer.cover}; of the host's bond {purse.bond.free} is free"
        f" and {purse.promised} of that promised"
    )
    return NotYet(reason=Reason.BOND_TOO_SMALL, message=message)
