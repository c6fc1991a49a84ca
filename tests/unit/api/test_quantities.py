import pytest

from modelbond.api.quantities import (
    cpu_milli,
    cpu_quantity,
    memory_bytes,
    memory_quantity,
    whole,
)
from modelbond.errors import Refused


@pytest.mark.parametrize(
    ("text", "milli"),
    [("2", 2000), ("500m", 500), ("1.5", 1500), (".5", 500), ("1n", 1), ("1e1", 10_000)],
)
def test_cpu_is_counted_in_millicores_rounded_up(text: str, milli: int) -> None:
    assert cpu_milli(text) == milli


@pytest.mark.parametrize(
    ("text", "size"),
    [("1Gi", 2**30), ("1.5Gi", 3 * 2**29), ("1G", 10**9), ("128974848", 128974848), ("1E2", 100)],
)
def test_memory_is_counted_in_bytes(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize(
    "text", ["", "x", "1GiB", "-1", "1 Gi", "e3", "1e", "1e999", "9" * 33, "1\n", "²"]
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="quantity"):
        whole(text)


@pytest.mark.parametrize(("milli", "text"), [(2000, "2"), (1500, "1500m"), (0, "0")])
def test_millicores_are_written_as_people_do(milli: int, text: str) -> None:
    assert cpu_quantity(milli) == text


@pytest.mark.parametrize(
    ("size", "text"), [(2**30, "1Gi"), (3 * 2**29, "1536Mi"), (1000, "1000"), (0, "0")]
)
def test_bytes_are_written_in_the_largest_exact_unit(size: int, text: str) -> None:
    assert memory_quantity(size) == text
