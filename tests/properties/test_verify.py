"""No byte of evidence can be another one without being found, or being an input by itself."""

import json
import re
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.evidence import BOND, silent, text_of
from golden.cases import CASES
from modelbond.settlement.leaves import Leaf, lease_leaf, pay_leaf
from modelbond.settlement.tree import Tree
from modelbond.settlement.units import Address, Digest, LeaseId, SliceCount, Wei
from modelbond.verify.hashes import hex_hash, leaves, root_of
from modelbond.verify.report import check
from modelbond.verify.text import Differs, Values

TEXTS = [text_of(CASES[name].evidence()) for name in ("settled-ahead-of-carried", "weights")]
INPUTS = re.compile(
    r"frameSeconds|referenceBlock\.\w+|previous\.dataHash|table\[\d+\]\.weight"
    r"|carried\.leases\.0x\w{64}\.(bad|unknown)"
    r"|leases\.0x\w{64}\.(first|end|settled\[\d\]|announced\[\d+\]\[\d\])"
)
"""What a report takes from the chain, and no offline check can know."""


@st.composite
def flipped(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Return evidence, and the same with one byte that is another."""
    text = draw(st.sampled_from(TEXTS))
    place = draw(st.integers(0, len(text) - 1))
    other = bytearray(text)
    other[place] ^= draw(st.integers(1, 255))
    return text, bytes(other)


def is_equal(text: bytes, *, data_hash: str | None) -> bool:
    try:
        check(text, say=silent, data_hash=data_hash)
    except Differs:
        return False
    return True


def changed_fields(one: object, other: object, path: str = "") -> Iterator[str]:
    """Return the paths of what differs between two documents with the same fields."""
    if isinstance(one, dict) and isinstance(other, dict):
        assert one.keys() == other.keys()
        for key in one:
            yield from changed_fields(one[key], other[key], f"{path}.{key}" if path else key)
    elif isinstance(one, list) and isinstance(other, list):
        for place, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from changed_fields(left, right, f"{path}[{place}]")
    elif one != other:
        yield path


@settings(max_examples=100)
@given(flipped())
def test_with_the_data_hash_no_flipped_byte_is_ever_equal(texts: tuple[bytes, bytes]) -> None:
    text, other = texts
    assert not is_equal(other, data_hash=hex_hash(text))


@settings(max_examples=100)
@given(flipped())
def test_without_it_a_flipped_byte_is_found_unless_it_is_an_input(
    texts: tuple[bytes, bytes],
) -> None:
    text, other = texts
    if is_equal(other, data_hash=None):
        before: Values = json.loads(text)
        (path,) = changed_fields(before, json.loads(other))
        assert INPUTS.fullmatch(path), path


def test_without_any_flip_it_is_equal() -> None:
    assert all(is_equal(text, data_hash=hex_hash(text)) for text in TEXTS)


@given(st.lists(st.binary(min_size=32, max_size=32), unique=True, min_size=1, max_size=70))
def test_two_ways_to_build_a_tree_come_to_one_root(made: list[bytes]) -> None:
    assert root_of(made) == f"0x{Tree.of(map(Digest, made)).root.hex()}"


@given(
    counts=st.lists(st.integers(0, 2**40 - 1), min_size=3, max_size=3),
    awarded=st.integers(0, 10**76),
)
def test_two_ways_to_make_leaves_come_to_the_same(counts: list[int], awarded: int) -> None:
    through, unearned, breach = sorted(counts, reverse=True)
    lease, watcher = "0x" + "0a" * 32, "0x" + "0b" * 20
    result = {
        "leases": {lease: {"leaf": [through, unearned, breach]}},
        "awarded": {watcher: str(awarded)},
    }
    leaf = Leaf(
        through=SliceCount(through), unearned=SliceCount(unearned), breach=SliceCount(breach)
    )
    assert leaves(result, bond=BOND) == [
        lease_leaf(LeaseId(bytes.fromhex(lease[2:])), leaf),
        pay_leaf(bond=Address(BOND), watcher=Address(watcher), awarded=Wei(awarded)),
    ]
