import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.canaries import FLOATS, canary, strings, tensor, tensors
from modelbond.sla.canary import Canary, Expected, Rule, Tensor, mismatch


def verdict(asked: Canary, answer: Tensor) -> str | None:
    return mismatch(asked, {answer.name: answer})


def test_a_direction_agrees_within_the_tolerance_whatever_its_length() -> None:
    asked = canary(tensor(1.0, 0.0), Rule.COSINE, ppm=1000)
    assert verdict(asked, tensor(7.0, 0.1)) is None
    assert verdict(asked, tensor(1.0, 0.1)) == "y: cosine distance 4963 ppm"
    assert verdict(asked, tensor(-1.0, 0.0)) == "y: cosine distance 2000000 ppm"


def test_all_zeros_have_no_direction() -> None:
    asked = canary(tensor(1.0, 0.0), Rule.COSINE, ppm=1000)
    assert verdict(asked, tensor(0.0, 0.0)) == "y: all zeros, which have no direction"
    asked = canary(tensor(0.0, 0.0), Rule.COSINE, ppm=1000)
    assert verdict(asked, tensor(1.0, 0.0)) == "y: all zeros, which have no direction"


def test_a_direction_of_huge_or_tiny_numbers_is_still_a_direction() -> None:
    for size in (1e300, 1e-300):
        asked = canary(tensor(size, size, datatype="FP64"), Rule.COSINE, ppm=1)
        assert verdict(asked, tensor(size / 2, size / 2, datatype="FP64")) is None


def test_the_largest_number_must_be_at_the_same_place_in_each_row() -> None:
    asked = canary(tensor(1.0, 2.0, 4.0, 3.0, shape=(2, 2)), Rule.ARGMAX)
    assert verdict(asked, tensor(0.0, 0.1, 9.0, 8.0, shape=(2, 2))) is None
    assert verdict(asked, tensor(1.0, 2.0, 3.0, 4.0, shape=(2, 2))) == (
        "y: row 1 is largest at 1, not at 0"
    )


def test_the_top_k_may_come_in_any_order() -> None:
    asked = canary(tensor(3.0, 2.0, 1.0), Rule.TOP_K, k=2)
    assert verdict(asked, tensor(2.0, 3.0, 1.0)) is None
    assert verdict(asked, tensor(3.0, 1.0, 2.0)) == "y: 1 of 1 rows have another top 2"


def test_so_many_rows_as_agreed_may_have_another_top_k() -> None:
    rows = tensor(*[2.0, 1.0] * 4, shape=(4, 2))
    one_off = tensor(*[2.0, 1.0] * 3, 1.0, 2.0, shape=(4, 2))
    assert verdict(canary(rows, Rule.TOP_K, k=1, ppm=250_000), one_off) is None
    assert verdict(canary(rows, Rule.TOP_K, k=1, ppm=249_999), one_off) is not None


def test_each_number_must_be_close_relative_to_large_and_absolute_for_small_ones() -> None:
    asked = canary(tensor(0.0, 1000.0), ppm=1000)
    assert verdict(asked, tensor(0.0009, 1000.9)) is None
    assert verdict(asked, tensor(0.0011, 1000.0)) == "y: element 0 is 0.0011, not 0"
    assert verdict(asked, tensor(0.0, 998.0)) == "y: element 1 is 998, not 1000"


def test_whole_numbers_of_64_bits_are_compared_to_the_last_bit() -> None:
    asked = canary(tensor(2**63 - 1, datatype="INT64"))
    assert verdict(asked, tensor(2**63 - 1, datatype="INT64")) is None
    assert verdict(asked, tensor(2**63 - 2, datatype="INT64")) is not None


def test_strings_are_compared_as_bytes() -> None:
    asked = canary(strings(b"cat", b""))
    assert verdict(asked, strings(b"cat", b"")) is None
    assert verdict(asked, strings(b"", b"cat")) == "y: holds other bytes"


def test_a_scalar_is_a_row_of_one() -> None:
    scalar = replace(tensor(1.0), shape=())
    assert verdict(canary(scalar, Rule.ARGMAX), replace(tensor(2.0), shape=())) is None


def test_an_answer_may_hold_more_outputs_than_were_agreed() -> None:
    agreed = tensor(1.0)
    assert mismatch(canary(agreed), {"y": agreed, "z": replace(tensor(2.0), name="z")}) is None


def test_every_agreed_output_must_be_there_and_agree() -> None:
    asked = canary(tensor(1.0))
    second = Expected(tensor=replace(tensor(5.0), name="z"), rule=Rule.CLOSE)
    asked = replace(asked, expected=(*asked.expected, second))
    assert mismatch(asked, {}) == "y: is missing"
    assert mismatch(asked, {"y": tensor(1.0)}) == "z: is missing"
    assert mismatch(asked, {"y": tensor(1.0), "z": tensor(6.0)}) == "z: element 0 is 6, not 5"


@pytest.mark.parametrize("rule", Rule)
def test_an_answer_of_another_form_never_agrees(rule: Rule) -> None:
    asked = canary(tensor(1.0, 2.0), rule, ppm=999_999, k=1)
    assert verdict(asked, tensor(1.0, 2.0, datatype="FP64")) == "y: is not of FP32"
    assert verdict(asked, tensor(1.0, 2.0, shape=(2,))) == "y: is not of shape [1, 2]"
    cut = replace(tensor(1.0, 2.0), data=b"\0" * 7)
    assert verdict(asked, cut) == "y: has too little or too much data"


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("datatype", FLOATS)
@pytest.mark.parametrize("rule", Rule)
def test_nan_and_infinity_never_agree(rule: Rule, datatype: str, odd: float) -> None:
    asked = canary(tensor(1.0, 2.0, datatype=datatype), rule, ppm=999_999, k=2)
    answer = tensor(odd, 2.0, datatype=datatype)
    assert verdict(asked, answer) == "y: holds NaN or infinity"


@given(tensors(), st.sampled_from(Rule))
def test_an_answer_equal_to_the_expected_agrees_under_each_rule(answer: Tensor, rule: Rule) -> None:
    assert verdict(canary(answer, rule, k=1), answer) is None


@given(tensors(), tensors(), st.sampled_from(Rule), st.integers(0, 999_999))
def test_an_answer_of_another_datatype_or_shape_never_agrees(
    left: Tensor, right: Tensor, rule: Rule, ppm: int
) -> None:
    if (left.datatype, left.shape) != (right.datatype, right.shape):
        assert verdict(canary(left, rule, ppm=ppm, k=1), right) is not None


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=5), st.data())
def test_what_agrees_under_a_tolerance_agrees_under_each_larger_one(
    numbers: list[float], data: st.DataObject
) -> None:
    other = data.draw(
        st.lists(st.floats(-1e6, 1e6, width=32), min_size=len(numbers), max_size=len(numbers))
    )
    smaller, larger = sorted(data.draw(st.tuples(st.integers(0, 999_999), st.integers(0, 999_999))))
    for rule in Rule:
        if verdict(canary(tensor(*numbers), rule, ppm=smaller, k=1), tensor(*other)) is None:
            wide = canary(tensor(*numbers), rule, ppm=larger, k=1)
            assert verdict(wide, tensor(*other)) is None
