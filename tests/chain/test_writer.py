"""One writer for a key: each named action happens exactly once, on a chain that misbehaves."""

import asyncio
import itertools
from pathlib import Path

import pytest

from anvil.node import Anvil, blocks
from anvil.people import NOBODY, key_of
from anvil.writers import POLICY, settle, writing
from modelbond.adapters.chain.actions import Call, State
from modelbond.adapters.chain.fees import FeePolicy
from modelbond.adapters.chain.keys import Key
from modelbond.adapters.chain.ledger import Ledger
from modelbond.adapters.chain.writer import Writer
from modelbond.errors import (
    ActionPending,
    Bug,
    FeeAboveCap,
    NonceTaken,
    OutOfFunds,
    Refused,
)

GIFT = Call(target=NOBODY, value=7)


def ledger_of(writer: Writer) -> Ledger:
    return writer._ledger


async def test_an_action_returns_once_its_block_is_final(chain: Anvil, writer: Writer) -> None:
    async with blocks(chain):
        mined = await writer.carry_out(GIFT, once="gift", within_seconds=20)
    final = await chain.ask("eth_getBlockByNumber", "finalized", False)  # noqa: FBT003 - JSON-RPC
    assert mined.block <= int(final["number"], 16)
    assert await chain.balance(NOBODY) == 7


async def test_an_action_in_a_block_is_not_done_before_that_block_is_final(
    chain: Anvil, writer: Writer
) -> None:
    await writer.intend(GIFT, once="gift")
    await writer.step()
    await chain.mine(3)
    await writer.step()
    entry = ledger_of(writer).entry("gift")
    assert entry is not None
    assert await chain.balance(NOBODY) == 7
    assert entry.state is State.OPEN


async def test_asking_again_does_nothing_again(chain: Anvil, writer: Writer) -> None:
    async with blocks(chain):
        first = await writer.carry_out(GIFT, once="gift", within_seconds=20)
        second = await writer.carry_out(GIFT, once="gift", within_seconds=20)
    assert second == first
    assert await chain.balance(NOBODY) == 7


async def test_two_who_ask_at_once_get_the_same_block(chain: Anvil, writer: Writer) -> None:
    async with blocks(chain):
        one, other = await asyncio.gather(
            writer.carry_out(GIFT, once="gift", within_seconds=20),
            writer.carry_out(GIFT, once="gift", within_seconds=20),
        )
    assert one == other
    assert await chain.balance(NOBODY) == 7


async def test_many_actions_at_once_take_nonces_without_a_gap(chain: Anvil, writer: Writer) -> None:
    async with blocks(chain), asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(writer.carry_out(GIFT, once=f"gift {number}", within_seconds=30))
    assert await chain.nonce(writer.address) == 10
    assert await chain.balance(NOBODY) == 70


async def test_a_name_for_another_call_is_our_own_mistake(writer: Writer) -> None:
    await writer.intend(GIFT, once="gift")
    with pytest.raises(Bug, match="gift names a call"):
        await writer.intend(Call(target=NOBODY, value=8), once="gift")


async def test_an_action_that_is_not_final_in_time_is_pending_and_goes_on_when_asked_again(
    chain: Anvil, writer: Writer
) -> None:
    with pytest.raises(ActionPending, match="gift: sent, not final yet"):
        await writer.carry_out(GIFT, once="gift", within_seconds=0.5)
    async with blocks(chain):
        await writer.carry_out(GIFT, once="gift", within_seconds=20)
    assert await chain.balance(NOBODY) == 7


async def test_run_carries_out_what_was_only_intended(chain: Anvil, writer: Writer) -> None:
    await writer.intend(GIFT, once="gift")
    running = asyncio.create_task(writer.run())
    async with blocks(chain), asyncio.timeout(20):
        while await asyncio.to_thread(ledger_of(writer).open_entries):  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait({running})
    assert await chain.balance(NOBODY) == 7


