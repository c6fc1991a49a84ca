"""The chain as a home uses it: implements ports.LeaseChain over one pool of RPCs."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from modelbond.adapters.chain.chain import Chain
from modelbond.adapters.chain.fees import FeePolicy
from modelbond.adapters.chain.home_wallet import HomeWallet
from modelbond.adapters.chain.keys import Role, key_of_text
from modelbond.adapters.chain.pool import RpcPool
from modelbond.adapters.chain.rpc import Web3
from modelbond.adapters.chain.signatures import signer_of
from modelbond.adapters.chain.under_way import UnderWay
from modelbond.adapters.chain.writer import POLL_SECONDS
from modelbond.ports.process import Supervisor
from modelbond.settlement.lease import Lease
from modelbond.settlement.place import ChainPlace
from modelbond.settlement.report import FinalReport
from modelbond.settlement.units import Address, Digest, LeaseId

PATIENCE_SECONDS = 2.0


class HomeChain:
    """Views for all leases, and a wallet for each key; its ledgers are held until it is closed."""

    def __init__(  # noqa: PLR0913 - the parts that it is put together from
        self,
        chain: Chain,
        *,
        place: ChainPlace,
        pool: RpcPool,
        ledgers: Path,
        supervisor: Supervisor,
        policy: FeePolicy | None = None,
        poll_seconds: float = POLL_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._chain = chain
        self._place = place
        self._pool = pool
        self._ledgers = ledgers
        self._supervisor = supervisor
        self._policy = policy
        self._poll_seconds = poll_seconds
        self._under_way = UnderWay(patience_seconds=patience_seconds)
        self._reports = chain.final_reports()
        self._wallets: dict[str, HomeWallet] = {}
        self._opening = asyncio.Lock()
        self._held = AsyncExitStack()

    @property
    def place(self) -> ChainPlace:
        """Return which contracts these are."""
        return self._place

    async def time(self) -> int:
        """Return the finalized block's time."""
        return await self._pool.read(_final_time)

    async def lease(self, lease: LeaseId) -> Lease | None:
        """Return a lease at the finalized block."""
        return await self._chain.bond.lease(lease)

    async def newest_report(self) -> FinalReport | None:
        """Return the newest final report."""
        return await self._reports.newest()

    async def reported_through(self) -> int:
        """Return through when the tower speaks."""
        return (await self._chain.tower.progress()).reported_through

    def signer_of(self, digest: Digest, signature: bytes) -> Address | None:
        """Return who signed."""
        return signer_of(digest, signature)

    async def wallet(self, secret: str) -> HomeWallet:
        """Return the wallet of a key, the same one each time: a key has one writer."""
        key = key_of_text(secret, role=Role.PAYING)
        async with self._opening:
            if key.address not in self._wallets:
                acting = await self._held.enter_async_context(
                    self._chain.acting(
                        key,
                        ledgers=self._ledgers,
                        policy=self._policy,
                        poll_seconds=self._poll_seconds,
                    )
                )
                self._supervisor.start(f"wallet/{key.address}", acting.writer.run)
                self._wallets[key.address] = HomeWallet(
                    acting, views=self._chain.bond, place=self._place, under_way=self._under_way
                )
            return self._wallets[key.address]

    async def close(self) -> None:
        """Give the ledgers back; what was begun goes on after the next start."""
        await self._under_way.close()
        for address in self._wallets:
            self._supervisor.stop(f"wallet/{address}")
        self._wallets.clear()
        await self._held.aclose()

    async def run(self) -> None:
        """Hold what was opened until the process ends: meant for a Supervisor."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close()
            await self._pool.close()


async def _final_time(web3: Web3) -> int:
    return (await web3.eth.get_block("finalized"))["timestamp"]
