"""A process killed between any two steps: the next one finishes, and nothing happens twice."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from anvil.node import Anvil
from anvil.people import NOBODY
from anvil.victim import POINTS, Errand
from anvil.writers import NO_CODE, settle, writing
from modelbond.adapters.chain.actions import Call
from modelbond.adapters.chain.keys import Key

GIFT = Call(target=NOBODY, value=7)


@pytest.mark.parametrize("point", POINTS)
async def test_a_killed_writers_action_happens_exactly_once(
    chain: Anvil, payer: Key, tmp_path: Path, point: str
) -> None:
    errand = Errand(
        url=chain.url,
        folder=tmp_path,
        name="payer",
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


async def died(errand: Errand, chain: Anvil) -> int:
    """Run the errand until it dies, with blocks being made meanwhile; return how it ended."""
    path = {"PYTHONPATH": "operator:tests"}
    victim = await asyncio.create_subprocess_exec(*errand.arguments(), env={**os.environ, **path})
    async with asyncio.timeout(40):
        while victim.returncode is None:
            await chain.mine()
            await asyncio.wait({asyncio.create_task(victim.wait())}, timeout=0.05)
    return victim.returncode
