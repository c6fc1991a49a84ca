"""The chain as a home uses it, on real contracts: one lease from its offer to its credit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from anvil.home import SECRET, at_home
from anvil.market import FRAME, WINDOW, Market
from anvil.node import blocks
from anvil.writers import QUICKLY
from fakes.lease_chain import FakeEvidence
from fakes.leased import evidence_of_lease, measured
from fakes.ports import FakeClock
from modelbond.adapters.chain.home_chain import HomeChain
from modelbond.controllers.lease_results import FinalResults
from modelbond.errors import ActionPending, Refused, Reverted
from modelbond.ports.leases import Wallet
from modelbond.settlement.endpoint import EndpointRecord
from modelbond.settlement.offer import Offer
from modelbond.settlement.units import Digest, SliceCount, SliceIndex, address
from modelbond.sla.tally import tree_of

Ended = TypeVar("Ended")
BONDED = 5_000_000


@pytest.fixture
async def home(market: Market, tmp_path: Path) -> AsyncIterator[HomeChain]:
    await market.do(market.host.address, "bond", "bond", BONDED)
    async with at_home(market, tmp_path) as made:
        yield made


async def asked_until_done(market: Market, act: Callable[[], Awaitable[Ended]]) -> Ended:
    """Ask as a controller does, again and again, while blocks are made."""
    ended: list[Ended] = []

    async def ask() -> None:
        try:
            ended.append(await act())
        except ActionPending:
            return

    async with blocks(market.chain):
        async with asyncio.timeout(30):
            while not ended:
                await ask()
    return ended[0]


async def balance(market: Market, account: str) -> int:
    return int(await market.view._asset.read("balanceOf", account))


async def opened(market: Market, wallet: Wallet, offer: Offer) -> None:
    signature = market.signed(offer)
    await asked_until_done(
        market,
        lambda: wallet.open_lease(offer, signature=signature, slices=SliceCount(200)),
    )


async def test_a_lease_is_opened_paid_on_settled_by_a_final_report_and_claimed(
    market: Market, home: HomeChain
) -> None:
    offer, chain = market.offer(grace=SliceCount(0)), market.chain
    lease, customer = market.lease(offer), address(market.customer.address)
    wallet = await home.wallet(SECRET)
    assert wallet.address == customer
    assert not await wallet.is_opening(offer)
    await opened(market, wallet, offer)
    assert await wallet.is_opening(offer)
    found = await home.lease(lease)
    assert found is not None
    assert (found.funded, found.noticed) == (200, None)

    for _ in range(2):
        await asked_until_done(
            market, lambda: wallet.top_up(offer, slices=SliceCount(200), once="200")
        )
    found = await home.lease(lease)
    assert found is not None
    assert found.funded == 400

    await chain.pass_by(2 * FRAME)
    counted = measured(60, 20, 4)
    data = evidence_of_lease(lease, counted, bond=home.place.bond)
    tree = tree_of(data.result, bond=home.place.bond)
    assert tree is not None
    await market.post_root(tree.root, data_hash=data.hash)
    await chain.mine(8)
    assert await home.newest_report() is None
    await chain.pass_by(WINDOW)
    await chain.mine(8)
    evidence = FakeEvidence(texts={data.hash: data.text})
    results = FinalResults(chain=home, evidence=evidence, clock=FakeClock(), look_seconds=1)
    newest = await results.newest()
    assert newest is not None
    assert results.problem == ""
    said = newest.of(lease)
    assert said is not None
    assert said.measured == counted
    assert await wallet.receipt(offer, counted.leaf) is None
    await asked_until_done(market, lambda: wallet.settle(offer, counted.leaf, newest.proof(lease)))
    transaction = await asked_until_done(market, lambda: wallet.receipt(offer, counted.leaf))
    assert transaction is not None
    receipt = await chain.ask("eth_getTransactionReceipt", f"0x{transaction.hex()}")
    assert receipt["status"] == "0x1"
    credit = 4 * offer.credit_per_slice
    assert await wallet.claimable() == credit

    before = await balance(market, customer)
    for _ in range(2):
        await asked_until_done(market, lambda: wallet.claim(once="60/20/4"))
    assert await balance(market, customer) == before + credit
    assert await wallet.claimable() == 0
    assert await home.time() >= found.first * 60
    assert await home.reported_through() > 0


async def test_a_process_that_ends_while_a_lease_is_opened_opens_it_once_all_the_same(
    market: Market, tmp_path: Path
) -> None:
    await market.do(market.host.address, "bond", "bond", BONDED)
    offer = market.offer()
    async with at_home(market, tmp_path) as first:
        wallet = await first.wallet(SECRET)
        with pytest.raises(ActionPending):
            await wallet.open_lease(offer, signature=market.signed(offer), slices=SliceCount(200))
        async with asyncio.timeout(10):
            while not await wallet.is_opening(offer):  # noqa: ASYNC110 - a ledger has no event
                await asyncio.sleep(QUICKLY)
    async with at_home(market, tmp_path) as second:
        wallet = await second.wallet(SECRET)
        assert await wallet.is_opening(offer)
        await opened(market, wallet, offer)
        assert await second.lease(market.lease(offer)) is not None
    assert await market.events("bond", "Opened") == 1


async def test_what_the_contract_refuses_is_told_by_name_and_can_be_asked_again(
    market: Market, home: HomeChain
) -> None:
    offer = market.offer(expiry=1)
    wallet = await home.wallet(SECRET)
    for _ in range(2):
        with pytest.raises(Reverted, match="ModelBondOfferExpired"):
            await opened(market, wallet, offer)
    assert not await wallet.is_opening(offer)


async def test_signatures_of_offers_and_records_are_told_from_others(
    market: Market, home: HomeChain
) -> None:
    offer, host = market.offer(), address(market.host.address)
    digest = Digest(market.lease(offer))
    assert home.signer_of(digest, market.signed(offer)) == host
    assert home.signer_of(Digest(bytes(32)), market.signed(offer)) != host
    assert home.signer_of(digest, b"short") is None
    assert home.signer_of(digest, bytes(65)) is None
    record = EndpointRecord(
        lease=market.lease(offer),
        sequence=1,
        address="203.0.113.7:30443",
        from_slice=SliceIndex(1),
    )
    signature = market.host.sign_typed(record.typed_data(home.place.endpoints))
    assert home.signer_of(record.digest(home.place.endpoints), signature) == host


async def test_one_key_has_one_wallet_and_what_is_no_key_is_refused_without_quoting_it(
    home: HomeChain,
) -> None:
    assert await home.wallet(SECRET) is await home.wallet(f"0x{SECRET}\n")
    with pytest.raises(Refused, match="must be 64 hex digits") as refusal:
        await home.wallet("my secret")
    assert "my secret" not in str(refusal.value)
