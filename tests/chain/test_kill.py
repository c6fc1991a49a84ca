"""A process killed between any two steps: the next one finishes, and nothing happens twice."""

import asyncio
import os
import signal
from pathlib import Path
from typing import cast

import pytest

from anvil.kinds import KINDS
from anvil.market import Market
from anvil.node import CHAIN_ID, Anvil, blocks
from anvil.people import NOBODY, secret_of
from anvil.recorder import Recorder
from anvil.victim import POINTS, Errand
from anvil.writers import NO_CODE, settle, writing
from modelbond.adapters.chain.actions import Call
from modelbond.adapters.chain.keys import Key
from modelbond.adapters.chain.writer import Writer

GIFT = Call(target=NOBODY, value=7)


@pytest.mark.parametrize("point", POINTS)
async def test_a_killed_writers_action_happens_exactly_once(
    chain: Anvil, payer: Key, tmp_path: Path, point: str
) -> None:
    errand = Errand(
        url=chain.url,
        path=tmp_path / f"{payer.address}.sqlite",
        secret=secret_of("payer"),
        call=GIFT,
        once="gift",
        point=point,
        expected=dict(NO_CODE),
    )
    assert await died(errand, chain) == -signal.SIGKILL
    async with writing(chain.url, key=payer, folder=tmp_path) as writer:
        await writer.intend(GIFT, once="gift")
        await settle(writer, chain)
        await settle(writer, chain)
        assert await writer.carry_out(GIFT, once="gift", within_seconds=5)
    assert await chain.balance(NOBODY) == 7
    assert await chain.nonce(payer.address) == 1


WHERE = {
    "bond": "before the intent is on disk",
    "open": "before signing",
    "settle": "before the signature is on disk",
    "withdraw stream": "before sending",
    "post": "after sending",
    "release": "after a block took it",
    "claim": "before the outcome is on disk",
}


@pytest.mark.parametrize(("name", "point"), WHERE.items())
async def test_a_killed_processs_transaction_of_that_kind_takes_effect_exactly_once(
    market: Market, tmp_path: Path, name: str, point: str
) -> None:
    kind, chain = KINDS[name], market.chain
    key = kind.who(market)
    act = await kind.prepare(market)
    before = await market.events(kind.contract, kind.event)
    recorder = Recorder(key=key)
    await act(market.view._acting(cast("Writer", recorder)))
    ((once, call),) = recorder.calls.items()
    errand = Errand(
        url=chain.url,
        path=ledger_path(tmp_path, key),
        secret=bytes(key._account.key),
        call=call,
        once=once,
        point=point,
        expected=dict(market.deployment.code_hashes),
    )
    await chain.mine(8)
    assert await died(errand, chain) == -signal.SIGKILL
    async with market.acting(key, tmp_path) as acting, blocks(chain):
        await act(acting)
        await act(acting)
    assert await market.events(kind.contract, kind.event) == before + 1


def ledger_path(folder: Path, key: Key) -> Path:
    return folder / f"{CHAIN_ID}-{key.address}.sqlite"


async def died(errand: Errand, chain: Anvil) -> int:
    """Run the errand until it dies, with blocks being made meanwhile; return how it ended."""
    path = {"PYTHONPATH": "operator:tests"}
    victim = await asyncio.create_subprocess_exec(*errand.arguments(), env={**os.environ, **path})
    async with asyncio.timeout(40):
        while victim.returncode is None:
            await chain.mine()
            await asyncio.wait({asyncio.create_task(victim.wait())}, timeout=0.05)
    return victim.returncode
