"""The way to a lease: an agreement is proposed, the host's offer checked, taken and opened."""

from dataclasses import dataclass, replace

from modelbond.api.reasons import Reason
from modelbond.api.v1alpha1 import LeaseTerms, Sla
from modelbond.controllers.lease_desk import LeaseDesk
from modelbond.controllers.lease_purse import Purse
from modelbond.controllers.lease_steps import HINDRANCES, hindrance
from modelbond.errors import ActionPending, Refused
from modelbond.ports.leases import LeaseChain, Wallet
from modelbond.reconcile.home_deployment import Deployment
from modelbond.reconcile.home_lease_papers import Papers, Taken, wish_of
from modelbond.reconcile.home_lease_spending import Payment
from modelbond.reconcile.home_lease_terms import Signed, Wished, objections, offered
from modelbond.reconcile.home_lease_view import PlacementLease, no, opening, proposed, refused
from modelbond.reconcile.home_order import Order
from modelbond.settlement.money import price
from modelbond.settlement.offer import Offer, lease_id, slot_id
from modelbond.settlement.units import Digest, LeaseId, SliceCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the customer wants, of a deployment that lives."""

    deployment: Deployment
    sla: Sla
    terms: LeaseTerms


class LeaseOffers:
    """Pays nothing that is not written down before, and takes an offer only as a whole."""

    def __init__(self, *, desk: LeaseDesk, purse: Purse, chain: LeaseChain) -> None:
        self._desk = desk
        self._purse = purse
        self._chain = chain

    async def pursue(self, order: Order, wish: Wish, held: Papers | None) -> PlacementLease:
        """Go as far as the host's answer lets it, and say how far that is."""
        request = order.answer.signing_request
        if request is None:
            return proposed(Reason.WAITING_FOR_OFFER, "the host has not made its key yet")
        try:
            papers = await self._desk.agree(order, sla=wish.sla, request=request, held=held)
        except Refused as refusal:
            said = no(Reason.CANARIES_INVALID, str(refusal))
            return proposed(said.reason, said.message, sla=said)
        try:
            wallet = await self.wallet(order, wish.terms.wallet_secret)
        except Refused as refusal:
            return proposed(Reason.WALLET_UNUSABLE, str(refusal))
        return await self._answered(order, wish, papers, wallet)

    async def wallet(self, order: Order, name: str) -> Wallet:
        """Return the customer's wallet; Refused where its Secret holds no key."""
        return await self._chain.wallet(await self._desk.wallet_secret(order, name))

    async def open(self, taken: Taken, wallet: Wallet) -> PlacementLease:
        """Open the lease of an offer that was taken, or go on with it."""
        offer, lease = taken.signed.offer, self.id_of(taken.signed.offer)
        try:
            await wallet.open_lease(offer, signature=taken.signed.signature, slices=taken.slices)
        except ActionPending:
            return opening(lease, offer, message=f"{taken.slices} slices are being paid for")
        except HINDRANCES as failure:
            said = hindrance(failure)
            return refused(said.reason, said.message)
        return opening(lease, offer, message="it was opened, and is being looked at")

    def id_of(self, offer: Offer) -> LeaseId:
        """Return the lease that an offer opens."""
        return lease_id(offer, domain=self._chain.place.offers)

    async def _answered(
        self, order: Order, wish: Wish, papers: Papers, wallet: Wallet
    ) -> PlacementLease:
        wished = Wished(
            customer=wallet.address,
            slot=slot_id(
                home_uid=await self._desk.home_uid(),
                deployment_uid=order.deployment_uid,
                ordinal=order.spec.slot,
            ),
            epoch=order.spec.epoch,
            agreement=papers.agreement.hash,
        )
        tower = self._chain.place.tower
        asked = wish_of(papers, customer=wished.customer, slot=wished.slot, tower=tower)
        await self._desk.ask(order, asked)
        signed = offered(order.answer.offer)
        if signed is None:
            return proposed(Reason.WAITING_FOR_OFFER, "the host has made no offer yet")
        if isinstance(signed, str):
            return refused(Reason.OFFER_REFUSED, signed)
        problems = await self._objections(signed, wish, wished)
        if problems:
            return refused(Reason.OFFER_REFUSED, "; ".join(problems))
        return await self._take(order, wish, papers, signed, wallet=wallet)

    async def _objections(self, signed: Signed, wish: Wish, wished: Wished) -> tuple[str, ...]:
        place = self._chain.place
        digest = self.id_of(signed.offer)  # what the host signs is what names the lease
        return objections(
            signed,
            wished=wished,
            sla=wish.sla,
            terms=wish.terms,
            place=place,
            signer=self._chain.signer_of(Digest(digest), signed.signature),
            now=await self._chain.time(),
        )

    async def _take(
        self, order: Order, wish: Wish, papers: Papers, signed: Signed, *, wallet: Wallet
    ) -> PlacementLease:
        """Count the payment, hold the order, write down what is opened, and only then open it."""
        slices = SliceCount(wish.terms.prepay_slices)
        of_order = f"open/{order.uid}/"
        payment = Payment(
            name=f"{of_order}{self.id_of(signed.offer).hex()}",
            amount=price(slices, signed.offer.rate),
        )
        try:
            await self._purse.reserve(
                wish.deployment, payment, terms=wish.terms, instead_of=of_order
            )
        except Refused as capped:
            return refused(Reason.SPENDING_CAPPED, str(capped))
        taken = Taken(
            signed=signed,
            slices=slices,
            wallet=wish.terms.wallet_secret,
            auto_claim=wish.terms.auto_claim,
        )
        await self._desk.hold(order, held=True)
        if papers.taken != taken:
            await self._desk.keep(order, replace(papers, taken=taken))
        return await self.open(taken, wallet)
