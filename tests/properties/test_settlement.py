"""Money: bounded, monotone, the same in any order, and all of it dealt out."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fakes.offers import leaf, offer
from modelbond.settlement.accounts import released, settled, streamed
from modelbond.settlement.encoding import keccak
from modelbond.settlement.lease import Lease, opened
from modelbond.settlement.leaves import Leaf
from modelbond.settlement.money import breach_that_uses_up_the_cover, credit
from modelbond.settlement.offer import Offer
from modelbond.settlement.tree import Tree, proven_root
from modelbond.settlement.units import SliceCount

NOON = 1_800_000_000
LONG_AFTER = NOON + 10**9
counts = st.integers(0, 2**40 - 1)
amounts = st.integers(1, 2**128 - 1)
digests = st.binary(min_size=1, max_size=8).map(keccak)


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    cover = draw(st.integers(1, 2**100))
    rate = draw(st.integers(1, 2**80))
    return offer(
        rate=rate,
        fee=draw(st.integers(0, rate - 1)),
        cover=cover,
        credit_per_slice=draw(st.integers(1, cover)),
        notice=SliceCount(1),
        prepayment=SliceCount(1),
    )


@st.composite
def courses(draw: st.DrawFn) -> list[Leaf]:
    """Draw leaves, each of which follows the one before."""
    steps = draw(st.lists(st.tuples(*[st.integers(0, 20)] * 3), min_size=1, max_size=8))
    leaves, sums = [], [0, 0, 0]
    for step in steps:
        sums = [total + more for total, more in zip(sums, step, strict=True)]
        earned, other, breach = sums
        leaves.append(leaf(earned + other + breach, other + breach, breach))
    return leaves


def lease(terms: Offer, *, slices: int) -> Lease:
    return opened(terms, slices=SliceCount(slices), time=NOON)


def outcome(terms: Offer, path: list[Leaf], *, slices: int, withdraws: list[bool]) -> Any:
    """Settle along the path, withdraw where told, release; return who got what in all."""
    state, credited, host, fee = lease(terms, slices=slices), 0, 0, 0
    for step, withdraw in zip(path, withdraws, strict=True):
        if step.through > state.length:  # the cover was used up: the lease ended before
            break
        moved = settled(state, step, offer=terms, reported_through=LONG_AFTER)
        state, credited = moved.lease, credited + moved.credited
        if withdraw:
            paid = streamed(state, offer=terms)
            state, host, fee = paid.lease, host + paid.host, fee + paid.fee
    done = released(state, offer=terms)
    return credited, host + done.host, fee + done.fee, done.refund, done.freed_cover


@given(offers(), counts, counts)
def test_a_credit_never_falls_and_never_passes_the_cover(terms: Offer, a: int, b: int) -> None:
    less, more = sorted((SliceCount(a), SliceCount(b)))
    assert credit(less, terms) <= credit(more, terms) <= terms.cover


@given(offers())
def test_the_cover_is_used_up_by_exactly_that_many_breaches(terms: Offer) -> None:
    last = breach_that_uses_up_the_cover(terms)
    assert credit(last, terms) == terms.cover
    assert credit(SliceCount(last - 1), terms) < terms.cover


@given(offers(), courses(), st.data())
def test_everything_is_dealt_out_and_nothing_twice(
    terms: Offer, path: list[Leaf], data: st.DataObject
) -> None:
    slices = max(path[-1].through, 1)
    path = [*path, leaf(slices, path[-1].unearned, path[-1].breach)]
    withdraws = data.draw(st.lists(st.booleans(), min_size=len(path), max_size=len(path)))
    credited, host, fee, refund, freed_cover = outcome(
        terms, path, slices=slices, withdraws=withdraws
    )
    assert host + fee + refund == slices * terms.rate
    assert credited + freed_cover == terms.cover


@given(offers(), courses(), st.data())
def test_whoever_settles_when_the_sums_are_the_same(
    terms: Offer, path: list[Leaf], data: st.DataObject
) -> None:
    terms = offer(
        rate=terms.rate,
        fee=terms.fee,
        cover=2**100,
        credit_per_slice=data.draw(st.integers(1, 2**80)),
        notice=SliceCount(1),
        prepayment=SliceCount(1),
    )
    slices = max(path[-1].through, 1)
    last = leaf(slices, path[-1].unearned, path[-1].breach)
    kept = data.draw(st.lists(st.booleans(), min_size=len(path), max_size=len(path)))
    some = [step for step, keep in zip(path, kept, strict=True) if keep]
    every = outcome(terms, [*path, last], slices=slices, withdraws=[True] * (len(path) + 1))
    few = outcome(terms, [*some, last], slices=slices, withdraws=[False] * (len(some) + 1))
    assert every == few


@given(courses())
def test_leaves_of_one_course_follow_each_other_and_never_the_other_way(path: list[Leaf]) -> None:
    for index, earlier in enumerate(path):
        for later in path[index:]:
            assert later.follows(earlier)
            assert not earlier.follows(later) or earlier == later


@given(st.lists(digests, min_size=1, max_size=40, unique=True), st.data())
def test_every_leaf_and_nothing_else_is_proven(leaves: list[Any], data: st.DataObject) -> None:
    tree = Tree.of(leaves)
    one = data.draw(st.sampled_from(leaves))
    assert proven_root(one, tree.proof(one)) == tree.root
    stranger = data.draw(digests.filter(lambda digest: digest not in leaves))
    assert proven_root(stranger, tree.proof(one)) != tree.root
