"""An offer is made in steps: own answers, a look at the chain, more bond, a signature."""

import asyncio
from dataclasses import dataclass, replace

from modelbond.api.conditions import Reason
from modelbond.api.kinds import Json
from modelbond.api.v1alpha1 import LeaseWish, ModelPlacementSpec
from modelbond.controllers.host_lease_answers import TRY_AGAIN_SECONDS, OwnAnswers
from modelbond.controllers.host_lease_papers import Kept
from modelbond.controllers.host_lease_watch import LeaseWatch
from modelbond.errors import ActionPending, ModelbondError, TransientError
from modelbond.ports.leases import HostChain, OwnEndpoint
from modelbond.ports.process import Clock
from modelbond.reconcile.host_lease import Given, Offered
from modelbond.reconcile.host_lease_offer import (
    Ask,
    Facts,
    Look,
    NotYet,
    Raise,
    Sign,
    Step,
    next_step,
    not_active,
)
from modelbond.reconcile.host_lease_papers import Parties
from modelbond.reconcile.host_lease_said import LeaseSaid, lease_condition, offer_json
from modelbond.reconcile.host_seen import Seen
from modelbond.reconcile.host_terms import Terms
from modelbond.serving.edge import takes_rates
from modelbond.serving.names import pod_config
from modelbond.settlement.offer import Offer
from modelbond.settlement.units import Address, SlotId
from modelbond.sla.text import bytes_of

_SOON_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a host with a chain has."""

    chain: HostChain
    watch: LeaseWatch
    endpoint: OwnEndpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """One copy that wishes a lease, as it is seen in one round."""

    copy: Json
    spec: ModelPlacementSpec
    wish: LeaseWish
    kept: Kept
    seen: Seen
    terms: Terms


class Offers:
    """Signs one offer at a time: each counts on what the ones before left of the bond."""

    def __init__(self, means: Means, *, clock: Clock) -> None:
        self._chain = means.chain
        self._watch = means.watch
        self._answers = OwnAnswers(means.endpoint, clock=clock)
        self._clock = clock
        self._signing = asyncio.Lock()

    async def made(self, wished: Wished, *, before: LeaseSaid) -> LeaseSaid:
        """Return the offer, or why there is none yet; `before` is what else stays said."""
        facts = self._facts(wished)
        step = next_step(facts)
        if isinstance(step, Ask) and facts.papers is not None:
            # Before the lock: asking takes as long as the model does.
            await self._answers.ask(wished.seen, facts.papers)
            facts = replace(facts, answered=self._answers.known(wished.seen, facts.papers))
            step = next_step(facts)
        async with self._signing:
            try:
                step = await self._covered(step, wished, facts)
            except ModelbondError as failure:
                return _hindered(failure, before=before)
            if isinstance(step, Sign):
                return await self._signed(wished, step.offer)
        return _not_yet(step, before=before)

    def forget(self, uid: str) -> None:
        """Drop what is remembered of a copy that is gone."""
        self._answers.forget(uid)

    async def _covered(self, step: Step, wished: Wished, facts: Facts) -> Step:
        """Return the step once the chain was looked at, and as much bonded as the owner allows."""
        if isinstance(step, Look):
            facts = await self._looked(wished, facts)
            step = next_step(facts)
        if isinstance(step, Raise):
            once = f"cover/{wished.wish.agreement}/{step.amount}"
            await self._chain.add_to_bond(step.amount, once=once)
            await self._watch.round()
            step = next_step(await self._looked(wished, facts))
        return step

    async def _looked(self, wished: Wished, facts: Facts) -> Facts:
        slot = SlotId(bytes_of(wished.wish.slot, size=32, name="spec.lease.slot"))
        customer = Address(wished.wish.customer)
        newest = await self._chain.newest_epoch(slot, customer=customer)
        purse = self._watch.purse(beside=(slot, wished.spec.epoch))
        return replace(facts, purse=purse, newest_epoch=newest)

    async def _signed(self, wished: Wished, offer: Offer) -> LeaseSaid:
        await self._watch.gave(offer)
        signature = self._chain.sign(offer.typed_data(self._chain.place.offers))
        given = Given(offer=offer, signature=signature)
        condition = lease_condition(given, Offered(), wished=wished.wish.agreement, trouble=None)
        return LeaseSaid(offer=offer_json(given), condition=condition)

    def _facts(self, wished: Wished) -> Facts:
        seen, papers = wished.seen, wished.kept.papers
        config = seen.children.config_maps.get(pod_config(seen.workload.order, seen.revision))
        return Facts(
            spec=wished.spec,
            wish=wished.wish,
            price=wished.terms.price,
            parties=Parties(
                home_uid=wished.copy["spec"]["origin"]["homeUID"],
                key_hash=seen.identity.key_hash,
                place=self._chain.place,
            ),
            host=self._chain.address,
            papers=papers,
            refusal=wished.kept.refusal,
            now=int(self._clock.now().timestamp()),
            taking_offers=wished.terms.state != "Drained",
            edge_takes_rates=config is None or takes_rates(config["data"].get("nginx.conf", "")),
            edge_honours=papers is not None and seen.identity.agreed == papers.agreed,
            ready=seen.all_serve,
            answered=self._answers.known(seen, papers) if papers else None,
        )


def _hindered(failure: ModelbondError, *, before: LeaseSaid) -> LeaseSaid:
    """Return what is said when the chain does not do its part: nothing else waits for it."""
    match failure:
        case ActionPending():
            reason, message = Reason.BOND_TOO_SMALL, f"the bond is being raised: {failure}"
        case TransientError():
            reason, message = Reason.CHAIN_UNREACHABLE, f"no offer is made meanwhile: {failure}"
        case _:
            reason, message = Reason.CHAIN_REFUSED, str(failure)
    return replace(before, condition=not_active(reason, message), again=_SOON_SECONDS)


def _not_yet(step: Step, *, before: LeaseSaid) -> LeaseSaid:
    match step:
        case NotYet(reason=reason, message=message):
            again = TRY_AGAIN_SECONDS if reason in _CURED_IN_SILENCE else None
            return replace(before, condition=not_active(reason, message), again=again)
        case _:
            message = "the chain was not seen yet; no offer is made meanwhile"
            condition = not_active(Reason.CHAIN_UNREACHABLE, message)
            return replace(before, condition=condition, again=_SOON_SECONDS)


_CURED_IN_SILENCE = (Reason.CANARIES_FAILED, Reason.BOND_TOO_SMALL, Reason.PROGRESSING)
"""What nobody tells us of when it is over."""
