"""Offers for tests: a week's lease of minutes, with any term changed."""

from dataclasses import replace
from typing import Any

from modelbond.settlement.encoding import keccak
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.offer import Offer, bond_domain, slot_id
from modelbond.settlement.units import Address, SliceCount, Wei, address


def account(name: str) -> Address:
    """Return the address of that name; nobody has its key."""
    return address(f"0x{keccak(name.encode()).hex()[24:]}")


DOMAIN = bond_domain(chain_id=31337, contract=account("ModelBond"))
WEEK = SliceCount(7 * 24 * 60)

_OFFER = Offer(
    customer=account("customer"),
    asset=account("asset"),
    host=account("host"),
    tower=account("tower"),
    slot=slot_id(home_uid="home", deployment_uid="deployment", ordinal=0),
    epoch=1,
    rate=Wei(1_000),
    fee=Wei(50),
    cover=Wei(1_000_000),
    credit_per_slice=Wei(3_000),
    cover_factor=2,
    slice_seconds=60,
    period=WEEK,
    allowance=SliceCount(10),
    notice=SliceCount(60),
    maintenance_notice=SliceCount(1_440),
    maintenance_budget=SliceCount(120),
    grace=SliceCount(10),
    prepayment=SliceCount(120),
    expiry=2_000_000_000,
    agreement=keccak(b"agreement"),
    rules=keccak(b"rules"),
)


def offer(**changes: Any) -> Offer:
    """Return an offer that can be opened, with these terms instead of its own."""
    return replace(_OFFER, **changes)


def leaf(through: int, unearned: int = 0, breach: int = 0) -> Leaf:
    return Leaf(
        through=SliceCount(through), unearned=SliceCount(unearned), breach=SliceCount(breach)
    )
