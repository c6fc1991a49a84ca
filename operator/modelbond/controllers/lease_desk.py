"""The papers of leases: made, read and kept beside their orders."""

import hashlib

from modelbond.api.kinds import CONFIG_MAP, MODEL_PLACEMENT, NAMESPACE, SECRET, Json
from modelbond.api.v1alpha1 import Sla
from modelbond.api.wire import written
from modelbond.controllers.signing import Authority
from modelbond.errors import Conflicted, NameTaken, Refused
from modelbond.ports.cluster import KubeApi
from modelbond.reconcile.home_certificate import secret_text
from modelbond.reconcile.home_lease_papers import (
    Papers,
    agreement_for,
    agreement_secret_name,
    canaries_document,
    papers_body,
    papers_of,
)
from modelbond.reconcile.home_names import LEASE_FINALIZER, is_owned
from modelbond.reconcile.home_order import Order

WALLET_KEY = "key"


class LeaseDesk:
    """Reads the API server itself: what is decided here is about money."""

    def __init__(self, *, api: KubeApi, authority: Authority) -> None:
        self._api = api
        self._authority = authority
        self._home_uid = ""

    async def home_uid(self) -> str:
        """Return the home's identity: the UID of its namespace kube-system."""
        if not self._home_uid:
            found = await self._api.get(NAMESPACE, "kube-system")
            if found is None:
                raise Refused("this cluster has no namespace kube-system, so it has no identity")
            self._home_uid = str(found["metadata"]["uid"])
        return self._home_uid

    async def papers(self, order: Order) -> Papers | None:
        """Return an order's papers, or None where none were written."""
        return papers_of(await self._held(order))

    async def agree(self, order: Order, *, sla: Sla, request: str, held: Papers | None) -> Papers:
        """Return the papers that the home wants; the token that hosts know is kept."""
        about = order.spec.deployment
        name = sla.canaries.config_map
        found = await self._api.get(CONFIG_MAP, name, namespace=about.namespace)
        canaries = canaries_document(found, name=name)
        token = held.token if held else self._authority.new_token()
        agreement = agreement_for(
            order.spec,
            sla=sla,
            home_uid=await self.home_uid(),
            endpoint_key=self._authority.endpoint_key(request),
            canaries=canaries,
            token_hash=hashlib.sha256(token.encode()).digest(),
        )
        if held is not None and held.agreement == agreement:
            return held
        papers = Papers(agreement=agreement, canaries=canaries, token=token)
        await self.keep(order, papers)
        return papers

    async def keep(self, order: Order, papers: Papers) -> None:
        """Write the papers, `taken` included: from then on a restart goes on from there."""
        body, held = papers_body(order, papers), await self._held(order)
        if held is None:
            await self._api.create(SECRET, body)
        elif held.get("data") != body["data"]:
            meta, gone = held["metadata"], dict.fromkeys(held.get("data") or ())
            facts = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
            patch = {"metadata": facts, "data": {**gone, **body["data"]}}
            await self._api.merge(SECRET, meta["name"], patch, namespace=order.namespace)

    async def ask(self, order: Order, wish: Json | None) -> None:
        """Tell the host on what an offer is wanted, or that none is."""
        if order.spec.lease is not None and written(order.spec.lease) == wish:
            return
        patch = {"metadata": {"uid": order.uid}, "spec": {"lease": wish}}
        await self._api.merge(MODEL_PLACEMENT, order.name, patch, namespace=order.namespace)

    async def hold(self, order: Order, *, held: bool) -> None:
        """Keep the order until its lease is dealt out, or let it go."""
        obj = await self._api.get(MODEL_PLACEMENT, order.name, namespace=order.namespace)
        if obj is None or obj["metadata"]["uid"] != order.uid:
            if held:
                raise Conflicted(f"order {order.key} is gone")
            return
        meta = obj["metadata"]
        before = meta.get("finalizers") or []
        after = [each for each in before if each != LEASE_FINALIZER]
        after += [LEASE_FINALIZER] if held else []
        if sorted(after) != sorted(before):
            facts = {"uid": order.uid, "resourceVersion": meta["resourceVersion"]}
            patch = {"metadata": {**facts, "finalizers": after}}
            await self._api.merge(MODEL_PLACEMENT, order.name, patch, namespace=order.namespace)

    async def wallet_secret(self, order: Order, name: str) -> str:
        """Return the text of a customer's key; Refused where there is none."""
        namespace = order.spec.deployment.namespace
        text = secret_text(await self._api.get(SECRET, name, namespace=namespace), WALLET_KEY)
        if not text:
            raise Refused(f"Secret {name} in namespace {namespace} has no entry {WALLET_KEY}")
        return text

    async def _held(self, order: Order) -> Json | None:
        name = agreement_secret_name(order.name)
        held = await self._api.get(SECRET, name, namespace=order.namespace)
        if held is not None and not is_owned(held, uid=order.deployment_uid):
            raise NameTaken(kind="Secret", namespace=order.namespace, name=name)
        return held
