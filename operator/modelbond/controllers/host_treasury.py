"""A host's own leases on chain: notice where it leaves, its stream, the release, its balance."""

import asyncio
import logging
from collections.abc import Mapping
from typing import assert_never

from modelbond.api.kinds import Json
from modelbond.controllers.host_lease_watch import LeaseWatch, Opened, given_in
from modelbond.controllers.lease_results import FinalResults, Results
from modelbond.controllers.maintenance import Maintenance
from modelbond.errors import ActionPending, ModelbondError
from modelbond.ports.cluster import Events
from modelbond.ports.leases import HostChain
from modelbond.ports.process import Clock
from modelbond.reconcile.host_lease_money import (
    Account,
    Close,
    Move,
    Release,
    ReleaseAbandoned,
    Settle,
    Stall,
    Withdraw,
    WithdrawStalled,
    moves,
)
from modelbond.settlement.report import Progress
from modelbond.settlement.units import LeaseId

_log = logging.getLogger(__name__)


class HostTreasury:
    """Goes over all leases now and then. What one of them meets keeps no other waiting."""

    def __init__(  # noqa: PLR0913 - the ports and maps that it works with
        self,
        *,
        chain: HostChain,
        watch: LeaseWatch,
        results: FinalResults,
        copies: Mapping[str, Json],
        homes: Mapping[str, Json],
        events: Events,
        clock: Clock,
        withdraw_seconds: float,
        takes_back: bool = False,
    ) -> None:
        self._chain = chain
        self._watch = watch
        self._results = results
        self._copies = copies
        self._homes = homes
        self._clock = clock
        self._withdraw_seconds = withdraw_seconds
        self._takes_back = takes_back
        self._taken_at: dict[LeaseId, float] = {}
        self._maintenance = Maintenance(chain=chain, watch=watch, copies=copies, events=events)

    async def run(self, *, poll_seconds: float) -> None:
        """Go on for ever: meant for a Supervisor."""
        while True:
            await self.round()
            await asyncio.sleep(poll_seconds)

    async def round(self) -> None:
        """Do for each lease what is due."""
        leaving, all_opened = self._leaving(), list(self._watch.opened())
        tower = await self._progress() if all_opened else None
        for opened in all_opened:
            try:
                await self._tend(opened, leaving, tower=tower)
            except ActionPending:
                continue
            except ModelbondError as failure:
                fields = {"lease": opened.id.hex(), "reason": str(failure)}
                _log.warning("a lease waits", extra=fields)
        if self._takes_back:
            await self._take_back()
        await self._maintenance.round()

    async def _take_back(self) -> None:
        """Take what is free above the target, by one name for as long as a stream waits."""
        purse = self._watch.purse()
        if purse is None or not purse.surplus:
            return
        period = int(self._clock.now().timestamp() // self._withdraw_seconds)
        try:
            await self._chain.withdraw_bond(purse.surplus, once=str(period))
            await self._watch.round()
        except ActionPending:
            return
        except ModelbondError as failure:
            _log.warning("the bond waits", extra={"reason": str(failure)})

    def _leaving(self) -> frozenset[LeaseId]:
        """Return the leases of homes that the owner drained."""
        found = set()
        for copy in list(self._copies.values()):
            given = given_in(copy)
            home = self._homes.get(copy["spec"].get("origin", {}).get("homeCluster", ""))
            if given is not None and home is not None and home["spec"].get("state") == "Drained":
                found.add(self._watch.lease(given.offer))
        return frozenset(found)

    async def _progress(self) -> Progress | None:
        """Return how far the tower speaks; None while nobody can say."""
        try:
            return await self._chain.progress()
        except ModelbondError as failure:
            _log.warning("the tower cannot be seen", extra={"reason": str(failure)})
            return None

    async def _tend(
        self, opened: Opened, leaving: frozenset[LeaseId], *, tower: Progress | None
    ) -> None:
        if opened.lease.released:
            await self._finish(opened)
            return
        results = await self._results.newest()
        measured = results.result.leases.get(opened.id) if results else None
        account = Account(
            lease=opened.lease,
            time=opened.time,
            measured=measured.leaf if measured else None,
            tower=tower if opened.offer.tower == self._chain.place.tower else None,
            leaving=opened.id in leaving,
            due=self._is_due(opened.id),
        )
        for move in moves(account):
            await self._make(move, opened, results)

    async def _make(self, move: Move, opened: Opened, results: Results | None) -> None:
        chain, offer = self._chain, opened.offer
        match move:
            case Close():
                await chain.close(offer)
            case Withdraw(leaf=leaf) if results is not None:
                await chain.withdraw_stream(offer, leaf, results.proof(opened.id))
                self._took(opened.id)
            case Release(leaf=leaf) if results is not None:
                await chain.release(offer, leaf, results.proof(opened.id))
            case Settle(leaf=leaf) if results is not None:
                await chain.settle(offer, leaf, results.proof(opened.id))
            case Stall(stalled_through=before):
                await chain.stall(once=f"after {before}")
            case WithdrawStalled(stalled_through=through):
                await chain.withdraw_stalled(offer, once=f"{through}/{opened.lease.paid}")
                self._took(opened.id)
            case ReleaseAbandoned():
                await chain.release_abandoned(offer)
            case Withdraw() | Release() | Settle():
                return
            case other:
                assert_never(other)

    def _took(self, lease: LeaseId) -> None:
        self._taken_at[lease] = self._clock.monotonic()

    async def _finish(self, opened: Opened) -> None:
        """Take what the release left, and close the book on the lease."""
        if await self._chain.claimable():
            await self._chain.claim(once=f"after {opened.id.hex()}")
        await self._watch.settled(opened.id)
        self._taken_at.pop(opened.id, None)

    def _is_due(self, lease: LeaseId) -> bool:
        taken = self._taken_at.get(lease)
        return taken is None or self._clock.monotonic() - taken >= self._withdraw_seconds
