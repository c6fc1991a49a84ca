"""What watchers are given of each lease: a Secret in the namespace that watchers may read."""

from collections.abc import Sequence

from modelbond.api.kinds import SECRET, Json
from modelbond.api.v1alpha1 import SignedEndpoint
from modelbond.errors import NameTaken, Refused
from modelbond.ports.cluster import KubeApi
from modelbond.ports.leases import LeaseChain
from modelbond.reconcile.home_lease_papers import Papers, Taken
from modelbond.reconcile.home_lease_target import (
    WATCH_NAMESPACE,
    SignedRecord,
    record_objection,
    record_of,
    sequence_of,
    target_body,
    target_name,
)
from modelbond.reconcile.home_names import is_owned
from modelbond.reconcile.home_order import Order
from modelbond.settlement.offer import Offer, lease_id
from modelbond.settlement.units import LeaseId


class LeaseTargets:
    """Made once a lease and its endpoint are known, changed by sequence, removed at the end."""

    def __init__(self, *, api: KubeApi, chain: LeaseChain) -> None:
        self._api = api
        self._chain = chain

    async def publish(
        self, order: Order, *, papers: Papers, taken: Taken, cidrs: Sequence[str]
    ) -> str:
        """Give watchers the newest record; return why not, empty where they have it."""
        said = order.answer.endpoint_record
        if said is None:
            return "the host has signed no endpoint record yet"
        try:
            signed = self._believed(said, offer=taken.signed.offer, cidrs=cidrs)
        except Refused as refusal:
            return str(refusal)
        body = target_body(
            papers=papers, taken=taken, record=signed, owner_uid=order.deployment_uid
        )
        await self._write(order, body, sequence=signed.record.sequence)
        return ""

    async def remove(self, order: Order, *, lease: LeaseId) -> None:
        """Take a lease's Secret away, if it is ours."""
        name = target_name(lease)
        held = await self._api.get(SECRET, name, namespace=WATCH_NAMESPACE)
        if held is not None and is_owned(held, uid=order.deployment_uid):
            uid = held["metadata"]["uid"]
            await self._api.delete(SECRET, name, namespace=WATCH_NAMESPACE, uid=uid)

    def _believed(
        self, said: SignedEndpoint, *, offer: Offer, cidrs: Sequence[str]
    ) -> SignedRecord:
        """Return the record where the lease's host signed it, and it leads to that host."""
        signed, place = record_of(said), self._chain.place
        objection = record_objection(
            signed,
            lease=lease_id(offer, domain=place.offers),
            offer=offer,
            signer=self._chain.signer_of(signed.record.digest(place.endpoints), signed.signature),
            cidrs=cidrs,
        )
        if objection:
            raise Refused(objection)
        return signed

    async def _write(self, order: Order, body: Json, *, sequence: int) -> None:
        name = body["metadata"]["name"]
        held = await self._api.get(SECRET, name, namespace=WATCH_NAMESPACE)
        if held is None:
            await self._api.create(SECRET, body)
        elif not is_owned(held, uid=order.deployment_uid):
            raise NameTaken(kind="Secret", namespace=WATCH_NAMESPACE, name=name)
        elif sequence_of(held) < sequence:
            meta = held["metadata"]
            facts = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
            patch = {"metadata": facts, "data": body["data"]}
            await self._api.merge(SECRET, name, patch, namespace=WATCH_NAMESPACE)
