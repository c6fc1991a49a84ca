"""Where a host serves a lease, as it signs it for watchers: the record of the highest sequence."""

from dataclasses import dataclass
from typing import Any

from modelbond.settlement.encoding import Value, keccak
from modelbond.settlement.typed import Domain, Struct
from modelbond.settlement.units import Address, Digest, LeaseId, SliceIndex

ENDPOINT_RECORD = Struct(
    name="EndpointRecord",
    fields=(
        ("lease", "bytes32"),
        ("sequence", "uint64"),
        ("addressHash", "bytes32"),
        ("fromSlice", "uint64"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRecord:
    """One record. `address` is IP and port as text; its hash is what is signed."""

    lease: LeaseId
    sequence: int
    address: str
    from_slice: SliceIndex

    def values(self) -> dict[str, Value]:
        """Return the fields of the struct."""
        return {
            "lease": self.lease,
            "sequence": self.sequence,
            "addressHash": keccak(self.address.encode()),
            "fromSlice": self.from_slice,
        }

    def typed_data(self, domain: Domain) -> dict[str, Any]:
        """Return what the host signs, as wallets take it."""
        return ENDPOINT_RECORD.message(self.values(), domain=domain)

    def digest(self, domain: Domain) -> Digest:
        """Return the hash that is signed."""
        return ENDPOINT_RECORD.digest(self.values(), domain=domain)


def endpoint_domain(*, chain_id: int, contract: Address) -> Domain:
    """Return the domain in which records are signed; the contract is the ModelBond."""
    return Domain(name="modelbond endpoint", version="1", chain_id=chain_id, contract=contract)
