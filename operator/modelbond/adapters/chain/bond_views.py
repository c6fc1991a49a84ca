"""What ModelBond says at the finalized block, in domain words."""

from typing import Any

from web3.types import BlockIdentifier

from modelbond.adapters.chain.contract import Contract
from modelbond.adapters.chain.rpc import Web3
from modelbond.settlement.accounts import Bond
from modelbond.settlement.lease import Lease
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.units import Address, LeaseId, SliceCount, SlotId, Wei

_NEVER = 2**40 - 1


class BondViews:
    """Bonds, leases and balances, as every node will say them for ever."""

    def __init__(self, contract: Contract, *, at: BlockIdentifier = "finalized") -> None:
        self._contract = contract
        self._at = at

    async def bond_of(self, host: Address) -> Bond:
        """Return a host's bond."""
        said = await self._contract.read("bondOf", host, at=self._at)
        return Bond(total=Wei(said["total"]), reserved=Wei(said["reserved"]))

    async def lease(self, lease: LeaseId) -> Lease | None:
        """Return a lease, or None where none of that id was opened."""
        said = await self._contract.read("leaseOf", lease, at=self._at)
        return _lease(said) if said["epoch"] else None

    async def lease_by(self, web3: Web3, lease: LeaseId, *, at: BlockIdentifier) -> Lease | None:
        """Return a lease as that very node shows it in a block, or None."""
        said = await self._contract.read_by(web3, "leaseOf", lease, at=at)
        return _lease(said) if said["epoch"] else None

    async def newest_in(self, slot: SlotId, *, customer: Address) -> LeaseId | None:
        """Return the newest lease of a customer's slot, or None where it never had one."""
        said: bytes = await self._contract.read("leaseIn", customer, slot, at=self._at)
        return LeaseId(said) if any(said) else None

    async def announced(self, lease: LeaseId, *, period: int) -> SliceCount:
        """Return the slices of maintenance that were announced in a period of a lease."""
        return SliceCount(await self._contract.read("announcedIn", lease, period, at=self._at))

    async def claimable(self, account: Address) -> Wei:
        """Return what an account can claim."""
        return Wei(await self._contract.read("balanceOf", account, at=self._at))

    async def pool_of(self, tower: Address) -> Wei:
        """Return what a tower's watchers' pool holds."""
        return Wei(await self._contract.read("poolOf", tower, at=self._at))

    async def paid_to(self, watcher: Address, *, tower: Address) -> Wei:
        """Return what a watcher was paid out of a tower's pool."""
        return Wei(await self._contract.read("paidTo", tower, watcher, at=self._at))


def _lease(said: dict[str, Any]) -> Lease:
    return Lease(
        first=said["first"],
        noticed=None if said["noticed"] == _NEVER else said["noticed"],
        funded=said["funded"],
        slice_seconds=said["slice"],
        notice=said["notice"],
        epoch=said["epoch"],
        released=said["released"],
        measured=Leaf(through=said["through"], unearned=said["unearned"], breach=said["breach"]),
        paid=said["paid"],
    )