async def test_a_stuck_nonce_is_replaced_at_an_eighth_more_until_it_gets_through(
    chain: Anvil, writer: Writer
) -> None:
    await writer.intend(GIFT, once="gift")
    await writer.step()
    for _ in range(4):
        await _blocks_without_room(chain, POLICY.patience_blocks, base_fee=10**8)
        await writer.step()
    entry = ledger_of(writer).entry("gift")
    assert entry is not None
    fees = [signed.fees for signed in entry.signed]
    assert len(fees) == 5
    for before, after in itertools.pairwise(fees):
        assert after.max_fee * 8 >= before.max_fee * 9
        assert after.tip * 8 >= before.tip * 9
    await settle(writer, chain)
    assert await chain.balance(NOBODY) == 7
    assert await chain.nonce(writer.address) == 1


async def test_the_first_transaction_of_a_nonce_counts_as_well_as_its_replacement(
    chain: Anvil, writer: Writer
) -> None:
    await writer.intend(GIFT, once="gift")
    await writer.step()
    first = ledger_of(writer).open_entries()[0].signed[0]
    await _blocks_without_room(chain, POLICY.patience_blocks, base_fee=10**8)
    await writer.step()
    replaced = ledger_of(writer).open_entries()[0].signed[-1]
    await chain.forget(replaced.hash)
    await chain.ask("eth_sendRawTransaction", "0x" + first.raw.hex())
    await chain.finalize()
    await writer.step()
    done = ledger_of(writer).entry("gift")
    assert done is not None
    assert done.mined is not None
    assert done.mined.hash == first.hash != replaced.hash


async def test_a_dropped_transaction_is_sent_again(chain: Anvil, writer: Writer) -> None:
    await writer.intend(GIFT, once="gift")
    await writer.step()
    await chain.forget(ledger_of(writer).open_entries()[0].signed[0].hash)
    await settle(writer, chain)
    assert await chain.balance(NOBODY) == 7


async def test_a_fee_spike_after_sending_is_followed_up_to_the_cap(
    chain: Anvil, writer: Writer
) -> None:
    await writer.intend(GIFT, once="gift")
    await writer.step()
    await _blocks_without_room(chain, POLICY.patience_blocks, base_fee=40 * 10**9)
    await writer.step()
    assert ledger_of(writer).open_entries()[0].signed[-1].fees.max_fee > 40 * 10**9
    await settle(writer, chain)
    assert await chain.balance(NOBODY) == 7


async def test_a_fee_spike_above_the_cap_is_waited_for(chain: Anvil, writer: Writer) -> None:
    await writer.intend(GIFT, once="gift")
    await writer.step()
    for _ in range(6):
        await _blocks_without_room(chain, POLICY.patience_blocks, base_fee=400 * 10**9)
        await writer.step()
    offers = [signed.fees.max_fee for signed in ledger_of(writer).open_entries()[0].signed]
    assert max(offers) <= POLICY.cap
    assert await chain.balance(NOBODY) == 0
    await chain.next_base_fee(10**9)
    await settle(writer, chain)
    assert await chain.balance(NOBODY) == 7


async def test_above_the_cap_nothing_new_is_begun(chain: Anvil, writer: Writer) -> None:
    await _blocks_without_room(chain, 2, base_fee=400 * 10**9)
    with pytest.raises(FeeAboveCap, match="the cap is 100000000000: waiting"):
        await writer.intend(GIFT, once="gift")
    assert ledger_of(writer).is_empty()


async def test_an_intent_from_before_a_spike_is_signed_after_it(
    chain: Anvil, writer: Writer
) -> None:
    await writer.intend(GIFT, once="gift")
    await _blocks_without_room(chain, 2, base_fee=400 * 10**9)
    problems = await writer.step()
    assert [type(problem) for problem in problems.values()] == [FeeAboveCap]
    await chain.next_base_fee(10**9)
    await chain.mine()
    await settle(writer, chain)
    assert await chain.balance(NOBODY) == 7


async def test_a_key_without_coins_says_so_and_goes_on_once_it_has_some(
    chain: Anvil, writer: Writer
) -> None:
    await writer.intend(GIFT, once="gift")
    await chain.fund(writer.address, 0)
    with pytest.raises(OutOfFunds):
        await writer.carry_out(GIFT, once="gift", within_seconds=5)
    await chain.fund(writer.address)
    await settle(writer, chain)
    assert await chain.balance(NOBODY) == 7


