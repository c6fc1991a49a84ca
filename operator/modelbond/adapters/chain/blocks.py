"""Finalized blocks by time."""

from web3.types import BlockData

from modelbond.adapters.chain.pool import RpcPool
from modelbond.adapters.chain.rpc import Web3
from modelbond.settlement.units import Digest
from modelbond.sla.evidence import Block


class BlockViews:
    """Blocks of one chain, as every node will say them for ever."""

    def __init__(self, pool: RpcPool) -> None:
        self._pool = pool

    async def newest_time(self) -> int:
        """Return the time of the newest block, final or not, in seconds since 1970."""

        async def look(web3: Web3) -> int:
            return (await web3.eth.get_block("latest"))["timestamp"]

        return await self._pool.read(look)

    async def last_until(self, time: int) -> Block | None:
        """Return the last block with a time not after that; None while no later one is final."""

        async def look(web3: Web3) -> Block | None:
            later = await web3.eth.get_block("finalized")
            if later["timestamp"] <= time:
                return None
            found = await _before(web3, later, time=time)
            if found is None:
                return None
            return Block(
                number=found["number"],
                time=found["timestamp"],
                hash=Digest(bytes(found["hash"])),
            )

        return await self._pool.read(look)


async def _before(web3: Web3, later: BlockData, *, time: int) -> BlockData | None:
    """Search back from a block that is later: in strides that double, then by halves."""
    high, stride = later["number"], 1
    low = await web3.eth.get_block(max(high - stride, 0))
    while low["timestamp"] > time:
        if not low["number"]:
            return None
        high, stride = low["number"], 2 * stride
        low = await web3.eth.get_block(max(high - stride, 0))
    while high - low["number"] > 1:
        middle = await web3.eth.get_block((low["number"] + high) // 2)
        if middle["timestamp"] <= time:
            low = middle
        else:
            high = middle["number"]
    return low
