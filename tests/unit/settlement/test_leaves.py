"""Leaves count three kinds of slices, and a tree is made of what it holds."""

import pytest

from fakes.offers import account, leaf
from modelbond.errors import Refused
from modelbond.settlement.encoding import keccak
from modelbond.settlement.leaves import NOTHING_MEASURED, lease_leaf, pay_leaf
from modelbond.settlement.tree import Tree, proven_root
from modelbond.settlement.units import LeaseId, Wei

LEASE = LeaseId(keccak(b"lease"))
SOME = [keccak(bytes([number])) for number in range(9)]


@pytest.mark.parametrize("counts", [(1, 2, 0), (2, 1, 2), (0, 0, -1), (2**40, 0, 0)])
def test_counts_that_do_not_fit_into_each_other_are_refused(counts: tuple[int, int, int]) -> None:
    with pytest.raises(Refused, match="must hold"):
        leaf(*counts)


def test_earned_is_what_is_not_unearned() -> None:
    assert leaf(10, 4, 1).earned == 6


@pytest.mark.parametrize("later", [(10, 4, 1), (11, 4, 1), (11, 5, 2), (12, 6, 2)])
def test_a_leaf_with_more_of_any_kind_follows(later: tuple[int, int, int]) -> None:
    assert leaf(*later).follows(leaf(10, 4, 1))
    assert leaf(*later).follows(NOTHING_MEASURED)


@pytest.mark.parametrize(
    "later",
    [(10, 4, 0), (10, 4, 2), (10, 3, 1), (10, 5, 1), (11, 3, 1)],
    ids=["less breach", "breach for other", "less unearned", "less earned", "earned for other"],
)
def test_a_leaf_that_takes_anything_back_does_not_follow(later: tuple[int, int, int]) -> None:
    assert not leaf(*later).follows(leaf(10, 4, 1))


def test_the_leaf_of_a_lease_and_of_a_watchers_pay_are_never_the_same() -> None:
    pay = pay_leaf(bond=account("bond"), watcher=account("watcher"), awarded=Wei(1))
    assert pay != lease_leaf(LEASE, leaf(1))
    assert pay != pay_leaf(bond=account("watcher"), watcher=account("bond"), awarded=Wei(1))


def test_a_tree_without_leaves_is_refused() -> None:
    with pytest.raises(Refused, match="needs a leaf"):
        Tree.of([])


def test_a_leaf_that_stands_twice_is_refused() -> None:
    with pytest.raises(Refused, match="twice"):
        Tree.of([SOME[0], SOME[1], SOME[0]])


def test_the_root_does_not_depend_on_the_order_of_leaves() -> None:
    assert Tree.of(SOME).root == Tree.of(reversed(SOME)).root


def test_leaves_are_given_back_in_ascending_order() -> None:
    assert list(Tree.of(SOME).leaves) == sorted(SOME)


def test_a_tree_of_one_leaf_is_that_leaf() -> None:
    tree = Tree.of(SOME[:1])
    assert tree.root == SOME[0]
    assert tree.proof(SOME[0]) == ()


def test_an_inner_node_has_no_proof() -> None:
    tree = Tree.of(SOME)
    with pytest.raises(Refused, match="not in the tree"):
        tree.proof(tree.nodes[1])


def test_the_proof_of_one_leaf_does_not_prove_another() -> None:
    tree = Tree.of(SOME)
    assert proven_root(SOME[1], tree.proof(SOME[0])) != tree.root
