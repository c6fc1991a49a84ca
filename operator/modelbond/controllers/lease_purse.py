"""What a deployment may still pay: written down, by compare-and-swap, before anything is paid."""

from modelbond.api.conditions import timestamp
from modelbond.api.kinds import MODEL_DEPLOYMENT
from modelbond.api.v1alpha1 import LeaseTerms
from modelbond.errors import Conflicted
from modelbond.ports.cluster import KubeApi
from modelbond.ports.process import Clock
from modelbond.reconcile.home_deployment import Deployment
from modelbond.reconcile.home_lease_spending import SPENT, Payment, spending_of
from modelbond.reconcile.home_names import CLAIM_ASKED

_DAY_DIGITS = 10


class Purse:
    """Counts each named payment once, whoever asks and however often."""

    def __init__(self, *, api: KubeApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    async def reserve(
        self, deployment: Deployment, payment: Payment, *, terms: LeaseTerms, instead_of: str = ""
    ) -> None:
        """Count a payment in; Refused where it would pass a cap.

        Payments whose names begin with `instead_of` never happened, and are taken out.
        """
        obj = await self._api.get(MODEL_DEPLOYMENT, deployment.name, namespace=deployment.namespace)
        if obj is None or obj["metadata"]["uid"] != deployment.uid:
            raise Conflicted(f"ModelDeployment {deployment.key} is gone")
        meta = obj["metadata"]
        before = spending_of(meta.get("annotations") or {}, obj.get("status") or {})
        others = before
        if instead_of:
            others = before.without_others(instead_of, but=payment.name)
        day = timestamp(self._clock.now())[:_DAY_DIGITS]
        after = others.with_payment(payment, terms=terms, day=day)
        if after == before:
            return
        facts = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
        patch = {"metadata": {**facts, "annotations": {SPENT: after.text}}}
        wrote = await self._api.merge(
            MODEL_DEPLOYMENT, deployment.name, patch, namespace=deployment.namespace
        )
        if wrote is None:
            raise Conflicted(f"ModelDeployment {deployment.key} is gone")

    async def claimed(self, deployment: Deployment) -> None:
        """Take the customer's mark away: what was asked for is done."""
        facts = {"uid": deployment.uid, "resourceVersion": deployment.resource_version}
        patch = {"metadata": {**facts, "annotations": {CLAIM_ASKED: None}}}
        await self._api.merge(
            MODEL_DEPLOYMENT, deployment.name, patch, namespace=deployment.namespace
        )
