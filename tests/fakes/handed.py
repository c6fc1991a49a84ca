"""One lease as a home hands it to watchers: agreed on the echo's canary, signed by its host."""

import hashlib

from modelbond.adapters.chain.keys import Key
from modelbond.reconcile.home_lease_target import SignedRecord, target_text
from modelbond.reconcile.home_lease_terms import Signed
from modelbond.settlement.endpoint import EndpointRecord, endpoint_domain
from modelbond.settlement.offer import Offer, lease_id
from modelbond.settlement.typed import Domain
from modelbond.settlement.units import SliceIndex
from modelbond.sla.agreement import Agreement, DeploymentName
from modelbond.sla.canary import canaries_text
from modelbond.sla.text import text_hash
from modelbond.watcher.echo import CANARY

TOKEN = "probe-token-of-a-lease"  # noqa: S105 - opens nothing
CANARIES = canaries_text((CANARY,))


def agreed(endpoint_key: bytes) -> Agreement:
    """Return the agreement on an endpoint with that key."""
    return Agreement(
        home="home-uid",
        deployment=DeploymentName(namespace="models", name="magika", uid="deployment-uid"),
        slot=0,
        epoch=1,
        model="sha256:" + "0" * 64,
        model_name="magika",
        canaries=text_hash(CANARIES),
        latency_bound_ms=400,
        requests_per_minute=600,
        endpoint_key=endpoint_key,
        probe_token=hashlib.sha256(TOKEN.encode()).digest(),
    )


def handed_over(
    offer: Offer,
    *,
    agreement: Agreement,
    host: Key,
    domain: Domain,
    address: str,
    sequence: int = 1,
    signature: bytes = bytes(65),
) -> str:
    """Return the target of a lease in that bond's domain, its endpoint signed by that host."""
    record = EndpointRecord(
        lease=lease_id(offer, domain=domain),
        sequence=sequence,
        address=address,
        from_slice=SliceIndex(0),
    )
    records = endpoint_domain(chain_id=domain.chain_id, contract=domain.contract)
    return target_text(
        Signed(offer=offer, signature=signature),
        agreement=agreement.text,
        canaries=CANARIES,
        record=SignedRecord(record=record, signature=host.sign_typed(record.typed_data(records))),
    )
