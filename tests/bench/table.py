"""The measured figures as a table for people: percentiles, ratios to the reference, goals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One latency in seconds. `goal` is P50 and P99 in milliseconds."""

    title: str
    seconds: Sequence[float]
    goal: tuple[int, int] | None = None


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile; NaN of nothing."""
    ranked = sorted(values)
    return ranked[max(math.ceil(len(ranked) * percent / 100), 1) - 1] if ranked else math.nan


def rendered(rows: Sequence[Row]) -> str:
    """Return the lines; the first row is the reference of the ratios."""
    reference = _milliseconds(rows[0])
    head = f"{'':44}{'n':>5}{'P50 ms':>9}{'P99 ms':>9}{'ratio':>14}{'goal ms':>10}"
    return "\n".join([head, *(_line(row, reference) for row in rows)])


def _line(row: Row, reference: tuple[float, float]) -> str:
    median, last = _milliseconds(row)
    ratio = f"{median / reference[0]:.1f} / {last / reference[1]:.1f}"
    goal = f"{row.goal[0]}/{row.goal[1]}" if row.goal else ""
    return f"{row.title:44}{len(row.seconds):5}{median:9.1f}{last:9.1f}{ratio:>14}{goal:>10}"


def _milliseconds(row: Row) -> tuple[float, float]:
    return 1000 * percentile(row.seconds, 50), 1000 * percentile(row.seconds, 99)
