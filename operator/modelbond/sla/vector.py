"""What one watcher saw of a frame, and the commitment to it that nobody can copy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelbond.errors import Refused
from modelbond.settlement.encoding import Value, keccak
from modelbond.settlement.typed import Domain, Struct
from modelbond.settlement.units import Address, Digest, FrameIndex, LeaseId
from modelbond.sla.text import address_of, bytes_of, canonical, count_of, fields_of, hexed, parsed

VERSION = 1
SALT_BYTES = 32
_FIELDS = ("chain", "frame", "leases", "tower", "version", "watcher")

COMMITMENT = Struct(name="Commitment", fields=(("frame", "uint40"), ("commitment", "bytes32")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One letter a slice for each lease: g good, b bad, u unknown."""

    chain_id: int
    tower: Address
    frame: FrameIndex
    watcher: Address
    leases: Mapping[LeaseId, str]

    @property
    def text(self) -> str:
        """Return it as it is committed to and shown."""
        return canonical(
            {
                "version": VERSION,
                "chain": self.chain_id,
                "tower": self.tower,
                "frame": self.frame,
                "watcher": self.watcher,
                "leases": {hexed(lease): letters for lease, letters in self.leases.items()},
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """The salted hash of a vector: signed and published before any vector is shown."""

    frame: FrameIndex
    commitment: Digest

    def values(self) -> dict[str, Value]:
        """Return the fields as they are signed."""
        return {"frame": self.frame, "commitment": self.commitment}

    def typed_data(self, domain: Domain) -> dict[str, Any]:
        """Return what a watcher signs, as wallets take it."""
        return COMMITMENT.message(self.values(), domain=domain)

    def digest(self, domain: Domain) -> Digest:
        """Return the hash that is signed."""
        return COMMITMENT.digest(self.values(), domain=domain)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedVector:
    """A vector's text with what proves whose it is: salt and signed commitment."""

    watcher: Address
    text: str
    salt: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def commitment(self) -> Digest:
        """Return the commitment that its watcher must have signed."""
        return commitment_of(salt=self.salt, text=self.text)


def commitment_of(*, salt: bytes, text: str) -> Digest:
    """Return the salted hash of a vector's text."""
    return keccak(salt + text.encode())


def watcher_domain(*, chain_id: int, tower: Address) -> Domain:
    """Return the domain in which commitments are signed."""
    return Domain(name="modelbond watcher", version="1", chain_id=chain_id, contract=tower)


def vector_of(text: str) -> Vector:
    """Read a vector; Refused names the field that is not as it must be."""
    chain, frame, leases, tower, version, watcher = fields_of(
        parsed(text, what="vector"), *_FIELDS, what="vector"
    )
    if version != VERSION:
        raise Refused(f"vector.version: {version!r} is not {VERSION}")
    if not isinstance(leases, dict) or not all(isinstance(one, str) for one in leases.values()):
        raise Refused("vector.leases: it must hold a string for each lease")
    return Vector(
        chain_id=count_of(chain, name="vector.chain"),
        tower=address_of(tower, name="vector.tower"),
        frame=FrameIndex(count_of(frame, name="vector.frame")),
        watcher=address_of(watcher, name="vector.watcher"),
        leases={
            LeaseId(bytes_of(lease, size=32, name="vector.leases")): letters
            for lease, letters in leases.items()
        },
    )
