"""Rows of *Who is about to be slashed?* that watchers fill: verdicts, latency, reports."""

from grafana_foundation_sdk.builders import heatmap, statetimeline, timeseries
from grafana_foundation_sdk.models.common import VisibilityMode
from grafana_foundation_sdk.models.dashboard import ValueMap, ValueMappingResult
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from generation.expressions import CHOSEN, PLACED, WHO, rise
from generation.panels import WIDTH, Panel, dressed, lines, query


def verdicts() -> list[Panel]:
    """Return the panels of what was seen of each host."""
    return [_verdicts(), _slices(), _failures()]


def latency() -> list[Panel]:
    """Return the panels of how long answers took."""
    return [_heatmap(), _in_time(), _quantiles()]


def reported() -> list[Panel]:
    """Return the panels of what became of it on chain."""
    return [_reports(), _frames(), _rpcs(), _calls()]


def _verdicts() -> statetimeline.Panel:
    bad = rise("slices_total", 'verdict="bad"')
    known = rise("slices_total", 'verdict=~"good|bad"')
    unknown = rise("slices_total", 'verdict="unknown"')
    share = f"({bad} / ({known} > 0))"
    panel = dressed(
        statetimeline.Panel(),
        title="Verdicts",
        text=(
            "As the watchers that are scraped see it: bad where two thirds of them that know say "
            "so, disputed where fewer do, unknown where none knows."
        ),
        unit="none",
        span=WIDTH,
    )
    expr = (
        f"({share} >= 2/3) * 0 + 4\nor\n({share} > 0) * 0 + 3\nor\n{share} * 0 + 1\nor\n"
        f"({unknown} > 0) * 0 + 2"
    )
    panel.with_target(query(expr, WHO)).merge_values(merge_values=True).show_value(
        VisibilityMode.NEVER
    )
    words = (("1", "good", "green"), ("2", "unknown", "gray"), ("3", "disputed", "orange"))
    results = {
        value: ValueMappingResult(text=text, color=colour, index=place)
        for place, (value, text, colour) in enumerate((*words, ("4", "bad", "red")))
    }
    return panel.mappings([ValueMap(options=results)])


def _slices() -> timeseries.Panel:
    by = f"{PLACED}, verdict"
    return lines(
        [query(rise("slices_total", by=by), f"{WHO}: {{{{verdict}}}}")],
        title="Slices by verdict",
        text="Of all watchers that are scraped, in each interval of the graph.",
        unit="short",
    )


def _failures() -> timeseries.Panel:
    by = f"{PLACED}, reason"
    return lines(
        [
            query(
                rise("probe_attempts_total", 'reason!="answered"', by=by), f"{WHO}: {{{{reason}}}}"
            )
        ],
        title="Failed probes by reason",
        text="Why slices are bad or unknown; docs/runbooks/budget-burns.md says what each means.",
        unit="short",
    )


def _heatmap() -> heatmap.Panel:
    panel = dressed(
        heatmap.Panel(),
        title="Latency, as a multiple of the bound",
        text="All answers; the row that ends at 1 holds the last that came in time.",
        unit="short",
        span=8,
    )
    asked = query(rise("probe_bound_ratio_bucket", by="le"), "{{le}}")
    return panel.with_target(asked.format(PromQueryFormat.HEATMAP))


def _in_time() -> timeseries.Panel:
    in_time = rise("probe_bound_ratio_bucket", 'le="1.0"')
    return lines(
        [query(f"{in_time}\n/\n({rise('probe_bound_ratio_count')} > 0)", WHO)],
        title="Answers in time",
        text="Share of answers within the agreed bound. Probes without an answer are not in it.",
        unit="percentunit",
        span=8,
    )


def _quantiles() -> timeseries.Panel:
    buckets = rise("probe_bound_ratio_bucket", by=f"{PLACED}, le")
    bound = f"max by ({PLACED}) (modelbond_watcher_probe_bound_seconds{{{CHOSEN}}})"
    return lines(
        [
            query(
                f"histogram_quantile(0.99, {buckets}) * on ({PLACED}) {bound}",
                f"{WHO}, 99 %",
                ref="A",
            ),
            query(bound, f"{WHO}, bound", ref="B"),
        ],
        title="99 % of answers within",
        text="In seconds, beside the bound. What is later than twice the bound is shown as twice.",
        unit="s",
        span=8,
    )


def _reports() -> timeseries.Panel:
    lag = "max by (instance) (modelbond_watcher_report_lag_frames)"
    return lines(
        [query(lag, "{{instance}}")],
        title="Frames without a report",
        text="Frames that are over and that no report on chain speaks of, as each watcher sees it.",
        unit="short",
        span=8,
        limit=3,
    )


def _frames() -> timeseries.Panel:
    frames = "sum by (result) (increase(modelbond_watcher_frames_total[$__range]))"
    return lines(
        [query(frames, "{{result}}")],
        title="Frames by result",
        text="Over the time that is looked at: reported, empty (no lease), missed (too old).",
        unit="short",
        span=8,
    )


def _rpcs() -> timeseries.Panel:
    service = "min by (instance, rpc) (modelbond_chain_rpc_in_service)"
    return lines(
        [query(service, "{{instance}}: {{rpc}}")],
        title="RPCs in service",
        text="1 where a node may be asked; without one nothing is reported or settled.",
        unit="short",
    )


def _calls() -> timeseries.Panel:
    calls = "sum by (rpc, answer) (increase(modelbond_chain_rpc_requests_total[$__rate_interval]))"
    return lines(
        [query(calls, "{{rpc}}: {{answer}}")],
        title="Calls of the chain's RPCs by answer",
        text="Of all processes that are scraped.",
        unit="short",
    )
