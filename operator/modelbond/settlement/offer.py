"""The terms of a lease, as its host signs them, and the identity that they give it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelbond.settlement.encoding import Value, encoded_strings, keccak
from modelbond.settlement.typed import Domain, Struct
from modelbond.settlement.units import Address, Digest, LeaseId, SliceCount, SlotId, Wei

OFFER = Struct(
    name="Offer",
    fields=(
        ("customer", "address"),
        ("asset", "address"),
        ("host", "address"),
        ("tower", "address"),
        ("slot", "bytes32"),
        ("epoch", "uint64"),
        ("rate", "uint128"),
        ("fee", "uint128"),
        ("cover", "uint128"),
        ("creditPerSlice", "uint128"),
        ("coverFactor", "uint32"),
        ("slice", "uint32"),
        ("period", "uint32"),
        ("allowance", "uint32"),
        ("notice", "uint32"),
        ("maintenanceNotice", "uint32"),
        ("maintenanceBudget", "uint32"),
        ("grace", "uint32"),
        ("prepayment", "uint32"),
        ("expiry", "uint64"),
        ("agreement", "bytes32"),
        ("rules", "bytes32"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What IModelBond.Offer says; amounts in the asset's smallest unit, counts in slices."""

    customer: Address
    asset: Address
    host: Address
    tower: Address
    slot: SlotId
    epoch: int
    rate: Wei
    fee: Wei
    cover: Wei
    credit_per_slice: Wei
    cover_factor: int
    slice_seconds: int
    period: SliceCount
    allowance: SliceCount
    notice: SliceCount
    maintenance_notice: SliceCount
    maintenance_budget: SliceCount
    grace: SliceCount
    prepayment: SliceCount
    expiry: int
    agreement: Digest
    rules: Digest

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Offer":
        """Return the offer of these values, checked already, under the contract's names."""
        return cls(**{_ours(name): values[name] for name, _ in OFFER.fields})

    def values(self) -> dict[str, Value]:
        """Return the fields under the contract's names, in its order."""
        return {name: getattr(self, _ours(name)) for name, _ in OFFER.fields}

    def typed_data(self, domain: Domain) -> dict[str, Any]:
        """Return what the host signs, as wallets take it."""
        return OFFER.message(self.values(), domain=domain)


def lease_id(offer: Offer, *, domain: Domain) -> LeaseId:
    """Return the lease that the offer opens: it names chain, contract and every term."""
    return LeaseId(OFFER.digest(offer.values(), domain=domain))


def slot_id(*, home_uid: str, deployment_uid: str, ordinal: int) -> SlotId:
    """Return one place of a deployment, whatever host fills it."""
    return SlotId(keccak(encoded_strings(home_uid, deployment_uid, number=ordinal)))


def bond_domain(*, chain_id: int, contract: Address) -> Domain:
    """Return the domain in which offers are signed."""
    return Domain(name="ModelBond", version="1", chain_id=chain_id, contract=contract)


def _ours(name: str) -> str:
    """Return our name of a contract's field: whole words, with the unit."""
    if name == "slice":
        return "slice_seconds"
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name)
