"""A reorg of three blocks around each kind of transaction: it happens, and it happens once."""

import asyncio
from pathlib import Path

import pytest

from anvil.kinds import KINDS
from anvil.market import Market
from anvil.node import Anvil, blocks
from modelbond.adapters.chain.bond import BondActions
from modelbond.adapters.chain.tower import TowerActions


async def included(chain: Anvil, sender: str, *, nonce: int) -> None:
    """Make blocks until one has the sender's transaction."""
    async with asyncio.timeout(20):
        while await chain.nonce(sender) == nonce:
            await asyncio.sleep(0.02)
            await chain.mine()


@pytest.mark.parametrize("name", KINDS)
async def test_what_a_reorg_took_away_happens_again_and_only_once(
    market: Market, tmp_path: Path, name: str
) -> None:
    kind, chain = KINDS[name], market.chain
    key = kind.who(market)
    act = await kind.prepare(market)
    nonce, before = await chain.nonce(key.address), await market.events(kind.contract, kind.event)
    async with market.acting(key, tmp_path) as acting:
        doing = asyncio.ensure_future(act(acting))
        await included(chain, key.address, nonce=nonce)
        assert await market.events(kind.contract, kind.event) == before + 1
        await chain.mine()
        await chain.reorg(3)
        assert await chain.nonce(key.address) == nonce
        assert await market.events(kind.contract, kind.event) == before
        assert not doing.done()
        async with blocks(chain):
            await asyncio.wait_for(doing, timeout=20)
    assert await chain.nonce(key.address) == nonce + 1
    assert await market.events(kind.contract, kind.event) == before + 1


QUESTIONS = {"opening", "receipt"}


def test_every_action_of_the_adapter_is_among_the_kinds() -> None:
    actions = [
        name
        for actions in (BondActions, TowerActions)
        for name in vars(actions)
        if not name.startswith("_") and name not in QUESTIONS
    ]
    assert len(KINDS) == len(actions) == 19
