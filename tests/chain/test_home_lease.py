"""A home's controllers on real contracts: from a host's offer to the credit in the wallet."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from anvil.home import SECRET, at_home
from anvil.market import FRAME, WINDOW, Market
from anvil.node import blocks
from fakes.leased import LeasedHome, evidence_of_lease, leased_home, measured
from modelbond.adapters.chain.home_chain import HomeChain
from modelbond.api.conditions import ConditionType
from modelbond.settlement.units import SliceCount, address
from modelbond.sla.tally import tree_of
from modelbond.sla.text import hexed

PREPAID = 200


@pytest.fixture
async def chain(market: Market, tmp_path: Path) -> AsyncIterator[HomeChain]:
    await market.do(market.host.address, "bond", "bond", 5_000_000)
    async with at_home(market, tmp_path) as made:
        yield made


@pytest.fixture
async def home(chain: HomeChain) -> LeasedHome:
    return await leased_home(chain=chain, key=SECRET, terms={"prepaySlices": PREPAID})


async def becomes(market: Market, home: LeasedHome, true: Callable[[], object]) -> None:
    """Let blocks be made and everybody look, until that is true."""
    async with blocks(market.chain), asyncio.timeout(40):
        while not true():
            home.clock.pass_by(1)
            home.renews("alpha")
            await home.round()


def state(home: LeasedHome) -> dict[str, object]:
    found: dict[str, object] = home.status()["placements"][0].get("lease", {})
    return found


async def test_a_lease_is_opened_filled_up_and_a_breach_is_in_the_wallet_without_a_word(
    market: Market, chain: HomeChain, home: LeasedHome
) -> None:
    customer, anvil = address(market.customer.address), market.chain
    terms = home.offered(
        host=address(market.host.address),
        asset=chain.place.asset,
        prepayment=SliceCount(120),
    )
    home.has_signed(terms, market.signed(terms))
    lease = market.lease(terms)
    await becomes(market, home, lambda: state(home).get("state") == "Open")
    assert state(home)["id"] == hexed(lease)
    assert home.condition(ConditionType.BOND_ACTIVE)["status"] == "True"
    assert home.status()["spending"]["total"] == str(PREPAID * terms.rate)

    await anvil.pass_by(2 * FRAME)
    before = state(home)["fundedUntil"]
    await becomes(market, home, lambda: state(home)["fundedUntil"] != before)
    found = await chain.lease(lease)
    assert found is not None
    assert found.funded == 2 * PREPAID

    counted = replace(measured(60, 20, 4), bad=14)
    data = evidence_of_lease(lease, counted, bond=chain.place.bond)
    tree = tree_of(data.result, bond=chain.place.bond)
    assert tree is not None
    home.evidence.texts[data.hash] = data.text
    await market.post_root(tree.root, data_hash=data.hash)
    await anvil.pass_by(WINDOW)
    before_claim = await market.view._asset.read("balanceOf", customer)
    credit = 4 * terms.credit_per_slice
    await becomes(market, home, lambda: state(home).get("credited") == str(credit))
    assert state(home)["root"] == hexed(tree.root)
    receipt = await anvil.ask("eth_getTransactionReceipt", state(home)["transaction"])
    assert receipt["status"] == "0x1"
    wallet = await chain.wallet(SECRET)
    async with blocks(anvil), asyncio.timeout(40):
        while await wallet.claimable():
            await home.round()
    refund = await market.view._asset.read("balanceOf", customer) - before_claim
    assert refund == credit
    assert await market.events("bond", "Credited") == 1
    assert await market.events("bond", "Opened") == 1
    told = home.events.reasons()
    assert [told.count(one) for one in ("LeaseOpened", "ReportFinal", "CreditSettled")] == [1, 1, 1]
