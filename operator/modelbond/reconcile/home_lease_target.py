"""What a home gives watchers of a lease: a Secret each, in a namespace that holds nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from modelbond.api.kinds import SECRET, Json
from modelbond.api.v1alpha1 import Endpoint, SignedEndpoint
from modelbond.errors import Refused
from modelbond.reconcile.home_certificate import encoded, secret_text
from modelbond.reconcile.home_endpoints import believed
from modelbond.reconcile.home_lease_papers import TOKEN_KEY, Papers, Taken
from modelbond.reconcile.home_lease_terms import Signed
from modelbond.reconcile.home_names import owned_labels
from modelbond.settlement.endpoint import EndpointRecord
from modelbond.settlement.offer import Offer
from modelbond.settlement.units import Address, LeaseId, SliceIndex
from modelbond.sla.terms import offer_values
from modelbond.sla.text import bytes_of, canonical, count_of, fields_of, hexed, parsed

WATCH_NAMESPACE = "modelbond-watch"
TARGET = "modelbond.io/target"
TARGET_KEY = "target.json"
VERSION = 1
FIELDS = ("version", "offer", "signature", "agreement", "canaries", "endpoint")
_ID_DIGITS = 32
_SIGNATURE_BYTES = 65


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRecord:
    """An endpoint record with its host's signature."""

    record: EndpointRecord
    signature: bytes


def target_name(lease: LeaseId) -> str:
    """Return the name of a lease's Secret for watchers."""
    return f"lease-{lease.hex()[:_ID_DIGITS]}"


def record_of(said: SignedEndpoint) -> SignedRecord:
    """Read what a host says of where it serves; Refused names the field."""
    return SignedRecord(
        record=EndpointRecord(
            lease=LeaseId(bytes_of(said.lease, size=32, name="endpointRecord.lease")),
            sequence=said.sequence,
            address=said.address,
            from_slice=SliceIndex(said.from_slice),
        ),
        signature=bytes_of(said.signature, size=_SIGNATURE_BYTES, name="endpointRecord.signature"),
    )


def record_objection(
    signed: SignedRecord,
    *,
    lease: LeaseId,
    offer: Offer,
    signer: Address | None,
    cidrs: Sequence[str],
) -> str:
    """Return why the record is not passed on; empty where it is."""
    record = signed.record
    if record.lease != lease:
        return f"endpointRecord.lease: it is {hexed(record.lease)}, not {hexed(lease)}"
    if signer != offer.host:
        return f"endpointRecord.signature: it is not that of host {offer.host}"
    host, _, port = record.address.rpartition(":")
    endpoint = Endpoint(address=host.strip("[]"), port=int(port))
    if not believed([endpoint], cidrs=cidrs).endpoints:
        return f"endpointRecord.address: {record.address} lies outside the host's endpointCIDRs"
    return ""


def target_text(signed: Signed, *, agreement: str, canaries: str, record: SignedRecord) -> str:
    """Return what a watcher reads of one lease, but the token."""
    return canonical(
        {
            "version": VERSION,
            "offer": offer_values(signed.offer),
            "signature": hexed(signed.signature),
            "agreement": agreement,
            "canaries": canaries,
            "endpoint": {
                "lease": hexed(record.record.lease),
                "sequence": record.record.sequence,
                "address": record.record.address,
                "fromSlice": record.record.from_slice,
                "signature": hexed(record.signature),
            },
        }
    )


def target_body(*, papers: Papers, taken: Taken, record: SignedRecord, owner_uid: str) -> Json:
    """Return the Secret of one lease."""
    target = target_text(
        taken.signed, agreement=papers.agreement.text, canaries=papers.canaries, record=record
    )
    return {
        "apiVersion": SECRET.api_version,
        "kind": SECRET.kind,
        "metadata": {
            "name": target_name(record.record.lease),
            "namespace": WATCH_NAMESPACE,
            "labels": {**owned_labels(owner_uid), TARGET: "true"},
        },
        "type": "Opaque",
        "data": encoded({TARGET_KEY: target, TOKEN_KEY: papers.token}),
    }


def sequence_of(secret: Json | None) -> int:
    """Return the sequence of the record that watchers have; 0 where they have none."""
    text = secret_text(secret, TARGET_KEY)
    try:
        said = parsed(text or "", what="target")
        endpoint = fields_of(said, *FIELDS, what="target")[-1]
        return count_of(endpoint["sequence"], name="sequence")
    except (Refused, KeyError, TypeError):
        return 0
