"""The Merkle tree over a report's leaves, node for node OpenZeppelin's StandardMerkleTree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from modelbond.errors import Refused
from modelbond.settlement.encoding import keccak
from modelbond.settlement.units import Digest


@dataclass(frozen=True, slots=True)
class Tree:
    """A complete binary tree as a list: the root first, the leaves last, greatest at the front.

    Leaves are sorted, so the tree depends on what is in it and not on the order given.
    """

    nodes: tuple[Digest, ...]

    @classmethod
    def of(cls, leaves: Iterable[Digest]) -> "Tree":
        """Return the tree of these leaves; Refused where there is none, or one stands twice."""
        ordered = sorted(leaves, reverse=True)
        if not ordered:
            raise Refused("a tree needs a leaf")
        if len(set(ordered)) != len(ordered):
            raise Refused("a leaf stands twice: it would be counted twice")
        inner = len(ordered) - 1
        nodes = [Digest(b"")] * inner + ordered
        for index in reversed(range(inner)):
            nodes[index] = _parent(nodes[2 * index + 1], nodes[2 * index + 2])
        return cls(tuple(nodes))

    @property
    def root(self) -> Digest:
        """Return what the watchers sign."""
        return self.nodes[0]

    @property
    def leaves(self) -> tuple[Digest, ...]:
        """Return the leaves in ascending order."""
        return self.nodes[len(self.nodes) // 2 :][::-1]

    def proof(self, leaf: Digest) -> tuple[Digest, ...]:
        """Return the leaf's siblings up to the root; Refused where it is not in the tree."""
        try:
            index = self.nodes.index(leaf, len(self.nodes) // 2)
        except ValueError:
            raise Refused(f"leaf {leaf.hex()} is not in the tree") from None
        path = []
        while index:
            path.append(self.nodes[index - 1 if index % 2 == 0 else index + 1])
            index = (index - 1) // 2
        return tuple(path)


def proven_root(leaf: Digest, path: Sequence[Digest]) -> Digest:
    """Return the root of which the path makes the leaf a part."""
    return reduce(_parent, path, leaf)


def _parent(one: Digest, other: Digest) -> Digest:
    return keccak(one + other if one < other else other + one)