async def test_nothing_is_sent_to_an_address_that_no_deployment_names(writer: Writer) -> None:
    stranger = key_of("stranger").address
    with pytest.raises(Refused, match="none of the deployment's contracts"):
        await writer.intend(Call(target=stranger, value=1), once="gift")
    assert ledger_of(writer).is_empty()


async def test_a_nonce_that_somebody_else_used_is_told_and_with_two_nodes_sent_anew(
    chain: Anvil, payer: Key, tmp_path: Path
) -> None:
    async with writing(chain.url, chain.url, key=payer, folder=tmp_path) as writer:
        await writer.intend(GIFT, once="gift")
        await _use_nonce(chain, payer)
        with pytest.raises(NonceTaken, match="gift was not carried out"):
            await writer.carry_out(GIFT, once="gift", within_seconds=5)
        async with blocks(chain):
            await writer.carry_out(GIFT, once="gift", within_seconds=20)
    assert await chain.balance(NOBODY) == 8


async def test_whoever_waits_while_another_step_finds_the_nonce_taken_is_told_so_too(
    chain: Anvil, payer: Key, tmp_path: Path
) -> None:
    async with writing(chain.url, chain.url, key=payer, folder=tmp_path) as writer:
        await writer.intend(GIFT, once="gift")
        await _use_nonce(chain, payer)
        await writer.step()
        with pytest.raises(NonceTaken, match="gift was not carried out"):
            await writer.finish("gift", within_seconds=5)


async def test_what_was_never_begun_cannot_be_finished(writer: Writer) -> None:
    assert not await writer.begun("gift")
    with pytest.raises(Bug, match="never begun"):
        await writer.finish("gift", within_seconds=5)


async def test_one_node_alone_cannot_say_that_a_nonce_was_taken(
    chain: Anvil, payer: Key, tmp_path: Path
) -> None:
    async with writing(chain.url, key=payer, folder=tmp_path) as writer:
        await writer.intend(GIFT, once="gift")
        await _use_nonce(chain, payer)
        for _ in range(2):
            with pytest.raises(NonceTaken):
                await writer.carry_out(GIFT, once="gift", within_seconds=5)
        assert len(ledger_of(writer).open_entries()) == 1


async def test_a_new_ledger_waits_for_what_the_key_has_under_way(
    chain: Anvil, payer: Key, tmp_path: Path
) -> None:
    (tmp_path / "lost").mkdir()
    (tmp_path / "new").mkdir()
    async with writing(chain.url, key=payer, folder=tmp_path / "lost") as before:
        await before.intend(GIFT, once="gift")
        await before.step()
    async with writing(chain.url, key=payer, folder=tmp_path / "new") as after:
        with pytest.raises(ActionPending, match="the ledger is new"):
            await after.intend(GIFT, once="another gift")
        await chain.finalize()
        await after.intend(GIFT, once="another gift")
        await settle(after, chain)
    assert await chain.balance(NOBODY) == 14


async def test_the_default_policy_lets_an_action_through(
    chain: Anvil, payer: Key, tmp_path: Path
) -> None:
    default = writing(chain.url, key=payer, folder=tmp_path, policy=FeePolicy())
    async with default as writer, blocks(chain):
        await writer.carry_out(GIFT, once="gift", within_seconds=20)
    assert await chain.balance(NOBODY) == 7


async def _use_nonce(chain: Anvil, payer: Key) -> None:
    """Send one wei with the key behind its writer's back, and let that become final."""
    raw = payer.sign_transaction(
        {
            "to": NOBODY,
            "value": 1,
            "nonce": await chain.nonce(payer.address),
            "chainId": 31337,
            "gas": 21000,
            "maxFeePerGas": 50 * 10**9,
            "maxPriorityFeePerGas": 10**9,
        }
    )
    await chain.ask("eth_sendRawTransaction", "0x" + raw.hex())
    await chain.finalize()


async def _blocks_without_room(chain: Anvil, count: int, *, base_fee: int) -> None:
    """Make blocks that ask for more than anybody here offers, and leave that much as the price."""
    for _ in range(count):
        await chain.next_base_fee(10**13)
        await chain.mine()
    await chain.next_base_fee(base_fee)
