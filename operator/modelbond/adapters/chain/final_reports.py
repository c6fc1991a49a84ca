"""A tower's newest final report, followed from a block that is old enough to know it."""

import asyncio
from dataclasses import replace

from modelbond.adapters.chain.pool import RpcPool
from modelbond.adapters.chain.rpc import Web3
from modelbond.adapters.chain.tower_views import Reports, TowerViews
from modelbond.settlement.accounts import ABANDON_SECONDS, STALL_SECONDS
from modelbond.settlement.report import RING, FinalReport

_BACK_SECONDS = ABANDON_SECONDS + 2 * STALL_SECONDS  # a tower that is silent longer is abandoned


class FinalReports:
    """Reads on from where it read before."""

    def __init__(self, tower: TowerViews, *, pool: RpcPool, since: int = 0) -> None:
        self._tower = tower
        self._pool = pool
        self._since = since
        self._known: Reports | None = None
        self._reading = asyncio.Lock()

    async def newest(self) -> FinalReport | None:
        """Return the newest report that is final, or None."""
        async with self._reading:
            known = self._known or Reports(next_block=await self._pool.read(self._old_enough))
            found = await self._tower.reports(known)
            self._known = replace(found, standing=found.standing[-RING:])
        for posted in reversed(self._known.standing):
            through = await self._tower.final_through(posted)
            if through is not None:
                return FinalReport(
                    ref=posted.ref, root=posted.root, data_hash=posted.data_hash, through=through
                )
        return None

    async def _old_enough(self, web3: Web3) -> int:
        """Return the first block that is not older than what matters, by halving."""
        last = await web3.eth.get_block("finalized")
        wanted = last["timestamp"] - _BACK_SECONDS
        first, after = self._since, int(last["number"])
        while first < after:
            middle = (first + after) // 2
            if (await web3.eth.get_block(middle))["timestamp"] < wanted:
                first = middle + 1
            else:
                after = middle
        return first
