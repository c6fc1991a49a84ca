"""Whether a host's offer is what the customer allows: every term is looked at, and named."""

from collections.abc import Iterator
from dataclasses import dataclass

from modelbond.api.v1alpha1 import LeaseTerms, SignedOffer, Sla
from modelbond.api.wire import written
from modelbond.errors import Refused
from modelbond.settlement.bounds import objections as bounds_passed
from modelbond.settlement.money import price
from modelbond.settlement.offer import Offer
from modelbond.settlement.place import ChainPlace
from modelbond.settlement.units import Address, Digest, SliceCount, SlotId
from modelbond.sla.rules import RULES
from modelbond.sla.terms import offer_of
from modelbond.sla.text import bytes_of, hexed

SIGNATURE_BYTES = 65
SOONEST_EXPIRY_SECONDS = 30
BASIS_POINTS = 10_000
LATENCIES_IN_A_SLICE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """On what the home asked for an offer."""

    customer: Address
    slot: SlotId
    epoch: int
    agreement: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """An offer with the signature that its host gave."""

    offer: Offer
    signature: bytes


def signed_of(said: SignedOffer) -> Signed:
    """Read what a host offers; Refused names the field that is not as it must be."""
    terms = written(said.terms)
    return Signed(
        offer=offer_of(terms),
        signature=bytes_of(said.signature, size=SIGNATURE_BYTES, name="offer.signature"),
    )


def objections(  # noqa: PLR0913 - each is another side of the bargain
    signed: Signed,
    *,
    wished: Wished,
    sla: Sla,
    terms: LeaseTerms,
    place: ChainPlace,
    signer: Address | None,
    now: int,
) -> tuple[str, ...]:
    """Return what is wrong with an offer, each with its field; nothing where it can be taken."""
    offer = signed.offer
    return (
        *_identity(offer, wished=wished, place=place),
        *_signature(offer, signer=signer, now=now),
        *_money(offer, terms),
        *_time(offer, terms, sla),
        *bounds_passed(offer),
    )


def _identity(offer: Offer, *, wished: Wished, place: ChainPlace) -> Iterator[str]:
    pairs: dict[str, tuple[object, object]] = {
        "customer": (offer.customer, wished.customer),
        "asset": (offer.asset, place.asset),
        "tower": (offer.tower, place.tower),
        "slot": (hexed(offer.slot), hexed(wished.slot)),
        "epoch": (offer.epoch, wished.epoch),
        "agreement": (hexed(offer.agreement), hexed(wished.agreement)),
        "rules": (hexed(offer.rules), hexed(RULES)),
    }
    for name, (said, wanted) in pairs.items():
        if said != wanted:
            yield f"{name}: it is {said}, asked for was {wanted}"


def _signature(offer: Offer, *, signer: Address | None, now: int) -> Iterator[str]:
    if signer != offer.host:
        yield f"signature: it is not that of host {offer.host}"
    if offer.expiry < now + SOONEST_EXPIRY_SECONDS:
        yield f"expiry: it ended at {offer.expiry}, or is about to; the host makes another"


def _money(offer: Offer, terms: LeaseTerms) -> Iterator[str]:
    most, least = int(terms.max_rate_per_slice), int(terms.min_credit_per_slice)
    if offer.rate > most:
        yield f"rate: {offer.rate} is more than maxRatePerSlice, {most}"
    if offer.credit_per_slice < least:
        yield f"creditPerSlice: {offer.credit_per_slice} is less than minCreditPerSlice, {least}"
    wanted = price(SliceCount(terms.min_cover_slices), offer.credit_per_slice)
    if offer.cover < wanted:
        yield f"cover: {offer.cover} does not last for minCoverSlices, which takes {wanted}"


def _time(offer: Offer, terms: LeaseTerms, sla: Sla) -> Iterator[str]:
    if offer.slice_seconds > terms.max_slice_seconds:
        yield f"slice: {offer.slice_seconds} s is more than maxSliceSeconds"
    if sla.latency_bound_ms * LATENCIES_IN_A_SLICE > offer.slice_seconds * 1000:
        yield f"slice: {offer.slice_seconds} s is too short for latencyBoundMs: a quarter must fit"
    for name, slices, points in (
        ("allowance", offer.allowance, terms.max_allowance_basis_points),
        ("maintenanceBudget", offer.maintenance_budget, terms.max_maintenance_basis_points),
    ):
        if slices * BASIS_POINTS > points * offer.period:
            yield f"{name}: {slices} of {offer.period} slices is more than {points} basis points"
    if offer.grace > terms.max_grace_slices:
        yield f"grace: {offer.grace} is more than maxGraceSlices, {terms.max_grace_slices}"
    for name, slices in (("prepayment", offer.prepayment), ("notice", offer.notice)):
        if slices > terms.prepay_slices:
            yield f"{name}: {slices} is more than prepaySlices, {terms.prepay_slices}"


def offered(said: SignedOffer | None) -> Signed | str | None:
    """Return the offer, why it cannot be read, or None where there is none."""
    if said is None:
        return None
    try:
        return signed_of(said)
    except Refused as refusal:
        return str(refusal)
