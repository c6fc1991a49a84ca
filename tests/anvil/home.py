"""A home's port to a test's chain, as an operator's process has it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anvil.market import Market
from anvil.people import secret_of
from anvil.writers import POLICY, QUICKLY
from fakes.ports import FakeSupervisor
from modelbond.adapters.chain.home_chain import HomeChain
from modelbond.settlement.place import ChainPlace

SECRET = secret_of("customer").hex()


def place_of(market: Market) -> ChainPlace:
    """Return which contracts those are."""
    deployment = market.deployment
    return ChainPlace(
        chain_id=deployment.chain_id,
        bond=deployment.model_bond.address,
        asset=deployment.asset,
        tower=deployment.watch_tower.address,
    )


@asynccontextmanager
async def at_home(market: Market, folder: Path) -> AsyncIterator[HomeChain]:
    """Give the port until the process ends that has it."""
    chain = HomeChain(
        market.view,
        place=place_of(market),
        pool=market.pool,
        ledgers=folder,
        supervisor=FakeSupervisor(),
        policy=POLICY,
        poll_seconds=QUICKLY,
        patience_seconds=QUICKLY,
    )
    try:
        yield chain
    finally:
        await chain.close()
