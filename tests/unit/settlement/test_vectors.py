"""Leaves and trees are, byte for byte, those that OpenZeppelin's merkle-tree makes."""

import json
from pathlib import Path
from typing import Any

import pytest

from fakes.offers import leaf
from modelbond.settlement.leaves import lease_leaf, pay_leaf
from modelbond.settlement.tree import Tree, proven_root
from modelbond.settlement.units import Digest, LeaseId, Wei, address

FILE = Path(__file__).parents[3] / "contracts/test/vectors/leaves.json"
TEXT = FILE.read_text()
SHARED: dict[str, Any] = json.loads(TEXT)


def rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def shown(digest: bytes) -> str:
    return f"0x{digest.hex()}"


def ours() -> list[Digest]:
    """Return the leaves of all rows, from their inputs alone."""
    leases = [
        lease_leaf(LeaseId(raw(row["lease"])), leaf(row["through"], row["unearned"], row["breach"]))
        for row in rows(SHARED["leases"])
    ]
    pays = [
        pay_leaf(
            bond=address(row["bond"]),
            watcher=address(row["watcher"]),
            awarded=Wei(int(row["awarded"])),
        )
        for row in rows(SHARED["pays"])
    ]
    return leases + pays


def test_the_whole_file_comes_out_byte_for_byte() -> None:
    leaves = ours()
    leases = len(SHARED["leases"]["lease"])
    trees = [Tree.of(leaves[: tree["size"]]) for tree in SHARED["trees"]]
    made = {
        "note": SHARED["note"],
        "leases": {**SHARED["leases"], "leaf": [shown(one) for one in leaves[:leases]]},
        "pays": {**SHARED["pays"], "leaf": [shown(one) for one in leaves[leases:]]},
        "trees": [
            {
                "size": size,
                "root": shown(tree.root),
                "proofs": [[shown(node) for node in tree.proof(one)] for one in leaves[:size]],
            }
            for tree in trees
            for size in [len(tree.leaves)]
        ],
    }
    assert json.dumps(made, indent=2) + "\n" == TEXT


@pytest.mark.parametrize("tree", SHARED["trees"], ids=lambda tree: f"{tree['size']} leaves")
def test_their_proofs_lead_from_our_leaves_to_their_root(tree: dict[str, Any]) -> None:
    for one, path in zip(ours(), tree["proofs"], strict=False):
        assert proven_root(one, [Digest(raw(node)) for node in path]) == raw(tree["root"])
