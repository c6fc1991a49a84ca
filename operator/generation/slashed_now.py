"""Rows of *Who is about to be slashed?* that a home fills: how leases stand, and what was paid."""

from grafana_foundation_sdk.builders import table, timeseries
from grafana_foundation_sdk.builders.common import TableSortByFieldState
from grafana_foundation_sdk.models.dashboard import (
    DashboardRangeMapOptions,
    RangeMap,
    ValueMappingResult,
)

from generation.expressions import WHO, of_all, of_each
from generation.panels import WIDTH, Panel, columns, dressed, lines, number, query, query_now

_LONGEST_PERIOD_SECONDS = 31 * 86_400
_NOT_SOON = RangeMap(
    options=DashboardRangeMapOptions(
        from_val=_LONGEST_PERIOD_SECONDS,
        result=ValueMappingResult(text="not in this period", color="green"),
    )
)


def standing() -> list[Panel]:
    """Return the panels of how leases stand now."""
    return [*_worst(), _table(), _uptime(), _budget()]


def credited() -> list[Panel]:
    """Return the panels of what was counted here, beside what the chain settled."""
    return [_credit(), _breach(), _escrow()]


def _worst() -> list[Panel]:
    """Return the worst of each number over the leases that are chosen."""
    low = [(None, "red"), (0.25, "orange"), (0.5, "green")]
    return [
        number(
            of_all("min", "objective_ratio"),
            title="Objective",
            text="The least uptime that a lease allows without a breach: 1 - allowance / period.",
            unit="percentunit",
            decimals=3,
            colours=[(None, "blue")],
        ),
        number(
            of_all("min", "uptime_ratio"),
            title="Worst uptime",
            text="Good slices among the known ones of the present period.",
            unit="percentunit",
            decimals=3,
            colours=[(None, "red"), (0.99, "orange"), (0.999, "green")],
        ),
        number(
            of_all("max", "uptime_error_ratio"),
            title="Error of uptime, ±",
            text=(
                "How far the time that was really up may be from it, with 95 % confidence: probes "
                "are samples. The contract counts slices and knows no error."
            ),
            unit="percentunit",
            decimals=3,
            colours=[(None, "blue")],
        ),
        number(
            of_all("min", "coverage_ratio"),
            title="Worst coverage",
            text="Slices known to be good or bad. Below 95 % unknown ones are not earned.",
            unit="percentunit",
            decimals=2,
            colours=[(None, "red"), (0.95, "green")],
        ),
        number(
            of_all("min", "budget_remaining_ratio"),
            title="Least budget left",
            text="What is left of the period's allowance of bad slices. Below 0 the bond pays.",
            unit="percentunit",
            decimals=1,
            colours=low,
        ),
        number(
            of_all("min", "time_to_slash_seconds"),
            title="Nearest slash",
            text="When the first slice in breach is due if the last hour's rate goes on.",
            unit="s",
            mappings=[_NOT_SOON],
            colours=[(None, "red"), (86_400, "orange"), (7 * 86_400, "green")],
        ),
    ]


def _table() -> table.Panel:
    panel = dressed(
        table.Panel(),
        title="Leases, nearest slash first",
        text="Every lease with what it promised and what is left; on chain beside local.",
        unit="short",
        span=WIDTH,
    )
    numbers = (
        ("A", "Time to slash", "s", of_each("time_to_slash_seconds", aggregate="min")),
        ("B", "Budget left", "short", of_each("budget_remaining_slices", aggregate="min")),
        ("C", "Budget left %", "percentunit", of_each("budget_remaining_ratio", aggregate="min")),
        ("D", "Objective", "percentunit", of_each("objective_ratio")),
        ("E", "Uptime", "percentunit", of_each("uptime_ratio", aggregate="min")),
        ("F", "± error", "percentunit", of_each("uptime_error_ratio")),
        ("G", "Coverage", "percentunit", of_each("coverage_ratio", aggregate="min")),
        ("H", "Credit, local", "short", of_each("credit_wei", source="local")),
        ("I", "Credit, on chain", "short", of_each("credit_wei", source="chain")),
    )
    for ref, _, _, expr in numbers:
        panel.with_target(query_now(expr, ref=ref))
    columns(panel, [each[:3] for each in numbers], labels=("namespace", "name", "host"))
    panel.sort_by([TableSortByFieldState().display_name("Time to slash").desc(desc=False)])
    return panel.mappings([_NOT_SOON])


def _uptime() -> timeseries.Panel:
    uptime, error = of_each("uptime_ratio", aggregate="min"), of_each("uptime_error_ratio")
    return lines(
        [
            query(uptime, WHO, ref="A"),
            query(f"clamp_max({uptime} + {error}, 1)", f"{WHO}, at most", ref="B"),
            query(f"clamp_min({uptime} - {error}, 0)", f"{WHO}, at least", ref="C"),
            query(of_each("objective_ratio"), f"{WHO}, promised", ref="D"),
        ],
        title="Uptime of the period with its error, and what was promised",
        text="A host is in breach for certain only where even the upper line is below its promise.",
        unit="percentunit",
    )


def _budget() -> timeseries.Panel:
    return lines(
        [query(of_each("budget_remaining_slices", aggregate="min"), WHO)],
        title="Bad slices left",
        text="Allowance of the period less its bad slices. Each slice below 0 is credited.",
        unit="short",
    )


def _credit() -> timeseries.Panel:
    return lines(
        [
            query(of_each("credit_wei", source="local"), f"{WHO}, counted here", ref="A"),
            query(of_each("credit_wei", source="chain"), f"{WHO}, settled on chain", ref="B"),
        ],
        title="Credit: counted here, settled on chain",
        text=(
            "What the host's bond owes the customer, in the asset's smallest unit. The chain's "
            "line follows when the report is final; then the two are equal, or somebody is wrong."
        ),
        unit="short",
    )


def _breach() -> timeseries.Panel:
    return lines(
        [
            query(of_each("breach_slices", source="local"), f"{WHO}, counted here", ref="A"),
            query(of_each("breach_slices", source="chain"), f"{WHO}, settled on chain", ref="B"),
        ],
        title="Slices in breach: counted here, settled on chain",
        text="Since the lease began. Credit is this number times the agreed credit of a slice.",
        unit="short",
    )


def _escrow() -> timeseries.Panel:
    return lines(
        [query(of_each("escrow_remaining_seconds", aggregate="min"), WHO)],
        title="Escrow lasts for",
        text="When it is used up the lease ends, and with it breaches and credits.",
        unit="s",
        span=8,
    )
