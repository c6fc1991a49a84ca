"""Leases of copies, from the home's papers to the signed offer and the record of the endpoint.

Decisions are in reconcile/host_lease*.py. What is signed is in the copy's own status before anybody
else sees it, so that a restart signs nothing twice.
"""

from dataclasses import dataclass, replace

from modelbond.api.conditions import Reason
from modelbond.api.kinds import Json
from modelbond.api.v1alpha1 import ModelPlacementSpec
from modelbond.api.wire import read
from modelbond.controllers.host_lease_offers import Means, Offers, Wished
from modelbond.controllers.host_lease_papers import Kept, PapersKeeper
from modelbond.controllers.host_lease_watch import given_in
from modelbond.ports.cluster import KubeApi
from modelbond.ports.process import Clock
from modelbond.reconcile.host_lease import (
    Bound,
    Ended,
    Free,
    Given,
    Hold,
    Lapsed,
    Running,
    Standing,
    hold_of,
)
from modelbond.reconcile.host_lease_offer import not_active
from modelbond.reconcile.host_lease_papers import honoured
from modelbond.reconcile.host_lease_record import Signed, record_in, record_json, record_wanted
from modelbond.reconcile.host_lease_said import NOTHING_SAID, LeaseSaid, lease_condition
from modelbond.reconcile.host_seen import Children, Seen
from modelbond.reconcile.host_terms import Terms
from modelbond.serving.edge import Agreed
from modelbond.serving.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """One copy's lease in one round. `agreed` is what the edge is to honour for it."""

    spec: ModelPlacementSpec
    given: Given | None
    stands: Standing | None
    kept: Kept
    agreed: Agreed | None


class HostLeases:
    """Tells what binds a copy, and brings what is wished nearer to an offer.

    Without `means` nothing is offered, and nothing that was given is dropped.
    """

    def __init__(self, *, api: KubeApi, clock: Clock, means: Means | None) -> None:
        self._clock = clock
        self._means = means
        self._keeper = PapersKeeper(api)
        self._offers = Offers(means, clock=clock) if means else None

    def hold(self, copy: Json, *, terms: Terms) -> Hold:
        """Return what keeps the copy, by what was last seen of the chain."""
        if "offer" not in copy.get("status", {}):
            return Free()
        if self._means is None:
            return Bound(why="an offer was made for it, and no chain is configured any more")
        stands = self._means.watch.standing(given_in(copy))
        return hold_of(copy, stands, stop_after_seconds=terms.stop_after_seconds)

    async def prepared(
        self,
        copy: Json,
        *,
        workload: Workload,
        children: Children,
        sent: Json | None,
        terms: Terms,
    ) -> Leased:
        """Take the home's papers where no offer holds those before, and return what is known."""
        spec, given = read(ModelPlacementSpec, copy["spec"]), given_in(copy)
        stands = self._means.watch.standing(given) if self._means else None
        held = given is not None and not isinstance(stands, Lapsed | Ended)
        if spec.lease is None and not held:
            return Leased(spec=spec, given=given, stands=stands, kept=Kept(), agreed=None)
        kept = await self._keeper.kept(workload, own=children.papers, sent=sent, held=held)
        over = isinstance(stands, Ended)
        agreed = honoured(kept.papers, price=terms.price, held=held) if not over else None
        return Leased(spec=spec, given=given, stands=stands, kept=kept, agreed=agreed)

    async def said(
        self, copy: Json, leased: Leased, seen: Seen, *, terms: Terms, offering: bool
    ) -> LeaseSaid:
        """Return what to say. `offering` is whether the order is seen and not withdrawn."""
        status, wish = copy.get("status", {}), leased.spec.lease
        before = LeaseSaid(offer=status.get("offer"), record=status.get("endpointRecord"))
        if wish is None and before == NOTHING_SAID:
            return NOTHING_SAID
        if self._means is None or self._offers is None:
            message = "this host has no chain, or no key for it, configured: it makes no offers"
            return replace(before, condition=not_active(Reason.NO_CHAIN, message))
        if leased.given is not None and leased.stands is not None:
            wished, trouble = wish.agreement if wish else None, self._means.watch.trouble
            condition = lease_condition(leased.given, leased.stands, wished=wished, trouble=trouble)
            if condition is not None:
                said = replace(before, condition=condition)
                return self._with_record(copy, leased.given, leased.stands, seen, said=said)
        if wish is None or not offering:
            return before
        wished_lease = Wished(
            copy=copy, spec=leased.spec, wish=wish, kept=leased.kept, seen=seen, terms=terms
        )
        return await self._offers.made(wished_lease, before=before)

    def forget(self, copy: Json) -> None:
        """Drop what is remembered of a copy that is gone."""
        if self._offers is not None:
            self._offers.forget(copy["metadata"]["uid"])

    def _with_record(
        self, copy: Json, given: Given, stands: Standing, seen: Seen, *, said: LeaseSaid
    ) -> LeaseSaid:
        """Sign where the lease is served, when it is open and that is news."""
        if self._means is None or not isinstance(stands, Running):
            return said
        before, chain = record_in(copy), self._means.chain
        wanted = record_wanted(
            before.record if before else None,
            lease_id=self._means.watch.lease(given.offer),
            lease=stands.lease,
            endpoints=seen.endpoints,
            now=int(self._clock.now().timestamp()),
        )
        if wanted is None:
            return said
        signature = chain.sign(wanted.typed_data(chain.place.endpoints))
        return replace(said, record=record_json(Signed(record=wanted, signature=signature)))
