"""A lease that is on chain: paid on, settled, shown to watchers, and let go at its end."""

from collections.abc import Sequence
from dataclasses import dataclass

from modelbond.api.reasons import Reason
from modelbond.controllers.host_book import HostBook
from modelbond.controllers.lease_desk import LeaseDesk
from modelbond.controllers.lease_offer import Wish
from modelbond.controllers.lease_purse import Purse
from modelbond.controllers.lease_results import FinalResults, Results
from modelbond.controllers.lease_steps import Hand, Outcomes
from modelbond.controllers.lease_targets import LeaseTargets
from modelbond.errors import ActionPending, TerminalError
from modelbond.ports.leases import LeaseChain, Wallet
from modelbond.reconcile.home_lease_course import Course, steps, wants_report
from modelbond.reconcile.home_lease_papers import Papers, Taken
from modelbond.reconcile.home_lease_target import WATCH_NAMESPACE
from modelbond.reconcile.home_lease_view import (
    NOT_MEASURED,
    PlacementLease,
    Reported,
    Settlement,
    standing,
)
from modelbond.reconcile.home_order import Order, Said
from modelbond.settlement.lease import Lease
from modelbond.settlement.units import NO_WEI, LeaseId, SliceCount, Wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One lease on chain with what the home has of it.

    `wish` is None where nobody is known to want it on; `unwanted` is the word to end it.
    `wallet` is None where its key is not to be had, and `problem` says why. `before` is what was
    found at the last look.
    """

    id: LeaseId
    lease: Lease
    order: Order
    papers: Papers
    taken: Taken
    wish: Wish | None
    unwanted: bool
    wallet: Wallet | None
    problem: Said | None
    before: PlacementLease | None


class LeaseKeeper:
    """One look at a lease: what the finalized block says decides, and nothing else."""

    def __init__(  # noqa: PLR0913 - each is a part of its own
        self,
        *,
        desk: LeaseDesk,
        purse: Purse,
        targets: LeaseTargets,
        results: FinalResults,
        chain: LeaseChain,
        hosts: HostBook,
    ) -> None:
        self._desk = desk
        self._purse = purse
        self._targets = targets
        self._results = results
        self._chain = chain
        self._hosts = hosts

    async def keep(self, held: Held) -> PlacementLease:
        """Do what is due, and return how the lease stands then."""
        results = await self._results.newest()
        reported = results.of(held.id) if results else None
        now, lease = await self._chain.time(), held.lease
        outcomes = await self._act(held, results, reported, now=now)
        if outcomes.changed:
            lease = await self._chain.lease(held.id) or lease
        watched = await self._show_watchers(held, lease)
        try:
            settlement = await self._receipt(held, lease)
        except ActionPending:
            # The chain shows it a moment before the ledger does: it is told with its receipt.
            if held.before is not None:
                return held.before
            settlement = None
        return standing(
            held.id,
            offer=held.taken.signed.offer,
            lease=lease,
            now=now,
            reported=reported,
            settlement=settlement,
            problem=outcomes.problem or held.problem,
            sla=self._unmeasured(reported, watched),
        )

    async def _act(
        self, held: Held, results: Results | None, reported: Reported | None, *, now: int
    ) -> Outcomes:
        if held.wallet is None:
            return Outcomes()
        wants = wants_report(held.lease, now=now)
        course = Course(
            offer=held.taken.signed.offer,
            lease=held.lease,
            now=now,
            measured=reported.measured.leaf if reported else None,
            unwanted=held.unwanted,
            prepay=SliceCount(held.wish.terms.prepay_slices) if held.wish else None,
            reported_through=await self._chain.reported_through() if wants else None,
            claimable=await self._claimable(held),
            asked=held.wish.deployment.claim_asked if held.wish else "",
        )
        hand = Hand(
            lease=held.id,
            taken=held.taken,
            wallet=held.wallet,
            purse=self._purse,
            results=results,
            deployment=held.wish.deployment if held.wish else None,
            terms=held.wish.terms if held.wish else None,
        )
        outcomes = await hand.carry_out(steps(course))
        if held.wish and course.asked and not (outcomes.waits or outcomes.problem):
            await self._purse.claimed(held.wish.deployment)
        if held.lease.released and not course.claimable:
            await self._desk.hold(held.order, held=False)
        return outcomes

    async def _receipt(self, held: Held, lease: Lease) -> Settlement | None:
        """Return by what the lease's last leaf was settled, as far as it is known."""
        known = held.before.settlement if held.before else None
        leaf = lease.measured
        if held.wallet is None or not leaf.breach or (known is not None and known.leaf == leaf):
            return known
        return Settlement(
            leaf=leaf,
            root=self._results.root_of(held.id, leaf),
            transaction=await held.wallet.receipt(held.taken.signed.offer, leaf),
        )

    async def _claimable(self, held: Held) -> Wei:
        claims = held.taken.auto_claim
        if held.wish is not None:
            claims = held.wish.terms.auto_claim or bool(held.wish.deployment.claim_asked)
        return await held.wallet.claimable() if claims and held.wallet else NO_WEI

    async def _show_watchers(self, held: Held, lease: Lease) -> str:
        """Let watchers have the lease while it is not dealt out; return why they have it not."""
        try:
            if lease.released:
                await self._targets.remove(held.order, lease=held.id)
                return ""
            return await self._targets.publish(
                held.order,
                papers=held.papers,
                taken=held.taken,
                cidrs=self._cidrs(held.order),
            )
        except TerminalError as failure:
            invite = f"`modelbond invite --watcher NAME` makes namespace {WATCH_NAMESPACE}"
            return f"{failure}: {invite}"

    def _cidrs(self, order: Order) -> Sequence[str]:
        """Return where the host's endpoints are believed: nowhere, once a stranger answers."""
        host = self._hosts.host(order.host)
        return () if host is None or host.identity_changed else host.endpoint_cidrs

    def _unmeasured(self, reported: Reported | None, watched: str) -> Said | None:
        if self._results.problem:
            return Said(status=None, reason=Reason.REPORT_MISSING, message=self._results.problem)
        if reported is None and watched:
            text = f"{NOT_MEASURED.message}: {watched}"
            return Said(status=None, reason=Reason.NOT_MEASURED, message=text)
        return None
