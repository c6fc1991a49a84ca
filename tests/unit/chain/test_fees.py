"""Fees: enough for the next blocks, never above the cap, raised by an eighth at least."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelbond.adapters.chain.fees import FeePolicy, Fees, Market, first_fees, raised_fees
from modelbond.errors import FeeAboveCap

GWEI = 10**9
POLICY = FeePolicy(cap=100 * GWEI, lowest_tip=GWEI, highest_tip=3 * GWEI)

markets = st.builds(
    Market,
    base_fee=st.integers(0, 200 * GWEI),
    tips=st.lists(st.integers(0, 10 * GWEI), max_size=5),
)
offers = st.integers(1, 100 * GWEI).flatmap(
    lambda most: st.builds(Fees, max_fee=st.just(most), tip=st.integers(0, most))
)


def test_an_offer_lasts_while_the_base_fee_doubles() -> None:
    fees = first_fees(Market(base_fee=10 * GWEI, tips=[2 * GWEI]), policy=POLICY)
    assert fees == Fees(max_fee=22 * GWEI, tip=2 * GWEI)


@pytest.mark.parametrize(("tips", "tip"), [([], 1), ([0, 0, 5], 1), ([2, 2, 9], 2), ([9, 9, 9], 3)])
def test_the_tip_is_the_middle_one_of_recent_blocks_within_bounds(
    tips: list[int], tip: int
) -> None:
    market = Market(base_fee=GWEI, tips=[one * GWEI for one in tips])
    assert first_fees(market, policy=POLICY).tip == tip * GWEI


def test_near_the_cap_the_cap_is_offered() -> None:
    fees = first_fees(Market(base_fee=60 * GWEI, tips=[]), policy=POLICY)
    assert fees.max_fee == POLICY.cap


def test_above_the_cap_nothing_is_offered() -> None:
    with pytest.raises(FeeAboveCap) as caught:
        first_fees(Market(base_fee=100 * GWEI, tips=[]), policy=POLICY)
    assert (caught.value.asked, caught.value.cap) == (101 * GWEI, 100 * GWEI)


@given(offers, markets)
def test_a_raised_offer_replaces_the_last_one_in_every_mempool_and_keeps_the_cap(
    last: Fees, market: Market
) -> None:
    raised = raised_fees(last, market, policy=POLICY)
    if raised is None:
        assert last.max_fee * 9 > POLICY.cap * 8 - 9
        return
    assert raised.max_fee * 8 >= last.max_fee * 9
    assert raised.tip * 8 >= last.tip * 9
    assert raised.tip <= raised.max_fee <= POLICY.cap


def test_a_raised_offer_follows_the_market_where_that_asks_for_more() -> None:
    last = Fees(max_fee=2 * GWEI, tip=GWEI)
    raised = raised_fees(last, Market(base_fee=20 * GWEI, tips=[2 * GWEI]), policy=POLICY)
    assert raised == Fees(max_fee=42 * GWEI, tip=2 * GWEI)


def test_at_the_cap_an_offer_is_not_raised() -> None:
    last = Fees(max_fee=90 * GWEI, tip=GWEI)
    assert raised_fees(last, Market(base_fee=GWEI, tips=[]), policy=POLICY) is None
