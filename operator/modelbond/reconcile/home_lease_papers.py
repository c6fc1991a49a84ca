"""The papers of a lease, in a Secret beside its order: what is agreed, and what was opened."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from modelbond.api.kinds import MODEL_PLACEMENT, SECRET, Json
from modelbond.api.v1alpha1 import ModelPlacementSpec, Sla
from modelbond.errors import Refused
from modelbond.reconcile.home_certificate import encoded, secret_text
from modelbond.reconcile.home_lease_terms import SIGNATURE_BYTES, Signed
from modelbond.reconcile.home_names import owned_labels
from modelbond.reconcile.home_order import Order
from modelbond.settlement.units import Address, SliceCount, SlotId
from modelbond.sla.agreement import Agreement, DeploymentName, agreement_of
from modelbond.sla.canary import canaries_of, canaries_text
from modelbond.sla.terms import offer_of, offer_values
from modelbond.sla.text import bytes_of, canonical, count_of, fields_of, hexed, text_hash

AGREEMENT_KEY = "agreement.json"
CANARIES_KEY = "canaries.json"
TOKEN_KEY = "probe-token"  # noqa: S105 - the name of an entry
LEASE_KEY = "lease.json"
MOST_CANARIES_BYTES = 900_000
_LEASE_FIELDS = ("autoClaim", "offer", "signature", "slices", "wallet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The offer that was taken, and who pays for it: enough to see the lease to its end."""

    signed: Signed
    slices: SliceCount
    wallet: str
    auto_claim: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What lies beside an order. `taken` is None until an offer is about to be opened."""

    agreement: Agreement
    canaries: str = field(repr=False)
    token: str = field(repr=False)
    taken: Taken | None = None


def agreement_secret_name(order: str) -> str:
    """Return the name of the Secret with an order's papers."""
    return f"{order}-agreement"


def canaries_document(config_map: Json | None, *, name: str) -> str:
    """Return the canonical document of a ConfigMap; Refused says what to correct."""
    where = f"ConfigMap {name}"
    if config_map is None:
        raise Refused(f"{where}: it is missing: make it with `modelbond canaries`")
    text = (config_map.get("data") or {}).get(CANARIES_KEY)
    if not text:
        raise Refused(f"{where}: it has no entry {CANARIES_KEY}")
    try:
        document = canaries_text(canaries_of(text))
    except Refused as refusal:
        raise Refused(f"{where}: {refusal}") from refusal
    if len(document) > MOST_CANARIES_BYTES:
        raise Refused(f"{where}: canaries: more than {MOST_CANARIES_BYTES} bytes do not travel")
    return document


def agreement_for(  # noqa: PLR0913 - each is a fact of its own
    order: ModelPlacementSpec,
    *,
    sla: Sla,
    home_uid: str,
    endpoint_key: bytes,
    canaries: str,
    token_hash: bytes,
) -> Agreement:
    """Return what the home wants to be measured of an order."""
    about = order.deployment
    return Agreement(
        home=home_uid,
        deployment=DeploymentName(namespace=about.namespace, name=about.name, uid=about.uid),
        slot=order.slot,
        epoch=order.epoch,
        model=order.model.digest,
        model_name=order.model.name,
        canaries=text_hash(canaries),
        latency_bound_ms=sla.latency_bound_ms,
        requests_per_minute=sla.requests_per_minute,
        endpoint_key=endpoint_key,
        probe_token=token_hash,
    )


def papers_of(secret: Json | None) -> Papers | None:
    """Read the papers; None where there are none, or where they are not what we wrote."""
    texts = {key: secret_text(secret, key) for key in (AGREEMENT_KEY, CANARIES_KEY, TOKEN_KEY)}
    agreement, canaries, token = texts.values()
    if agreement is None or canaries is None or token is None:
        return None
    try:
        papers = Papers(agreement=agreement_of(agreement), canaries=canaries, token=token)
    except Refused:
        return None
    lease = secret_text(secret, LEASE_KEY)
    return papers if lease is None else replace(papers, taken=_taken(lease))


def papers_body(order: Order, papers: Papers) -> Json:
    """Return the Secret, which goes with its order."""
    texts = {
        AGREEMENT_KEY: papers.agreement.text,
        CANARIES_KEY: papers.canaries,
        TOKEN_KEY: papers.token,
    }
    if papers.taken is not None:
        texts[LEASE_KEY] = _taken_text(papers.taken)
    return {
        "apiVersion": SECRET.api_version,
        "kind": SECRET.kind,
        "metadata": {
            "name": agreement_secret_name(order.name),
            "namespace": order.namespace,
            "labels": owned_labels(order.deployment_uid),
            "ownerReferences": [
                {
                    "apiVersion": MODEL_PLACEMENT.api_version,
                    "kind": MODEL_PLACEMENT.kind,
                    "name": order.name,
                    "uid": order.uid,
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "type": "Opaque",
        "data": encoded(texts),
    }


def wish_of(papers: Papers, *, customer: Address, slot: SlotId, tower: Address) -> Json:
    """Return `spec.lease` of the order: on what its host is asked for an offer."""
    return {
        "customer": customer,
        "slot": hexed(slot),
        "tower": tower,
        "agreement": hexed(papers.agreement.hash),
    }


def _taken(text: str) -> Taken | None:
    try:
        auto_claim, offer, signature, slices, wallet = fields_of(
            json.loads(text), *_LEASE_FIELDS, what=LEASE_KEY
        )
        signed = Signed(
            offer=offer_of(offer),
            signature=bytes_of(signature, size=SIGNATURE_BYTES, name="signature"),
        )
        paid = SliceCount(count_of(slices, name="slices"))
    except (Refused, ValueError):
        return None
    return Taken(signed=signed, slices=paid, wallet=str(wallet), auto_claim=bool(auto_claim))


def _taken_text(taken: Taken) -> str:
    content: dict[str, Any] = {
        "offer": offer_values(taken.signed.offer),
        "signature": hexed(taken.signed.signature),
        "slices": taken.slices,
        "wallet": taken.wallet,
        "autoClaim": taken.auto_claim,
    }
    return canonical(content)
