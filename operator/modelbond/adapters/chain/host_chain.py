"""The chain as a host uses it: implements ports.HostChain with the host's one key."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from modelbond.adapters.chain.chain import Acting
from modelbond.adapters.chain.configured import ConfiguredChain
from modelbond.adapters.chain.fees import FeePolicy
from modelbond.adapters.chain.keys import Key
from modelbond.adapters.chain.rpc import Web3
from modelbond.adapters.chain.under_way import UnderWay
from modelbond.adapters.chain.writer import POLL_SECONDS
from modelbond.ports.leases import Look
from modelbond.ports.process import Supervisor
from modelbond.settlement.accounts import Bond
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.offer import Offer, lease_id
from modelbond.settlement.place import ChainPlace
from modelbond.settlement.report import FinalReport, Progress, Proof
from modelbond.settlement.units import (
    Address,
    LeaseId,
    SliceCount,
    SliceIndex,
    SlotId,
    Wei,
    address,
)

PATIENCE_SECONDS = 2.0
_WITNESSES = 2


class HostChain:
    """Looks by every node, and acts by one writer, whose ledger is held until `run` ends."""

    def __init__(  # noqa: PLR0913 - the parts that it is put together from
        self,
        made: ConfiguredChain,
        *,
        key: Key,
        supervisor: Supervisor,
        policy: FeePolicy | None = None,
        poll_seconds: float = POLL_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._made = made
        self._key = key
        self._supervisor = supervisor
        self._policy = policy
        self._poll_seconds = poll_seconds
        self._under_way = UnderWay(patience_seconds=patience_seconds)
        self._reports = made.chain.final_reports()
        self._opening = asyncio.Lock()
        self._held = AsyncExitStack()
        self._acting: Acting | None = None

    @property
    def place(self) -> ChainPlace:
        """Return which contracts these are."""
        return self._made.place

    @property
    def address(self) -> Address:
        """Return the host's account."""
        return address(self._key.address)

    @property
    def witnesses(self) -> int:
        """Return how many nodes must show an end."""
        return min(_WITNESSES, self._made.pool.size)

    def sign(self, message: Mapping[str, Any]) -> bytes:
        """Return the host's signature over EIP-712 typed data."""
        return self._key.sign_typed(message)

    async def look(self, leases: Sequence[LeaseId]) -> Sequence[Look]:
        """Return what each node that answers shows at its finalized block."""

        async def ask(web3: Web3) -> Look:
            block = await web3.eth.get_block("finalized")
            number = block["number"]
            views = self._made.chain.bond
            found = {lease: await views.lease_by(web3, lease, at=number) for lease in leases}
            return Look(time=block["timestamp"], leases=found)

        return await self._made.pool.read_each(ask)

    async def bond(self) -> Bond:
        """Return the host's bond."""
        return await self._made.chain.bond.bond_of(self.address)

    async def newest_epoch(self, slot: SlotId, *, customer: Address) -> int:
        """Return the epoch of a slot's newest lease, 0 where it never had one."""
        newest = await self._made.chain.bond.newest_in(slot, customer=customer)
        lease = await self._made.chain.bond.lease(newest) if newest else None
        return lease.epoch if lease else 0

    async def newest_report(self) -> FinalReport | None:
        """Return the newest final report."""
        return await self._reports.newest()

    async def add_to_bond(self, amount: Wei, *, once: str) -> None:
        """Bond so much more."""
        await self._do(f"bond/{amount}/{once}", lambda acting: acting.bond.bond(amount, once=once))

    async def withdraw_bond(self, amount: Wei, *, once: str) -> None:
        """Take back what is free."""
        await self._do(
            f"withdraw bond/{amount}/{once}",
            lambda acting: acting.bond.withdraw_bond(amount, once=once),
        )

    async def close(self, offer: Offer) -> None:
        """Give notice."""
        await self._do(self._name("close", offer), lambda acting: acting.bond.close(offer))

    async def announce(self, offer: Offer, *, start: SliceIndex, slices: SliceCount) -> None:
        """Announce maintenance."""
        await self._do(
            self._name("announce", offer, start, slices),
            lambda acting: acting.bond.announce(offer, start=start, slices=slices),
        )

    async def withdraw_stream(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        """Take what was earned."""
        await self._do(
            self._name("stream", offer, leaf),
            lambda acting: acting.bond.withdraw_stream(offer, leaf, proof),
        )

    async def release(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        """Deal all out."""
        await self._do(
            self._name("release", offer), lambda acting: acting.bond.release(offer, leaf, proof)
        )

    async def progress(self) -> Progress:
        """Return how far the tower speaks."""
        return await self._made.chain.tower.progress()

    async def settle(self, offer: Offer, leaf: Leaf, proof: Proof) -> None:
        """Let the lease know a leaf."""
        await self._do(
            self._name("settle", offer, leaf), lambda acting: acting.bond.settle(offer, leaf, proof)
        )

    async def stall(self, *, once: str) -> None:
        """Free the streams."""
        await self._do(f"stall/{once}", lambda acting: acting.tower.stall(once=once))

    async def withdraw_stalled(self, offer: Offer, *, once: str) -> None:
        """Take what is free."""
        await self._do(
            self._name("stalled", offer, once),
            lambda acting: acting.bond.withdraw_stalled(offer, once=once),
        )

    async def release_abandoned(self, offer: Offer) -> None:
        """Deal all out without a last leaf."""
        await self._do(
            self._name("abandoned", offer), lambda acting: acting.bond.release_abandoned(offer)
        )

    async def claimable(self) -> Wei:
        """Return what waits at the contract."""
        return await self._made.chain.bond.claimable(self.address)

    async def claim(self, *, once: str) -> None:
        """Take it."""
        await self._do(f"claim/{once}", lambda acting: acting.bond.claim(once=once))

    async def run(self) -> None:
        """Hold the ledger until the process ends: meant for a Supervisor."""
        try:
            await asyncio.Event().wait()
        finally:
            await self.close_down()

    async def close_down(self) -> None:
        """Give the ledger back; what was begun goes on after the next start."""
        await self._under_way.close()
        self._supervisor.stop(_WRITER)
        self._acting = None
        await self._held.aclose()

    async def _do(self, name: str, act: Callable[[Acting], Awaitable[object]]) -> None:
        acting = await self._opened()

        async def acted() -> object:
            return await act(acting)

        await self._under_way.ended(name, acted)

    async def _opened(self) -> Acting:
        async with self._opening:
            if self._acting is None:
                self._acting = await self._held.enter_async_context(
                    self._made.chain.acting(
                        self._key,
                        ledgers=self._made.ledgers,
                        policy=self._policy,
                        poll_seconds=self._poll_seconds,
                    )
                )
                self._supervisor.start(_WRITER, self._acting.writer.run)
            return self._acting

    def _name(self, action: str, offer: Offer, *facts: object) -> str:
        lease = lease_id(offer, domain=self.place.offers).hex()
        return "/".join([action, lease, *map(str, facts)])


_WRITER = "host-chain-writer"
