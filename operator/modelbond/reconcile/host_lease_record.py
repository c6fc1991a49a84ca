"""Where the host serves a lease: one signed record, and another only when the address changes."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from modelbond.api.kinds import Json
from modelbond.errors import Refused
from modelbond.settlement.endpoint import EndpointRecord
from modelbond.settlement.lease import Lease
from modelbond.settlement.units import LeaseId, SliceIndex
from modelbond.sla.text import bytes_of, count_of, hexed

_SIGNATURE_BYTES = 65


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A record with the host's signature."""

    record: EndpointRecord
    signature: bytes


def record_in(copy: Json) -> Signed | None:
    """Return the record that stands in a copy's status; None where there is none to go on from."""
    said = copy.get("status", {}).get("endpointRecord")
    try:
        return _read(said) if said is not None else None
    except (Refused, KeyError):
        return None


def record_wanted(
    before: EndpointRecord | None,
    *,
    lease_id: LeaseId,
    lease: Lease,
    endpoints: Sequence[tuple[str, int]],
    now: int,
) -> EndpointRecord | None:
    """Return the record that should be signed; None where the one before holds, or none can.

    An address that still serves is kept, so that another one beside it changes nothing.
    """
    addresses = [address_text(host, port) for host, port in endpoints]
    ours = before if before is not None and before.lease == lease_id else None
    if not addresses or (ours is not None and ours.address in addresses):
        return None
    if ours is None:
        return EndpointRecord(
            lease=lease_id, sequence=1, address=addresses[0], from_slice=lease.first
        )
    return EndpointRecord(
        lease=lease_id,
        sequence=ours.sequence + 1,
        address=addresses[0],
        from_slice=SliceIndex(max(lease.now(now), ours.from_slice)),
    )


def record_json(signed: Signed) -> Json:
    """Return the record as a status holds it."""
    record = signed.record
    return {
        "lease": hexed(record.lease),
        "sequence": record.sequence,
        "address": record.address,
        "fromSlice": record.from_slice,
        "signature": hexed(signed.signature),
    }


def address_text(host: str, port: int) -> str:
    """Return an address as records name it: IPv6 in brackets."""
    address = ipaddress.ip_address(host)
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def _read(said: Json) -> Signed:
    return Signed(
        record=EndpointRecord(
            lease=LeaseId(bytes_of(said["lease"], size=32, name="endpointRecord.lease")),
            sequence=count_of(said["sequence"], name="endpointRecord.sequence"),
            address=str(said["address"]),
            from_slice=SliceIndex(count_of(said["fromSlice"], name="endpointRecord.fromSlice")),
        ),
        signature=bytes_of(
            said["signature"], size=_SIGNATURE_BYTES, name="endpointRecord.signature"
        ),
    )
