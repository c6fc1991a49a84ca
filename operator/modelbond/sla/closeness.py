"""When two answers of a model agree: numerically and by an agreed rule, never as text."""

import heapq
import math
from collections.abc import Iterator
from enum import StrEnum
from operator import mul

from modelbond.sla.tensor import Values

PPM = 1_000_000


class Rule(StrEnum):
    """How an answer is compared. All but `cosine` see a row at a time, along the last axis."""

    COSINE = "cosine"
    ARGMAX = "argmax"
    TOP_K = "topK"
    CLOSE = "close"


def apart_by_cosine(expected: Values, answer: Values, *, ppm: int) -> str | None:
    """Return how far the directions differ where 1 - cosine is above `ppm`. Blind to length."""
    left, right = _scaled(expected), _scaled(answer)
    if right is None or left is None:
        return "all zeros, which have no direction"
    lengths = math.sqrt(_dot(left, left)) * math.sqrt(_dot(right, right))
    distance = 1 - _dot(left, right) / lengths
    return None if distance <= ppm / PPM else f"cosine distance {distance * PPM:.0f} ppm"


def apart_by_argmax(expected: Values, answer: Values, *, width: int) -> str | None:
    """Return the first row whose largest number is elsewhere."""
    pairs = zip(_rows(expected, width), _rows(answer, width), strict=True)
    for row, (wanted, found) in enumerate(pairs):
        left, right = wanted.index(max(wanted)), found.index(max(found))
        if left != right:
            return f"row {row} is largest at {right}, not at {left}"
    return None


def apart_by_top_k(expected: Values, answer: Values, *, width: int, k: int, ppm: int) -> str | None:
    """Return how many rows have other `k` largest, where more than `ppm` of them do."""
    pairs = list(zip(_rows(expected, width), _rows(answer, width), strict=True))
    others = sum(_top(wanted, k) != _top(found, k) for wanted, found in pairs)
    if others * PPM <= ppm * len(pairs):
        return None
    return f"{others} of {len(pairs)} rows have another top {k}"


def apart_by_closeness(expected: Values, answer: Values, *, ppm: int) -> str | None:
    """Return the first element that differs by more than `ppm` of the larger of 1 and itself."""
    for place, (wanted, found) in enumerate(zip(expected, answer, strict=True)):
        if abs(found - wanted) > ppm / PPM * max(1, abs(wanted)):
            return f"element {place} is {found:.6g}, not {wanted:.6g}"
    return None


def _scaled(numbers: Values) -> list[float] | None:
    """Return the numbers over the largest of them, so that no square overflows; None for zeros."""
    largest = max(map(abs, numbers))
    return [number / largest for number in numbers] if largest else None


def _dot(left: list[float], right: list[float]) -> float:
    return math.fsum(map(mul, left, right))


def _rows(numbers: Values, width: int) -> Iterator[Values]:
    return (numbers[start : start + width] for start in range(0, len(numbers), width))


def _top(row: Values, k: int) -> set[int]:
    return set(heapq.nlargest(k, range(len(row)), key=row.__getitem__))
