"""Several RPCs: reads fail over, wrong and stale nodes are left out, and URLs are secrets."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from anvil.faulty import SECRET_PATH, FaultyRpc, before
from anvil.node import CHAIN_ID, Anvil
from anvil.people import NOBODY
from anvil.writers import pool_of, settle, writing
from modelbond.adapters.chain.actions import Call
from modelbond.adapters.chain.heads import HeadLimits
from modelbond.adapters.chain.keys import Key
from modelbond.adapters.chain.pool import RpcPool
from modelbond.adapters.chain.rpc import Rpc, RpcAddress, Web3
from modelbond.errors import Bug, ChainUnreachable, Invalid, WrongChain

GIFT = Call(target=NOBODY, value=7)


@pytest.fixture
async def faulty(chain: Anvil) -> AsyncIterator[FaultyRpc]:
    async with before(chain) as made:
        yield made


@pytest.fixture
async def pool(chain: Anvil, faulty: FaultyRpc) -> AsyncIterator[RpcPool]:
    """A pool that asks the faulty node first, and the good one after it."""
    made = pool_of(faulty.url, chain.url, deadline_seconds=0.5)
    yield made
    await made.close()


async def head(web3: Web3) -> int:
    return await web3.eth.block_number


async def test_a_good_node_is_asked_first_and_alone(
    chain: Anvil, faulty: FaultyRpc, pool: RpcPool
) -> None:
    assert await pool.read(head) == await chain.head()
    assert "eth_blockNumber" in faulty.asked
    assert pool.objections() == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"null",
        b'{"error": 7}',
        b"\xff" * 50,
        b'{"jsonrpc": "2.0", "id": 0, "result": "no number"}',
        b'{"jsonrpc": "2.0", "id": 0, "result": {"number": []}}',
        b'{"jsonrpc": "2.0", "id": 0}',
    ],
)
async def test_an_answer_that_is_none_lets_the_next_node_answer(
    chain: Anvil, faulty: FaultyRpc, pool: RpcPool, body: bytes
) -> None:
    faulty.mad = body
    assert await pool.read(head) == await chain.head()
    assert list(pool.objections()) == ["a"]


async def test_a_node_that_is_down_is_left_out_and_taken_back(
    chain: Anvil, faulty: FaultyRpc, pool: RpcPool
) -> None:
    faulty.down = True
    assert await pool.read(head) == await chain.head()
    assert "HTTP 502" in pool.objections()["a"]
    faulty.down = False
    await pool.read(head)
    assert pool.objections() == {}


async def test_a_silent_node_costs_one_deadline(
    chain: Anvil, faulty: FaultyRpc, pool: RpcPool
) -> None:
    faulty.silent = True
    assert await pool.read(head) == await chain.head()
    assert "TimeoutError" in pool.objections()["a"]


async def test_an_answer_without_end_is_cut_off(
    chain: Anvil, faulty: FaultyRpc, pool: RpcPool
) -> None:
    faulty.mad = b"[" + b"0," * (5 * 2**20) + b"0]"
    assert await pool.read(head) == await chain.head()
    assert "longer than" in pool.objections()["a"]


async def test_a_node_that_fails_between_check_and_question_is_left_out(
    chain: Anvil, faulty: FaultyRpc, pool: RpcPool
) -> None:
    faulty.refusals["eth_blockNumber"] = {"code": -32005, "message": "request limit reached"}
    assert await pool.read(head) == await chain.head()
    assert "request limit reached" in pool.objections()["a"]


async def test_a_lagging_node_is_left_out(chain: Anvil, faulty: FaultyRpc, pool: RpcPool) -> None:
    faulty.lag = 4
    assert await pool.read(head) == await chain.head()
    assert pool.objections() == {"a": "is 4 blocks behind"}


async def test_a_stale_chain_is_not_believed_even_where_all_nodes_agree(
    faulty: FaultyRpc,
) -> None:
    faulty.head_time = 1_600_000_000
    pool = pool_of(faulty.url, limits=HeadLimits(age_seconds=600))
    with pytest.raises(ChainUnreachable, match=r"a: its last block is \d+ s old"):
        await pool.read(head)
    await pool.close()


async def test_a_node_of_another_chain_is_left_out(
    chain: Anvil, faulty: FaultyRpc, pool: RpcPool
) -> None:
    faulty.chain_id = 1
    assert await pool.read(head) == await chain.head()
    assert pool.objections() == {"a": f"speaks for chain 1, not {CHAIN_ID}"}


async def test_only_nodes_of_another_chain_are_a_mistake_of_configuration(
    faulty: FaultyRpc,
) -> None:
    faulty.chain_id = 1
    pool = pool_of(faulty.url)
    with pytest.raises(WrongChain, match=f"a speaks for chain 1, not {CHAIN_ID}"):
        await pool.read(head)
    await pool.close()


async def test_without_any_node_every_reason_is_told(faulty: FaultyRpc) -> None:
    faulty.down = True
    pool = pool_of(faulty.url, "http://127.0.0.1:1")
    with pytest.raises(ChainUnreachable, match=r"a: .*HTTP 502; b: .*ClientConnectorError"):
        await pool.read(head)
    with pytest.raises(ChainUnreachable, match="takes it"):
        await pool.broadcast(b"")
    await pool.close()


async def test_a_question_that_no_node_can_understand_is_not_asked_again(
    faulty: FaultyRpc, pool: RpcPool
) -> None:
    faulty.refusals["eth_blockNumber"] = {"code": -32601, "message": "method not found"}
    with pytest.raises(Invalid, match="method not found"):
        await pool.read(head)
    assert faulty.asked.count("eth_blockNumber") == 1


async def test_a_question_that_we_asked_wrongly_blames_no_node(pool: RpcPool) -> None:
    lower = "0x52908400098527886e0f7030069857d2e4169ee7"
    with pytest.raises(Bug, match="checksum"):
        await pool.read(lambda web3: web3.eth.get_balance(lower))  # type: ignore[arg-type]
    assert pool.objections() == {}


async def test_a_transaction_reaches_the_chain_through_any_node(
    chain: Anvil, faulty: FaultyRpc, payer: Key, tmp_path: Path
) -> None:
    faulty.refusals["eth_sendRawTransaction"] = {"code": -32005, "message": "limit reached"}
    async with writing(faulty.url, chain.url, key=payer, folder=tmp_path) as writer:
        await writer.intend(GIFT, once="gift")
        assert await writer.step() == {}
        await settle(writer, chain)
    assert await chain.balance(NOBODY) == 7


async def test_a_node_that_takes_no_transactions_is_left_out_until_it_is_checked_again(
    chain: Anvil, faulty: FaultyRpc, payer: Key
) -> None:
    faulty.refusals["eth_sendRawTransaction"] = {"code": -32005, "message": "limit reached"}
    pool = pool_of(faulty.url, chain.url)
    raw = payer.sign_transaction(
        {
            "to": NOBODY,
            "value": 7,
            "nonce": 0,
            "chainId": CHAIN_ID,
            "gas": 21_000,
            "gasPrice": 10**10,
        }
    )
    await pool.broadcast(raw)
    assert "limit reached" in pool.objections()["a"]
    await chain.mine()
    assert await chain.balance(NOBODY) == 7
    await pool.close()


async def test_a_node_that_swallows_transactions_only_costs_time(
    chain: Anvil, faulty: FaultyRpc, payer: Key, tmp_path: Path
) -> None:
    faulty.drops_sends = True
    async with writing(faulty.url, key=payer, folder=tmp_path) as writer:
        await writer.intend(GIFT, once="gift")
        await writer.step()
        await chain.mine(2)
        faulty.drops_sends = False
        await settle(writer, chain)
    assert await chain.balance(NOBODY) == 7


async def test_all_nodes_down_while_an_action_is_under_way_only_costs_time(
    chain: Anvil, faulty: FaultyRpc, payer: Key, tmp_path: Path
) -> None:
    async with writing(faulty.url, key=payer, folder=tmp_path) as writer:
        await writer.intend(GIFT, once="gift")
        await writer.step()
        faulty.down = True
        await chain.mine(3)
        (problem,) = (await writer.step()).values()
        assert isinstance(problem, ChainUnreachable)
        faulty.down = False
        await settle(writer, chain)
    assert await chain.balance(NOBODY) == 7


async def test_a_node_without_the_receipt_never_makes_an_action_happen_twice(
    chain: Anvil, faulty: FaultyRpc, payer: Key, tmp_path: Path
) -> None:
    faulty.hides_receipts = True
    async with writing(faulty.url, chain.url, key=payer, folder=tmp_path) as writer:
        await writer.intend(GIFT, once="gift")
        await settle(writer, chain)
        assert len(writer._ledger.open_entries()) == 1
        faulty.hides_receipts = False
        await settle(writer, chain)
        await writer.carry_out(GIFT, once="gift", within_seconds=5)
    assert await chain.balance(NOBODY) == 7
    assert await chain.nonce(payer.address) == 1


async def test_urls_are_in_no_error_no_text_and_no_log(
    faulty: FaultyRpc, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    address = RpcAddress(name="a", url=faulty.url)
    rpc = Rpc(address, deadline_seconds=1)
    failures = []
    for fault in ({"down": True}, {"down": False, "mad": b"{"}, {"mad": None, "silent": True}):
        for switch, value in fault.items():
            setattr(faulty, switch, value)
        with pytest.raises(ChainUnreachable) as caught:
            await rpc.ask(head)
        failures.append(caught.value)
    refused = Rpc(RpcAddress(name="b", url=f"http://127.0.0.1:1{SECRET_PATH}"))
    with pytest.raises(ChainUnreachable) as caught:
        await refused.ask(head)
    # The fake's own log of requests is no log of ours.
    ours = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    shown = [*map(str, [*failures, caught.value]), repr(address), repr(rpc), *ours]
    assert not [text for text in shown if SECRET_PATH in text]
    await rpc.close()
    await refused.close()


async def test_a_redirect_is_no_answer(chain: Anvil, faulty: FaultyRpc, pool: RpcPool) -> None:
    faulty.redirect = f"{chain.url}/elsewhere"
    assert await pool.read(head) == await chain.head()
    assert "HTTP 307" in pool.objections()["a"]
