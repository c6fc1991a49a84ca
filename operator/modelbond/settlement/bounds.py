"""The limits that no offer can pass: the contract's own, said before anybody pays for a refusal."""

from collections.abc import Iterator

from modelbond.settlement.offer import Offer

MAX_SLICE_SECONDS = 3600
MAX_PERIOD_SECONDS = 31 * 86_400
MAX_NOTICE_SECONDS = 30 * 86_400
MAX_COVER_FACTOR = 10


def objections(offer: Offer) -> tuple[str, ...]:
    """Return every bound that the offer passes, as a sentence; nothing where it can be opened."""
    return (*_times(offer), *_money(offer))


def _times(offer: Offer) -> Iterator[str]:
    if not 0 < offer.slice_seconds <= MAX_SLICE_SECONDS:
        yield f"slice: {offer.slice_seconds} s must be from 1 s to an hour"
    if offer.period < 1 or offer.period * offer.slice_seconds > MAX_PERIOD_SECONDS:
        yield f"period: {offer.period} slices must be from one slice to 31 days"
    if offer.notice < 1 or offer.notice * offer.slice_seconds > MAX_NOTICE_SECONDS:
        yield f"notice: {offer.notice} slices must be from one slice to 30 days"
    if offer.allowance > offer.period:
        yield f"allowance: {offer.allowance} slices must fit into the period of {offer.period}"
    if offer.maintenance_budget > offer.period:
        yield f"maintenance budget: {offer.maintenance_budget} must fit into {offer.period} slices"


def _money(offer: Offer) -> Iterator[str]:
    if offer.fee >= offer.rate:
        yield f"fee: {offer.fee} must be less than the rate of {offer.rate}, which includes it"
    if not 0 < offer.credit_per_slice <= offer.cover:
        yield f"credit: {offer.credit_per_slice} a slice must be from 1 to the cover, {offer.cover}"
    if offer.cover_factor > MAX_COVER_FACTOR:
        yield f"cover factor: {offer.cover_factor} must be at most {MAX_COVER_FACTOR}"
    most = offer.cover_factor * offer.rate * offer.period
    if offer.cover > most:
        yield f"cover: {offer.cover} must be at most factor x rate x period, {most}"
