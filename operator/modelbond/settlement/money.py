"""Credits and earnings: products and sums of whole numbers, so nothing is ever rounded."""

from modelbond.settlement.offer import Offer
from modelbond.settlement.units import SliceCount, Wei


def credit(breach: SliceCount, offer: Offer) -> Wei:
    """Return what so many slices in breach have credited in all: linear, up to the cover."""
    return Wei(min(breach * offer.credit_per_slice, offer.cover))


def price(slices: SliceCount, per_slice: Wei) -> Wei:
    """Return what so many slices cost."""
    return Wei(slices * per_slice)


def unpaid(earned: SliceCount, *, freed: SliceCount, paid: SliceCount) -> SliceCount:
    """Return the slices that the host is still owed.

    None when more was paid than is due: so what a stall freed is netted against later leaves.
    """
    return SliceCount(max(earned + freed - paid, 0))


def breach_that_uses_up_the_cover(offer: Offer) -> SliceCount:
    """Return after how many slices in breach nothing is left to credit, and the lease ends."""
    return SliceCount(-(-offer.cover // offer.credit_per_slice))
