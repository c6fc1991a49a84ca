"""The leaves of a report's tree: what it says of a lease, and what a watcher was awarded."""

from dataclasses import dataclass

from modelbond.errors import Refused
from modelbond.settlement.encoding import address_word, keccak, uint_word, word
from modelbond.settlement.units import NO_SLICES, Address, Digest, LeaseId, SliceCount, Wei

_PAY_TYPE = b"Pay(address bond,address watcher)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """What is counted of a lease since it began: breach is part of unearned, that of through."""

    through: SliceCount
    unearned: SliceCount
    breach: SliceCount

    def __post_init__(self) -> None:
        if not 0 <= self.breach <= self.unearned <= self.through < 2**40:
            raise Refused(f"leaf: {self.breach} <= {self.unearned} <= {self.through} must hold")

    @property
    def earned(self) -> SliceCount:
        """Return the slices that the host earned."""
        return SliceCount(self.through - self.unearned)

    def follows(self, earlier: "Leaf") -> bool:
        """Tell whether this may come after the other.

        No slice in breach, no other one unearned and no earned one may be gone: so nothing that
        was credited or earned is ever taken back.
        """
        return (
            self.breach >= earlier.breach
            and self.unearned - self.breach >= earlier.unearned - earlier.breach
            and self.earned >= earlier.earned
        )


NOTHING_MEASURED = Leaf(through=NO_SLICES, unearned=NO_SLICES, breach=NO_SLICES)


def lease_leaf(lease: LeaseId, leaf: Leaf) -> Digest:
    """Return the hash that stands for a lease in the tree."""
    key = word("bytes32", lease, name="lease")
    return _twice(key, leaf.through, leaf.unearned, leaf.breach)


def pay_leaf(*, bond: Address, watcher: Address, awarded: Wei) -> Digest:
    """Return the hash that stands for all that a watcher was ever awarded from a bond's pool."""
    key = keccak(keccak(_PAY_TYPE) + address_word(bond) + address_word(watcher))
    return _twice(key, awarded, 0, 0)


def _twice(key: bytes, *numbers: int) -> Digest:
    """Hash twice, so that a leaf can be no inner node of the tree."""
    return keccak(keccak(key + b"".join(uint_word(number) for number in numbers)))
