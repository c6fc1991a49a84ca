"""EIP-712: what a signature is over, from one table of fields for each struct."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelbond.settlement.encoding import Value, keccak, uint_word, word
from modelbond.settlement.units import Address, Digest

_DOMAIN_FIELDS = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Whose signature it is: a contract, on a chain."""

    name: str
    version: str
    chain_id: int
    contract: Address

    @property
    def separator(self) -> Digest:
        """Return the hash that keeps signatures of other contracts and chains out."""
        return keccak(
            keccak(_type_string("EIP712Domain", _DOMAIN_FIELDS).encode())
            + keccak(self.name.encode())
            + keccak(self.version.encode())
            + uint_word(self.chain_id)
            + word("address", self.contract, name="contract")
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Struct:
    """A struct of static fields: (name, Solidity type), in the order of the contract."""

    name: str
    fields: tuple[tuple[str, str], ...]

    def hash(self, values: Mapping[str, Value]) -> Digest:
        """Return hashStruct; Refused names the field that does not fit its type."""
        words = [word(kind, values[name], name=name) for name, kind in self.fields]
        return keccak(keccak(_type_string(self.name, self.fields).encode()) + b"".join(words))

    def digest(self, values: Mapping[str, Value], *, domain: Domain) -> Digest:
        """Return what is signed."""
        return keccak(b"\x19\x01" + domain.separator + self.hash(values))

    def message(self, values: Mapping[str, Value], *, domain: Domain) -> dict[str, Any]:
        """Return the typed data as wallets take it."""
        return {
            "types": {"EIP712Domain": _listed(_DOMAIN_FIELDS), self.name: _listed(self.fields)},
            "primaryType": self.name,
            "domain": {
                "name": domain.name,
                "version": domain.version,
                "chainId": domain.chain_id,
                "verifyingContract": domain.contract,
            },
            "message": dict(values),
        }


def _type_string(name: str, fields: tuple[tuple[str, str], ...]) -> str:
    return f"{name}({','.join(f'{kind} {field}' for field, kind in fields)})"


def _listed(fields: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in fields]
