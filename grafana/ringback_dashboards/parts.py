"""Panels in the few forms that the dashboards have, each with a title, a description, a unit and a data source."""

from collections.abc import Mapping, Sequence
from typing import Any

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, text, timeseries
from grafana_foundation_sdk.models import common as models
from grafana_foundation_sdk.models import dashboard as dashboards
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from grafana_foundation_sdk.models.text import TextMode

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
RUNBOOKS = "${docs}/runbooks"
PALETTE = dashboards.FieldColorModeId.PALETTE_CLASSIC_BY_NAME

Steps = Sequence[tuple[float | None, str]]
"""Thresholds: from which value on (None: from the lowest) which colour holds."""
WIDE = 12
"""From so many columns on, the legend of a graph stands beside it, with values."""
CALM: Steps = ((None, "text"),)
"""For a number that is neither good nor bad."""


def target(
    expr: str,
    legend: str = "",
    *,
    instant: bool = False,
    form: PromQueryFormat = PromQueryFormat.TIME_SERIES,
    exemplar: bool = False,
) -> prometheus.Dataquery:
    """A query of the chosen data source, over the shown time or (`instant`) at its end."""
    query = prometheus.Dataquery().expr(expr).legend_format(legend).datasource(SOURCE).format(form)
    if exemplar:
        query = query.exemplar(True)
    return query.instant() if instant else query.range()


def thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    """Absolute thresholds."""
    made = [dashboards.Threshold(value=value, color=color) for value, color in steps]
    return dashboard.ThresholdsConfig().mode(dashboards.ThresholdsMode.ABSOLUTE).steps(made)


def runbook_links(alerts: Sequence[str]) -> list[Any]:
    """A link to the page of each alert."""
    return [
        dashboard.DashboardLink(f"Runbook: {alert}")
        .type(dashboards.DashboardLinkType.LINK)
        .url(f"{RUNBOOKS}/{alert}.md")
        .target_blank(True)
        for alert in alerts
    ]


def _framed(panel: Any, title: str, description: str, size: tuple[int, int], alerts: Sequence[str]) -> Any:
    framed = panel.title(title).description(description).datasource(SOURCE).span(size[0]).height(size[1])
    return framed.links(runbook_links(alerts)) if alerts else framed


def _targets(panel: Any, queries: Mapping[str, str], **how: Any) -> Any:
    for letter, (legend, expr) in zip("ABCDEFGHIJKLMNOP", queries.items(), strict=False):
        panel = panel.with_target(target(expr, legend, **how).ref_id(letter))
    return panel


def number(
    title: str, description: str, expr: str, unit: str, steps: Steps, *,
    size: tuple[int, int] = (4, 4), none: str = "No data", decimals: int | None = None, alerts: Sequence[str] = (),
    mappings: Sequence[Any] = (), legend: str = "",
) -> stat.Panel:  # fmt: skip
    """One value of now, coloured by its thresholds; `none` is what stands there without one."""
    panel = _framed(stat.Panel(), title, description, size, alerts)
    reduced = common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    panel = panel.unit(unit).thresholds(thresholds(steps)).no_value(none).reduce_options(reduced)
    panel = panel.color_mode(models.BigValueColorMode.BACKGROUND_SOLID if mappings else models.BigValueColorMode.VALUE)
    panel = panel.graph_mode(models.BigValueGraphMode.NONE).mappings(list(mappings))
    if mappings:
        panel = panel.text(common.VizTextDisplayOptions().value_size(34))
    if decimals is not None:
        panel = panel.decimals(decimals)
    return _targets(panel, {legend: expr}, instant=True)  # type: ignore[no-any-return]


