"""A target as a home hands it over, believed only as far as it is signed and hashed."""

import hashlib
from dataclasses import dataclass
from typing import Any

from modelbond.errors import Refused
from modelbond.reconcile.home_lease_target import FIELDS, VERSION
from modelbond.settlement.endpoint import EndpointRecord, endpoint_domain
from modelbond.settlement.offer import Offer, bond_domain, lease_id
from modelbond.settlement.units import Address, LeaseId, SliceIndex
from modelbond.sla.agreement import Agreement, agreement_of
from modelbond.sla.canary import Canary, canaries_of
from modelbond.sla.exchanged import Recover
from modelbond.sla.leases import OpenLease
from modelbond.sla.terms import offer_of
from modelbond.sla.text import bytes_of, count_of, fields_of, parsed, text_hash
from modelbond.watcher.guard import place_of
from modelbond.watcher.target import Labels, Target

_RECORD = ("lease", "sequence", "address", "fromSlice", "signature")
_SIGNATURE_BYTES = 65


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """One target as it was handed over, its signatures and hashes checked."""

    lease: LeaseId
    offer: Offer
    agreement: Agreement
    canaries: tuple[Canary, ...]
    record: EndpointRecord
    token: str

    def target(self, lease: OpenLease, *, source: str) -> Target:
        """Return what to probe, for a lease that is open on chain."""
        about = self.agreement.deployment
        return Target(
            lease=self.lease,
            labels=Labels(
                home=source, namespace=about.namespace, name=about.name, host=self.offer.host
            ),
            place=place_of(self.record.address),
            public_key=self.agreement.endpoint_key,
            model_name=self.agreement.model_name,
            token=self.token,
            latency_bound_ms=self.agreement.latency_bound_ms,
            canaries=self.canaries,
            slice_seconds=self.offer.slice_seconds,
            first=lease.first,
        )


def handed(text: str, *, token: str, chain_id: int, bond: Address, recover: Recover) -> Handed:
    """Read a target; Refused names what is not as its signatures and hashes say.

    Both sides' word for the agreement is the lease on chain, whose id is the hash of the offer.
    """
    said = fields_of(parsed(text, what="target"), *FIELDS, what="target")
    version, terms, _, agreement_text, canaries, endpoint = said
    if version != VERSION:
        raise Refused(f"target.version: {version!r} is not {VERSION}: upgrade modelbond")
    offer = offer_of(terms, what="target.offer")
    lease = lease_id(offer, domain=bond_domain(chain_id=chain_id, contract=bond))
    agreement = agreement_of(_text(agreement_text, name="agreement"))
    if agreement.hash != offer.agreement:
        raise Refused("target.agreement: it is not the one that the offer names")
    if text_hash(_text(canaries, name="canaries")) != agreement.canaries:
        raise Refused("target.canaries: they are not those of the agreement")
    if hashlib.sha256(token.encode()).digest() != agreement.probe_token:
        raise Refused("probe-token: it is not that of the agreement")
    record, signature = _record(endpoint)
    domain = endpoint_domain(chain_id=chain_id, contract=bond)
    if record.lease != lease or recover(record.digest(domain), signature) != offer.host:
        raise Refused("target.endpoint: it is not signed for this lease by its host")
    return Handed(
        lease=lease,
        offer=offer,
        agreement=agreement,
        canaries=canaries_of(canaries),
        record=record,
        token=token,
    )


def _record(said: Any) -> tuple[EndpointRecord, bytes]:
    lease, sequence, address, from_slice, signature = fields_of(
        said, *_RECORD, what="target.endpoint"
    )
    record = EndpointRecord(
        lease=LeaseId(bytes_of(lease, size=32, name="target.endpoint.lease")),
        sequence=count_of(sequence, name="target.endpoint.sequence"),
        address=_text(address, name="endpoint.address"),
        from_slice=SliceIndex(count_of(from_slice, name="target.endpoint.fromSlice")),
    )
    size = _SIGNATURE_BYTES
    return record, bytes_of(signature, size=size, name="target.endpoint.signature")


def _text(said: Any, *, name: str) -> str:
    if not isinstance(said, str):
        raise Refused(f"target.{name}: it must be a string")
    return said
