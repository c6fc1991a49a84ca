"""What a transaction offers for its place in a block: EIP-1559 fees, raised in steps, capped."""

from collections.abc import Sequence
from dataclasses import dataclass

from modelbond.errors import FeeAboveCap


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """Wei for each gas: at most `max_fee` in all, of which `tip` goes to the block's maker."""

    max_fee: int
    tip: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePolicy:
    """The bounds of what is offered, in wei for each gas, and when an offer is raised."""

    cap: int = 500 * 10**9
    lowest_tip: int = 10**6
    highest_tip: int = 5 * 10**9
    patience_blocks: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What the next block asks for, and the tips that recent blocks took."""

    base_fee: int
    tips: Sequence[int]

    def wanted(self, policy: FeePolicy) -> Fees:
        """Return fees that last through six full blocks in a row, the cap left aside."""
        middle = sorted(self.tips)[len(self.tips) // 2] if self.tips else 0
        tip = min(max(middle, policy.lowest_tip), policy.highest_tip)
        return Fees(max_fee=2 * self.base_fee + tip, tip=tip)


def first_fees(market: Market, *, policy: FeePolicy) -> Fees:
    """Return the fees of a new transaction; FeeAboveCap where it could not enter a block."""
    wanted = market.wanted(policy)
    asked = market.base_fee + wanted.tip
    if asked > policy.cap:
        raise FeeAboveCap(asked=asked, cap=policy.cap)
    return Fees(max_fee=min(wanted.max_fee, policy.cap), tip=wanted.tip)


def raised_fees(last: Fees, market: Market, *, policy: FeePolicy) -> Fees | None:
    """Return fees that replace `last` in every mempool, or None where the cap forbids it.

    Nodes want 10 % more on both fields; an eighth is what all of them take.
    """
    if _eighth_more(last.max_fee) > policy.cap:
        return None
    wanted = market.wanted(policy)
    max_fee = min(max(_eighth_more(last.max_fee), wanted.max_fee), policy.cap)
    tip = min(max(_eighth_more(last.tip), wanted.tip), max_fee)
    return Fees(max_fee=max_fee, tip=tip)


def _eighth_more(fee: int) -> int:
    """Return the fee and an eighth of it, rounded up."""
    return fee + -(-fee // 8)
