"""Carries out what is decided for a lease on chain; each step stands for itself."""

from dataclasses import dataclass
from typing import assert_never

from modelbond.api.reasons import Reason
from modelbond.api.v1alpha1 import LeaseTerms
from modelbond.controllers.lease_purse import Purse
from modelbond.controllers.lease_results import Results
from modelbond.errors import (
    ActionPending,
    Bug,
    FeeAboveCap,
    LedgerBusy,
    NonceTaken,
    OutOfFunds,
    Refused,
    Reverted,
    WrongCode,
)
from modelbond.ports.leases import Wallet
from modelbond.reconcile.home_deployment import Deployment
from modelbond.reconcile.home_lease_course import (
    Abandon,
    Claim,
    Close,
    Release,
    Settle,
    Step,
    TopUp,
)
from modelbond.reconcile.home_lease_papers import Taken
from modelbond.reconcile.home_lease_spending import Payment
from modelbond.reconcile.home_lease_view import no
from modelbond.reconcile.home_order import Said
from modelbond.settlement.money import price
from modelbond.settlement.report import NO_PROOF, Proof
from modelbond.settlement.units import LeaseId

NOTHING_DUE = "ModelBondNothing"
HINDRANCES = (FeeAboveCap, LedgerBusy, NonceTaken, OutOfFunds, Reverted, WrongCode)


@dataclass(slots=True, kw_only=True)
class Outcomes:
    """What became of the steps: whether any ended, whether any waits, and what is in the way."""

    changed: bool = False
    waits: bool = False
    problem: Said | None = None


def hindrance(failure: Exception) -> Said:
    """Return what keeps an action from happening, as a person shall read it."""
    text = str(failure)
    poor = isinstance(failure, OutOfFunds)
    if isinstance(failure, Reverted):
        poor = failure.error.startswith("ERC20Insufficient")
    return no(Reason.OUT_OF_FUNDS if poor else Reason.CHAIN_REFUSED, text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """With what the steps of one lease are carried out. `terms` is None once nobody pays more."""

    lease: LeaseId
    taken: Taken
    wallet: Wallet
    purse: Purse
    results: Results | None
    deployment: Deployment | None
    terms: LeaseTerms | None

    async def carry_out(self, steps: tuple[Step, ...]) -> Outcomes:
        """Do every step, and go on after one that waits or cannot be done."""
        outcomes = Outcomes()
        for step in steps:
            try:
                await self._carry_out(step)
                outcomes.changed = True
            except ActionPending:
                outcomes.waits = True
            except Refused as capped:
                outcomes.problem = no(Reason.SPENDING_CAPPED, str(capped))
            except HINDRANCES as failure:
                if not (isinstance(step, Claim) and _nothing_due(failure)):
                    outcomes.problem = hindrance(failure)
        return outcomes

    async def _carry_out(self, step: Step) -> None:
        offer, wallet = self.taken.signed.offer, self.wallet
        match step:
            case Close():
                await wallet.close(offer)
            case TopUp():
                await self._top_up(step)
            case Settle(leaf=leaf):
                await wallet.settle(offer, leaf, self._proof())
            case Release(leaf=leaf, proven=False):
                await wallet.release(offer, leaf, NO_PROOF)
            case Release(leaf=leaf):
                await wallet.release(offer, leaf, self._proof())
            case Abandon():
                await wallet.release_abandoned(offer)
            case Claim(once=once):
                await wallet.claim(once=f"{self.lease.hex()}/{once}")
            case other:
                assert_never(other)

    async def _top_up(self, step: TopUp) -> None:
        if self.deployment is None or self.terms is None:
            raise Bug("a lease is topped up that nobody wants")
        offer = self.taken.signed.offer
        payment = Payment(
            name=f"top up/{self.lease.hex()}/{step.once}", amount=price(step.slices, offer.rate)
        )
        await self.purse.reserve(self.deployment, payment, terms=self.terms)
        await self.wallet.top_up(offer, slices=step.slices, once=step.once)

    def _proof(self) -> Proof:
        if self.results is None:
            raise Bug("a leaf is used that no report says")
        return self.results.proof(self.lease)


def _nothing_due(failure: Exception) -> bool:
    """Tell whether somebody else's claim took it along: another lease of the same wallet."""
    return isinstance(failure, Reverted) and failure.error == NOTHING_DUE
