"""Panels of Grafana: what all of ours have, so that a dashboard says only what differs."""

import json
from collections.abc import Iterable, Sequence
from typing import TypeVar

from grafana_foundation_sdk.builders import (
    common,
    dashboard,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    DataSourceRef,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
    ValueMapping,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

Panel = heatmap.Panel | stat.Panel | statetimeline.Panel | table.Panel | timeseries.Panel
AnyPanel = TypeVar("AnyPanel", bound=Panel)

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH = 24

Steps = Sequence[tuple[float | None, str]]
"""Colours, each from that value on; the first from no value."""


def query(expr: str, legend: str = "", *, ref: str = "A") -> prometheus.Dataquery:
    """Return a query over the time that is looked at."""
    asked = prometheus.Dataquery().expr(expr).ref_id(ref).datasource(SOURCE)
    return asked.range().legend_format(legend or "__auto")


def query_now(expr: str, *, ref: str = "A") -> prometheus.Dataquery:
    """Return a query of one moment, as a table."""
    asked = prometheus.Dataquery().expr(expr).ref_id(ref).datasource(SOURCE)
    return asked.instant().format(PromQueryFormat.TABLE)


def dressed(  # noqa: PLR0913 - what every panel has
    panel: AnyPanel, *, title: str, text: str, unit: str, span: int, height: int = 8
) -> AnyPanel:
    """Return the panel with what every panel must have."""
    panel.title(title).description(text).datasource(SOURCE).unit(unit).span(span).height(height)
    return panel


def steps(colours: Steps) -> dashboard.ThresholdsConfig:
    """Return thresholds at these values."""
    config = dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE)
    return config.steps([Threshold(value=value, color=colour) for value, colour in colours])


def number(  # noqa: PLR0913 - what a number on a wall has
    expr: str,
    *,
    title: str,
    text: str,
    unit: str,
    colours: Steps,
    mappings: Sequence[ValueMapping] = (),
    decimals: int | None = None,
) -> stat.Panel:
    """Return one big number: of this moment, no average."""
    panel = dressed(stat.Panel(), title=title, text=text, unit=unit, span=4, height=4)
    panel.with_target(query_now(expr)).thresholds(steps(colours)).mappings([*mappings])
    panel.color_mode(BigValueColorMode.BACKGROUND)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    panel.no_value("no lease")
    return panel if decimals is None else panel.decimals(decimals)


def lines(  # noqa: PLR0913 - what a graph has
    queries: Iterable[prometheus.Dataquery],
    *,
    title: str,
    text: str,
    unit: str,
    span: int = 12,
    limit: float | None = None,
) -> timeseries.Panel:
    """Return lines over time; what is above the limit stands in red."""
    panel = dressed(timeseries.Panel(), title=title, text=text, unit=unit, span=span)
    for one in queries:
        panel.with_target(one)
    legend = common.VizLegendOptions().display_mode(LegendDisplayMode.TABLE)
    panel.legend(
        legend.placement(LegendPlacement.BOTTOM)
        .show_legend(show_legend=True)
        .calcs(["lastNotNull"])
    )
    panel.fill_opacity(0).show_points(VisibilityMode.NEVER)
    if limit is not None:
        style = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.LINE)
        panel.thresholds(steps([(None, "green"), (limit, "red")])).thresholds_style(style)
    return panel


def columns(
    panel: table.Panel, names: Sequence[tuple[str, str, str]], *, labels: Sequence[str]
) -> table.Panel:
    """Give a table of instant queries one row for each set of labels.

    `names` are reference, heading and unit of each query.
    """
    headings = {f"Value #{ref}": heading for ref, heading, _ in names}
    order = {name: place for place, name in enumerate([*labels, *headings])}
    panel.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    options = {
        "excludeByName": {"Time": True},
        "indexByName": order,
        "renameByName": headings,
    }
    panel.with_transformation(DataTransformerConfig(id_val="organize", options=options))
    for _, heading, unit in names:
        panel.override_by_name(heading, [DynamicConfigValue(id_val="unit", value=unit)])
    return panel


def variable(name: str, label: str, *, of: str) -> dashboard.QueryVariable:
    """Return a choice among a label's values; all of them also where the label is missing."""
    asked: dict[str, object] = {"query": f"label_values({of}, {name})", "refId": name}
    chosen = dashboard.QueryVariable(name).label(label).datasource(SOURCE).query(asked)
    chosen.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
    return chosen.multi(multi=True).include_all(include_all=True).all_value(".*")


def text_of(builder: dashboard.Dashboard) -> str:
    """Return the dashboard as a file, its panels numbered so that links to them last."""
    built = builder.build()
    for place, panel in enumerate(built.panels or [], start=1):
        panel.id_val = place
    return json.dumps(built, cls=JSONEncoder, indent=2, sort_keys=True) + "\n"
