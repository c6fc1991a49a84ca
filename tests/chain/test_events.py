"""Which events are read: each once, from the deployment's block on, for all who ask."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from anvil.faulty import FaultyRpc, before
from anvil.market import FRAME, WINDOW, Market
from anvil.writers import pool_of
from modelbond.adapters.chain.chain import Chain
from modelbond.settlement.encoding import keccak
from modelbond.settlement.units import LeaseId


@dataclass(slots=True, kw_only=True)
class Leased:
    """A market with two leases, and a node before its chain that notes what it is asked."""

    market: Market
    node: FaultyRpc
    chain: Chain
    older: LeaseId
    block: int
    newer: LeaseId

    def since(self, block: int) -> Chain:
        """Return the chain as a deployment of that block has it."""
        deployment = replace(self.market.deployment, block=block)
        return Chain(deployment, pool=self.market.pool)


@pytest.fixture
async def leased(market: Market) -> AsyncIterator[Leased]:
    await market.do(market.host.address, "bond", "bond", 50_000_000)
    older = await market.open(market.offer(epoch=1, slot=keccak(b"one")), slices=1_000)
    block = await market.chain.head()
    newer = await market.open(market.offer(epoch=1, slot=keccak(b"other")), slices=1_000)
    await market.chain.finalize()
    async with before(market.chain) as node:
        pool = pool_of(node.url)
        chain = Chain(market.deployment, pool=pool)
        yield Leased(market=market, node=node, chain=chain, older=older, block=block, newer=newer)
        await pool.close()


async def test_a_book_knows_the_leases_that_were_opened_from_the_deployments_block_on(
    leased: Leased,
) -> None:
    for block, known in ((0, {leased.older, leased.newer}), (leased.block + 1, {leased.newer})):
        book = leased.since(block).lease_book()
        assert (await book.newest()).keys() == known
        assert (await book.at(leased.block + 1)).keys() == known


async def test_the_newest_leases_and_those_of_an_earlier_block_come_from_one_reading(
    leased: Leased,
) -> None:
    book = leased.chain.lease_book()
    assert (await book.newest()).keys() == {leased.older, leased.newer}
    assert leased.node.asked.count("eth_getLogs") == 1
    assert (await book.at(leased.block)).keys() == {leased.older}
    assert (await book.newest()).keys() == {leased.older, leased.newer}
    assert (await book.at(leased.block + 1)).keys() == {leased.older, leased.newer}
    assert leased.node.asked.count("eth_getLogs") == 1
    await leased.market.chain.mine()
    await book.newest()
    assert leased.node.asked.count("eth_getLogs") == 2


async def test_final_reports_are_looked_for_from_the_deployments_block_on(market: Market) -> None:
    await market.chain.pass_by(2 * FRAME)
    ref, _ = await market.post(keccak(b"leaf"))
    after = await market.chain.head() + 1
    await market.chain.pass_by(WINDOW)
    await market.chain.finalize()
    for block, found in ((0, ref), (after - 1, ref), (after, None), (10**9, None)):
        chain = Chain(replace(market.deployment, block=block), pool=market.pool)
        report = await chain.final_reports().newest()
        assert (report.ref if report else None) == found, block
