"""Anvil as a child process: real blocks, real finality after four of them, real reorgs."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

BINARY = Path(__file__).parents[2] / "contracts/node_modules/.bin/anvil"
CHAIN_ID = 31337
BLOCKS_TO_FINALITY = 4
_LISTENING = "Listening on "
_START_SECONDS = 20
_STOP_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Anvil:
    """One chain. It makes no block of its own accord."""

    url: str
    session: aiohttp.ClientSession = field(repr=False)

    async def ask(self, method: str, *params: object) -> Any:
        """Return the result of a JSON-RPC call; an error is a failure of the test."""
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        async with self.session.post(self.url, json=request) as response:
            answer = await response.json()
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    async def mine(self, blocks: int = 1) -> None:
        """Make that many blocks; the first takes what waits."""
        for _ in range(blocks):
            await self.ask("evm_mine")

    async def finalize(self) -> None:
        """Include what waits, and let it become final."""
        await self.mine(1 + BLOCKS_TO_FINALITY + 2)

    async def reorg(self, depth: int) -> None:
        """Put as many empty blocks in the place of the last ones; their transactions are gone."""
        await self.ask("anvil_reorg", depth, [])

    async def time(self) -> int:
        """Return the last block's time."""
        return int((await self.ask("eth_getBlockByNumber", "latest", False))["timestamp"], 16)  # noqa: FBT003 - JSON-RPC

    async def warp(self, time: int) -> None:
        """Make a block at that time."""
        await self.ask("evm_setNextBlockTimestamp", time)
        await self.mine()

    async def pass_by(self, seconds: int) -> None:
        """Let that much time pass."""
        await self.warp(await self.time() + seconds)

    async def impersonate(self) -> None:
        """Let `transact` act for anybody."""
        await self.ask("anvil_autoImpersonateAccount", True)  # noqa: FBT003 - JSON-RPC

    async def transact(self, sender: str, *, data: bytes, to: str | None = None) -> Any:
        """Send for anybody, make a block, and return the receipt."""
        call = {"from": sender, "data": f"0x{data.hex()}", "gas": hex(2**24)}
        sent = await self.ask("eth_sendTransaction", call | ({"to": to} if to else {}))
        await self.mine()
        return await self.ask("eth_getTransactionReceipt", sent)

    async def snapshot(self) -> str:
        return str(await self.ask("evm_snapshot"))

    async def back_to(self, snapshot: str) -> None:
        """Make everything since the snapshot undone."""
        await self.ask("evm_revert", snapshot)

    async def head(self) -> int:
        return int(await self.ask("eth_blockNumber"), 16)

    async def balance(self, address: str) -> int:
        return int(await self.ask("eth_getBalance", address, "latest"), 16)

    async def nonce(self, address: str) -> int:
        return int(await self.ask("eth_getTransactionCount", address, "latest"), 16)

    async def fund(self, address: str, wei: int = 10**21) -> None:
        await self.ask("anvil_setBalance", address, hex(wei))

    async def next_base_fee(self, wei: int) -> None:
        """Set what the next block asks for."""
        await self.ask("anvil_setNextBlockBaseFeePerGas", hex(wei))

    async def forget(self, transaction: bytes) -> None:
        """Drop a transaction that waits, as a full mempool does."""
        await self.ask("anvil_dropTransaction", "0x" + transaction.hex())


@asynccontextmanager
async def running(*options: str) -> AsyncIterator[Anvil]:
    """Start a chain on a free port of loopback, and stop that very process at the end."""
    command = [str(BINARY), "--host", "127.0.0.1", "--port", "0", "--no-mining"]
    command += ["--slots-in-an-epoch", str(BLOCKS_TO_FINALITY // 2), *options]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(_START_SECONDS):
            url = await _url(process)
        drain = asyncio.create_task(_drained(process))
        async with aiohttp.ClientSession() as session:
            yield Anvil(url=url, session=session)
        drain.cancel()
    finally:
        await _stopped(process)


@asynccontextmanager
async def blocks(chain: Anvil, *, each_seconds: float = 0.01) -> AsyncIterator[None]:
    """Make blocks until the block of code ends."""

    async def mine() -> None:
        while True:
            await chain.mine()
            await asyncio.sleep(each_seconds)

    miner = asyncio.create_task(mine())
    try:
        yield
    finally:
        miner.cancel()
        await asyncio.wait({miner})


async def _url(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    said = []
    async for line in process.stdout:
        said.append(line.decode())
        if said[-1].startswith(_LISTENING):
            return f"http://{said[-1].removeprefix(_LISTENING).strip()}"
    raise AssertionError(f"anvil did not start: {''.join(said)}")


async def _drained(process: asyncio.subprocess.Process) -> None:
    """Read what anvil prints: a full pipe would stop it."""
    assert process.stdout is not None
    while await process.stdout.readline():
        pass


async def _stopped(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
