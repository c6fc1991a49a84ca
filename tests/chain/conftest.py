"""A chain for each module, and a payer with coins for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from anvil.market import BEGIN, Market, deployed
from anvil.node import Anvil, running
from anvil.people import key_of
from anvil.writers import writing
from modelbond.adapters.chain.chain import Acting
from modelbond.adapters.chain.keys import Key
from modelbond.adapters.chain.writer import Writer


@pytest.fixture
async def chain() -> AsyncIterator[Anvil]:
    async with running() as made:
        await made.mine(8)
        yield made


@pytest.fixture
async def payer(chain: Anvil) -> Key:
    key = key_of("payer")
    await chain.fund(key.address)
    return key


@pytest.fixture
async def writer(chain: Anvil, payer: Key, tmp_path: Path) -> AsyncIterator[Writer]:
    async with writing(chain.url, key=payer, folder=tmp_path) as made:
        yield made


@pytest.fixture
async def market() -> AsyncIterator[Market]:
    async with running("--timestamp", str(BEGIN + 30)) as chain:
        made = await deployed(chain)
        await chain.mine(4)
        yield made
        await made.close()


@pytest.fixture
async def host(market: Market, tmp_path: Path) -> AsyncIterator[Acting]:
    async with market.acting(market.host, tmp_path) as made:
        yield made


@pytest.fixture
async def customer(market: Market, tmp_path: Path) -> AsyncIterator[Acting]:
    async with market.acting(market.customer, tmp_path) as made:
        yield made