def graph(
    title: str, description: str, queries: Mapping[str, str], unit: str, *,
    size: tuple[int, int] = (12, 8), stack: bool = False, steps: Steps = CALM, alerts: Sequence[str] = (),
    none: str = "No data", exemplar: bool = False, most: float | None = None,
) -> timeseries.Panel:  # fmt: skip
    """Lines over time (`stack`: areas on each other); `queries`: expressions by legend; `most`: end of the axis."""
    panel = _framed(timeseries.Panel(), title, description, size, alerts)
    legend = common.VizLegendOptions().show_legend(True)
    if size[0] < WIDE:
        legend = legend.display_mode(models.LegendDisplayMode.LIST).placement(models.LegendPlacement.BOTTOM).calcs([])
    else:
        legend = legend.display_mode(models.LegendDisplayMode.TABLE).placement(models.LegendPlacement.RIGHT)
        legend = legend.calcs(["lastNotNull", "max"])
    tooltip = common.VizTooltipOptions().mode(models.TooltipDisplayMode.MULTI).sort(models.SortOrder.DESCENDING)
    panel = panel.unit(unit).min(0).no_value(none).legend(legend).tooltip(tooltip).line_width(1)
    panel = panel.fill_opacity(40 if stack else 8).show_points(models.VisibilityMode.NEVER)
    panel = panel.color_scheme(dashboard.FieldColor().mode(PALETTE)).thresholds(thresholds(steps))
    if most is not None:
        panel = panel.max(most)
    if stack:
        panel = panel.stacking(common.StackingConfig().mode(models.StackingMode.NORMAL).group("A"))
    if len(steps) > 1:
        dashed = common.GraphThresholdsStyleConfig().mode(models.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds_style(dashed)
    return _targets(panel, queries, exemplar=exemplar)  # type: ignore[no-any-return]


def bars(
    title: str, description: str, expr: str, unit: str, *, names: Mapping[str, str] | None = None, legend: str,
    size: tuple[int, int] = (12, 8), steps: Steps = CALM, buckets: bool = False, none: str = "None",
    alerts: Sequence[str] = (),
) -> bargauge.Panel:  # fmt: skip
    """One bar for each series of now; `buckets`: of a histogram, each without those below; `names`: what is shown."""
    panel = _framed(bargauge.Panel(), title, description, size, alerts)
    panel = panel.unit(unit).min(0).no_value(none).thresholds(thresholds(steps))
    panel = panel.orientation(models.VizOrientation.HORIZONTAL).display_mode(models.BarGaugeDisplayMode.BASIC)
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    if len(steps) == 1:
        color = dashboard.FieldColor().mode(dashboards.FieldColorModeId.FIXED).fixed_color("blue")
        panel = panel.color_scheme(color)
    for name, shown in (names or {}).items():
        panel = panel.override_by_name(name, [dashboards.DynamicConfigValue(id_val="displayName", value=shown)])
    form = PromQueryFormat.HEATMAP if buckets else PromQueryFormat.TIME_SERIES
    return _targets(panel, {legend: expr}, instant=True, form=form)  # type: ignore[no-any-return]


def words(title: str, description: str, content: str, *, size: tuple[int, int]) -> text.Panel:
    """A text in Markdown."""
    panel = text.Panel().title(title).description(description).span(size[0]).height(size[1])
    return panel.mode(TextMode.MARKDOWN).content(content)


def rows(
    title: str, description: str, queries: Mapping[str, str], *, columns: Mapping[str, str], size: tuple[int, int],
    link: str | None = None, units: Mapping[str, str] | None = None, none: str = "Nothing",
    mappings: Mapping[str, Sequence[Any]] | None = None, widths: Mapping[str, int] | None = None,
) -> table.Panel:  # fmt: skip
    """A table of now: the labels and values of all queries, joined by equal labels.

    `columns` maps the fields to headings, in their order; all others are left out. `link`: the heading of the column
    whose value, or that of the column Runbook, names a runbook. `units`, `mappings` and `widths` are by heading.
    """
    panel = _framed(table.Panel(), title, description, size, ())
    panel = panel.unit("none").no_value(none).thresholds(thresholds(CALM))
    panel = panel.with_transformation(dashboards.DataTransformerConfig(id_val="merge", options={}))
    fields = {name: at for at, name in enumerate(columns)}
    values = ("Time", "Value", *(f"Value #{letter}" for letter in "ABCDEFGHIJ"))
    organize = {
        "excludeByName": {name: True for name in values if name not in columns},
        "indexByName": fields,
        "renameByName": dict(columns),
    }
    panel = panel.with_transformation(dashboards.DataTransformerConfig(id_val="organize", options=organize))
    for heading in columns.values():
        properties = [dashboards.DynamicConfigValue(id_val="noValue", value="-")]  # Of a cell, not of the table.
        if unit := (units or {}).get(heading):
            properties.append(dashboards.DynamicConfigValue(id_val="unit", value=unit))
        if width := (widths or {}).get(heading):
            properties.append(dashboards.DynamicConfigValue(id_val="custom.width", value=width))
        if mapping := (mappings or {}).get(heading):
            properties.append(dashboards.DynamicConfigValue(id_val="mappings", value=list(mapping)))
            color = {"type": "color-text"}
            properties.append(dashboards.DynamicConfigValue(id_val="custom.cellOptions", value=color))
        if heading == link:
            url = f"{RUNBOOKS}/${{__value.raw}}.md"
            links = [{"title": "Open the runbook", "url": url, "targetBlank": True}]
            properties.append(dashboards.DynamicConfigValue(id_val="links", value=links))
        panel = panel.override_by_name(heading, properties)
    return _targets(panel, queries, instant=True, form=PromQueryFormat.TABLE)  # type: ignore[no-any-return]


def as_text(values: Mapping[int | str, tuple[str, str]]) -> list[dashboards.ValueMap]:
    """A value mapping: which text and colour stand for a value."""
    options = {
        str(value): dashboards.ValueMappingResult(text=shown, color=color, index=at)
        for at, (value, (shown, color)) in enumerate(values.items())
    }
    return [dashboards.ValueMap(options=options)]
