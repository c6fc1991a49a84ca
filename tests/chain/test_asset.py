"""Payments: by permit where the token has them, else by an allowance of exactly what is needed."""

from pathlib import Path

import pytest

from anvil.faulty import before
from anvil.market import Market
from anvil.node import blocks
from anvil.writers import POLICY, QUICKLY, pool_of
from modelbond.adapters.chain.abi import interface
from modelbond.adapters.chain.chain import Acting, Chain
from modelbond.settlement.units import SliceCount, Wei, address

BONDED = Wei(5_000_000)
SLICES = SliceCount(200)


def selector(function: str) -> str:
    data = interface("Asset").call_data(function)
    return f"0x{data[:4].hex()}"


async def allowance(market: Market, owner: str) -> int:
    spender = market.deployment.model_bond.address
    return int(await market.view._asset.read("allowance", owner, spender, at="latest"))


async def disallow(market: Market, owner: str) -> None:
    await market.do(owner, "asset", "approve", market.deployment.model_bond.address, 0)


async def test_a_token_without_permits_is_paid_by_an_allowance(
    market: Market, tmp_path: Path
) -> None:
    offer, customer = market.offer(), market.customer
    await market.do(market.host.address, "bond", "bond", BONDED)
    await disallow(market, customer.address)
    nonce = await market.chain.nonce(customer.address)
    async with before(market.chain) as rpc, blocks(market.chain):
        rpc.reverts.add(selector("eip712Domain"))
        view = Chain(market.deployment, pool=pool_of(rpc.url))
        acting = view.acting(customer, ledgers=tmp_path, policy=POLICY, poll_seconds=QUICKLY)
        async with acting as made:
            now = await market.chain.time()
            await made.bond.open_lease(
                offer, signature=market.signed(offer), slices=SLICES, now=now
            )
        await view._pool.close()
    assert await market.view.bond.lease(market.lease(offer)) is not None
    assert await market.chain.nonce(customer.address) == nonce + 2
    assert await allowance(market, customer.address) == 0


async def test_a_permit_costs_no_transaction_of_its_own(market: Market, customer: Acting) -> None:
    offer = market.offer()
    await market.do(market.host.address, "bond", "bond", BONDED)
    await disallow(market, market.customer.address)
    nonce = await market.chain.nonce(market.customer.address)
    async with blocks(market.chain):
        await customer.bond.open_lease(
            offer, signature=market.signed(offer), slices=SLICES, now=await market.chain.time()
        )
    assert await market.chain.nonce(market.customer.address) == nonce + 1
    assert await allowance(market, market.customer.address) == 0


async def test_a_permit_that_somebody_else_used_first_does_no_harm(
    market: Market, customer: Acting
) -> None:
    offer = market.offer()
    await market.do(market.host.address, "bond", "bond", BONDED)
    await disallow(market, market.customer.address)
    bond, price = market.deployment.model_bond.address, SLICES * offer.rate
    deadline = await market.chain.time() + 1_000
    permit = await customer.asset.permit(bond, Wei(price), deadline=deadline)
    assert permit is not None
    call = market.view._model_bond.call(
        "openWithPermit", offer.values(), market.signed(offer), SLICES, permit
    )
    used = (market.customer.address, bond, permit["value"], permit["deadline"])
    await market.do(market.host.address, "asset", "permit", *used, *(permit[x] for x in "vrs"))
    async with blocks(market.chain):
        await customer.writer.carry_out(call, once="open after a front-run", within_seconds=40)
    assert await market.view.bond.lease(market.lease(offer)) is not None


async def test_an_allowance_that_another_payment_used_up_is_given_again(
    market: Market, host: Acting
) -> None:
    await disallow(market, market.host.address)
    bond = market.deployment.model_bond.address
    approval = market.view._asset.call("approve", bond, BONDED)
    async with blocks(market.chain):
        await host.writer.carry_out(approval, once=f"bond/{BONDED}/first/approve 0")
    await disallow(market, market.host.address)
    async with blocks(market.chain):
        await host.bond.bond(BONDED, once="first")
    held = await market.view.bond.bond_of(address(market.host.address))
    assert held.total == BONDED


@pytest.mark.parametrize("missing", ["nonces", "eip712Domain"])
async def test_whatever_a_token_lacks_for_permits_there_is_none(
    market: Market, tmp_path: Path, missing: str
) -> None:
    owner = (market.customer.address,) if missing == "nonces" else ()
    data = interface("Asset").call_data(missing, *owner)
    async with before(market.chain) as rpc:
        rpc.reverts.add(f"0x{data[:4].hex()}")
        view = Chain(market.deployment, pool=pool_of(rpc.url))
        async with view.acting(market.customer, ledgers=tmp_path) as made:
            spender = market.deployment.model_bond.address
            assert await made.asset.permit(spender, Wei(1), deadline=0) is None
        await view._pool.close()
