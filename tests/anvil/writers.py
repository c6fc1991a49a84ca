"""A writer on a test's chain, from real parts; any of them can be another one."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from eth_hash.backends.pycryptodome import keccak256

from anvil.node import CHAIN_ID, Anvil
from anvil.people import NOBODY
from modelbond.adapters.chain.code import CodeCheck
from modelbond.adapters.chain.fees import FeePolicy
from modelbond.adapters.chain.heads import HeadLimits
from modelbond.adapters.chain.keys import Key
from modelbond.adapters.chain.ledger import Ledger
from modelbond.adapters.chain.pool import RpcPool
from modelbond.adapters.chain.rpc import Rpc, RpcAddress
from modelbond.adapters.chain.writer import Writer
from modelbond.runtime.clock import SystemClock

POLICY = FeePolicy(cap=100 * 10**9, patience_blocks=3)
NO_CODE = {NOBODY: keccak256(b"")}
QUICKLY = 0.02
# Anvil's blocks are as old as the chain: their age says nothing here.
LIMITS = HeadLimits(age_seconds=10**9)


def pool_of(
    *urls: str,
    limits: HeadLimits = LIMITS,
    deadline_seconds: float = 5,
    kind: type[RpcPool] = RpcPool,
) -> RpcPool:
    """Return a pool over these nodes, named a, b, c and so on, that checks each time."""
    addresses = [RpcAddress(name=chr(ord("a") + i), url=url) for i, url in enumerate(urls)]
    return kind(
        [Rpc(address, deadline_seconds=deadline_seconds) for address in addresses],
        chain_id=CHAIN_ID,
        clock=SystemClock(),
        limits=limits,
        recheck_seconds=0,
    )


@asynccontextmanager
async def writing(
    *urls: str,
    key: Key,
    folder: Path,
    policy: FeePolicy = POLICY,
    expected: Mapping[str, bytes] = NO_CODE,
) -> AsyncIterator[Writer]:
    """Give a writer whose ledger is in that folder, until the block ends."""
    pool = pool_of(*urls)
    ledger = Ledger(folder / f"{key.address}.sqlite", chain_id=CHAIN_ID, sender=key.address)
    try:
        yield Writer(
            pool=pool,
            key=key,
            ledger=ledger,
            code=CodeCheck(pool, expected),
            policy=policy,
            poll_seconds=QUICKLY,
        )
    finally:
        ledger.close()
        await pool.close()


async def settle(writer: Writer, chain: Anvil, *, steps: int = 4) -> None:
    """Let the writer send, and the chain make it final."""
    for _ in range(steps):
        await writer.step()
        await chain.mine(3)
    await writer.step()
