"""Leases: an offer is asked for, checked and taken, and the lease seen to its end on chain.

Missing chain data changes nothing: it is said, and asked for again.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

from modelbond.api.kinds import Json
from modelbond.api.reasons import Reason
from modelbond.controllers.host_book import HostBook
from modelbond.controllers.lease_book import LeaseBook
from modelbond.controllers.lease_desk import LeaseDesk
from modelbond.controllers.lease_keeper import Held, LeaseKeeper
from modelbond.controllers.lease_offer import LeaseOffers, Wish
from modelbond.controllers.lease_purse import Purse
from modelbond.controllers.lease_results import FinalResults
from modelbond.controllers.lease_targets import LeaseTargets
from modelbond.controllers.signing import Authority
from modelbond.errors import ChainUnreachable, NameTaken, Refused, TerminalError, WrongChain
from modelbond.ports.cluster import KubeApi
from modelbond.ports.leases import Evidence, LeaseChain, Wallet
from modelbond.ports.process import Again, Clock, Done, Outcome
from modelbond.reconcile.home_deployment import Deployment, deployment_of
from modelbond.reconcile.home_lease_papers import Papers, Taken
from modelbond.reconcile.home_lease_view import (
    PlacementLease,
    Stage,
    hindered,
    no,
    opening,
    proposed,
    unreachable,
)
from modelbond.reconcile.home_names import LEASE_FINALIZER
from modelbond.reconcile.home_obstacle import of_route
from modelbond.reconcile.home_order import Order, Said, order_of

_log = logging.getLogger(__name__)

UNDER_WAY_SECONDS = 3.0


class LeaseController:
    """Keyed by `modelbond-host-HOST/ORDER`, as orders are."""

    def __init__(  # noqa: PLR0913 - each is a port of its own
        self,
        *,
        api: KubeApi,
        orders: Mapping[str, Json],
        deployments: Mapping[str, Json],
        hosts: HostBook,
        authority: Authority,
        chain: LeaseChain,
        evidence: Evidence,
        book: LeaseBook,
        clock: Clock,
        poll_seconds: float,
    ) -> None:
        self._orders = orders
        self._deployments = deployments
        self._hosts = hosts
        self._chain = chain
        self._book = book
        self._poll_seconds = poll_seconds
        self._desk = LeaseDesk(api=api, authority=authority)
        purse = Purse(api=api, clock=clock)
        self._offers = LeaseOffers(desk=self._desk, purse=purse, chain=chain)
        self._keeper = LeaseKeeper(
            desk=self._desk,
            purse=purse,
            targets=LeaseTargets(api=api, chain=chain),
            results=FinalResults(
                chain=chain, evidence=evidence, clock=clock, look_seconds=poll_seconds
            ),
            chain=chain,
            hosts=hosts,
        )

    async def reconcile(self, key: str) -> Outcome:
        """Go on with the lease of an order, and tell how it stands."""
        obj = self._orders.get(key)
        order = order_of(obj) if obj is not None else None
        if obj is None or order is None:
            self._book.forget(key)
            return Done()
        deployment = self._deployment(order)
        wish = _wish(order, deployment)
        papers = None
        try:
            if wish is not None or order.spec.lease is not None:
                papers = await self._desk.papers(order)
        except NameTaken as taken:
            self._book.say(order, proposed(Reason.NAME_TAKEN, str(taken)))
            return Again(seconds=self._poll_seconds)
        if wish is None and (papers is None or papers.taken is None):
            return await self._end(order, obj, deployment)
        lease = await self._seen(order, deployment, wish, papers)
        if lease is None:
            return await self._end(order, obj, deployment)
        self._book.say(order, lease)
        hurries = lease.stage is Stage.OPENING
        return Again(
            seconds=min(UNDER_WAY_SECONDS, self._poll_seconds) if hurries else self._poll_seconds
        )

    async def _seen(
        self,
        order: Order,
        deployment: Deployment | None,
        wish: Wish | None,
        papers: Papers | None,
    ) -> PlacementLease | None:
        """Look, and say what keeps us from it: on the chain's side, or on our own."""
        before = self._book.leases.get(order.key)
        try:
            return await self._look(order, deployment, wish, papers)
        except (ChainUnreachable, WrongChain) as failure:
            _log.warning("chain cannot be asked", extra={"order": order.key, "why": str(failure)})
            return unreachable(before, chain_id=self._chain.place.chain_id)
        except TerminalError as failure:
            return hindered(before, of_route(failure, namespace=order.namespace))

    async def _end(self, order: Order, obj: Json, deployment: Deployment | None) -> Outcome:
        """Let an order be that has no lease, and never paid for one."""
        self._book.forget(order.key)
        unasked = deployment is not None and deployment.spec.lease is None
        if unasked and order.spec.lease is not None and not order.withdrawn:
            await self._desk.ask(order, None)
        if LEASE_FINALIZER in (obj["metadata"].get("finalizers") or ()):
            await self._desk.hold(order, held=False)
        return Done()

    def _deployment(self, order: Order) -> Deployment | None:
        """Return the order's deployment where it lives and can be read: else nothing is known."""
        about = order.spec.deployment
        held = self._deployments.get(f"{about.namespace}/{about.name}")
        if held is None or held["metadata"]["uid"] != order.deployment_uid:
            return None
        if "deletionTimestamp" in held["metadata"]:
            return None
        try:
            return deployment_of(held)
        except Refused:
            return None

    async def _look(
        self,
        order: Order,
        deployment: Deployment | None,
        wish: Wish | None,
        papers: Papers | None,
    ) -> PlacementLease | None:
        if papers is not None and papers.taken is not None:
            unwanted = order.withdrawn or (deployment is not None and deployment.spec.lease is None)
            found = await self._taken(order, wish, papers, papers.taken, unwanted=unwanted)
            if found is not None:
                return found
        if wish is None:
            # It was taken and never opened, and nobody wants it: as if it had not been.
            await self._drop(order, papers)
            return None
        if self._is_stranger(order):
            return proposed(Reason.IDENTITY_CHANGED, "another cluster answers under its name")
        return await self._offers.pursue(order, wish, papers)

    async def _taken(
        self, order: Order, wish: Wish | None, papers: Papers, taken: Taken, *, unwanted: bool
    ) -> PlacementLease | None:
        """Return how the lease of a taken offer stands; None where it was never opened."""
        offer = taken.signed.offer
        id_ = self._offers.id_of(offer)
        lease = await self._chain.lease(id_)
        wallet, problem = await self._wallet(order, taken)
        if lease is None and wallet is None and problem is not None:
            return replace(opening(id_, offer, message=""), bond=problem)
        if lease is None:
            begun = wallet is not None and await wallet.is_opening(offer)
            return await self._offers.open(taken, wallet) if wallet and begun else None
        before = self._book.leases.get(order.key)
        return await self._keeper.keep(
            Held(
                id=id_,
                lease=lease,
                order=order,
                papers=papers,
                taken=taken,
                wish=wish,
                unwanted=unwanted,
                wallet=wallet,
                problem=problem,
                before=before if before and before.id == id_ else None,
            )
        )

    async def _wallet(self, order: Order, taken: Taken) -> tuple[Wallet | None, Said | None]:
        """Return the wallet that a lease is paid from, or why it is not to be had."""
        customer = taken.signed.offer.customer
        try:
            wallet = await self._offers.wallet(order, taken.wallet)
        except Refused as refusal:
            return None, no(Reason.WALLET_UNUSABLE, str(refusal))
        if wallet.address != customer:
            text = f"Secret {taken.wallet} is the key of {wallet.address}, the lease {customer}'s"
            return None, no(Reason.WALLET_UNUSABLE, text)
        return wallet, None

    async def _drop(self, order: Order, papers: Papers | None) -> None:
        if papers is not None and papers.taken is not None:
            await self._desk.keep(order, replace(papers, taken=None))

    def _is_stranger(self, order: Order) -> bool:
        host = self._hosts.host(order.host)
        return host is not None and host.identity_changed


def _wish(order: Order, deployment: Deployment | None) -> Wish | None:
    """Return what is wanted of an order's lease, where that is known and anything is."""
    if order.withdrawn or deployment is None:
        return None
    sla, terms = deployment.spec.sla, deployment.spec.lease
    if sla is None or terms is None:
        return None
    return Wish(deployment=deployment, sla=sla, terms=terms)
