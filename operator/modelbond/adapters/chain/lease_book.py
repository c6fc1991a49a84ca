"""Every open lease of a bond contract at a block, kept from its finalized events."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from modelbond.adapters.chain.contract import Contract, Event
from modelbond.errors import Bug
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.offer import Offer
from modelbond.settlement.units import (
    LeaseId,
    SliceCount,
    SliceIndex,
)
from modelbond.sla import leases
from modelbond.sla.leases import Happening, OpenLease, leases_after

_Values = Mapping[str, Any]


class LeaseBook:
    """Follows one contract's events, read once for both of its answers.

    A block is asked for in order: time does not run back. Blocks are those at which somebody was
    answered, or all that is final.
    """

    def __init__(self, contract: Contract, *, since: int = 0) -> None:
        self._contract = contract
        self._next_block = since
        self._waiting: list[Event] = []
        self._leases: dict[LeaseId, OpenLease] = {}
        self._newest: dict[LeaseId, OpenLease] = {}
        self._at = -1
        self._reading = asyncio.Lock()

    async def at(self, block: int) -> Mapping[LeaseId, OpenLease]:
        """Return the leases open once that finalized block was over."""
        if block < self._at:
            raise Bug(f"block {block} was asked for after block {self._at}")
        await self._read()
        due = [event for event in self._waiting if event.block <= block]
        self._waiting = self._waiting[len(due) :]
        self._leases = leases_after(self._leases, map(_happening, due))
        self._at = block
        return dict(self._leases)

    async def newest(self) -> Mapping[LeaseId, OpenLease]:
        """Return the leases open where the chain is final now; `at` may be asked as before."""
        await self._read()
        return dict(self._newest)

    async def _read(self) -> None:
        async with self._reading:
            found, self._next_block = await self._contract.events(
                tuple(_READERS), since=self._next_block
            )
            self._waiting += found
            self._newest = leases_after(self._newest, map(_happening, found))


def _happening(event: Event) -> Happening:
    lease = LeaseId(event.values["lease"])
    return _READERS[event.name](lease, event.values)


def _opened(lease: LeaseId, said: _Values) -> Happening:
    return leases.Opened(
        lease=lease,
        offer=Offer.of(said["offer"]),
        first=SliceIndex(said["first"]),
        slices=SliceCount(said["slices"]),
    )


def _ending(lease: LeaseId, said: _Values) -> Happening:
    return leases.Ending(lease=lease, end=SliceIndex(said["end"]))


def _topped_up(lease: LeaseId, said: _Values) -> Happening:
    return leases.ToppedUp(lease=lease, slices=SliceCount(said["slices"]))


def _announced(lease: LeaseId, said: _Values) -> Happening:
    window = SliceIndex(said["from"]), SliceCount(said["slices"])
    return leases.Announced(lease=lease, window=window)


def _settled(lease: LeaseId, said: _Values) -> Happening:
    leaf = Leaf(through=said["through"], unearned=said["unearned"], breach=said["breach"])
    return leases.Settled(lease=lease, leaf=leaf)


def _released(lease: LeaseId, _: _Values) -> Happening:
    return leases.Released(lease=lease)


_READERS: Mapping[str, Callable[[LeaseId, _Values], Happening]] = {
    "Opened": _opened,
    "Noticed": _ending,
    "CoverUsedUp": _ending,
    "ToppedUp": _topped_up,
    "MaintenanceAnnounced": _announced,
    "Settled": _settled,
    "Released": _released,
}
