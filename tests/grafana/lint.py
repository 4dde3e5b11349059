"""The rules of Grafana's dashboard linter, under its names for them: each gives what is wrong, as panel and message.

Source: the documentation of the rules in its repository, grafana/dashboard-linter. Left out are those for logs.
"""

from collections.abc import Callable, Iterator
from typing import Any

import promql_parser as promql
from grafana_foundation_sdk.models import units

from grafana.ringback_dashboards.queries import ANY, panels, replaced
from tests.grafana.promql import labels_of, matched, nodes, parsed, selectors

Dashboard = dict[str, Any]
Findings = Iterator[tuple[str, str]]
UNITS = {value for name, value in vars(units).items() if not name.startswith("_") and isinstance(value, str)}
SOURCES = ("$datasource", "${datasource}")
HAVE_QUERIES = ("stat", "timeseries", "table", "bargauge", "gauge")
RATES = ("rate", "irate", "increase")
REFRESH_ON_TIME = 2
OUTSIDE_MATCHERS = {name: ANY[name] for name in ("__rate_interval", "__range", "expected_workers")}
"""Variables that stand for numbers and times; those within matchers are looked for."""


def variables(dashboard: Dashboard) -> dict[str, Any]:
    """The variables, by name."""
    return {one["name"]: one for one in dashboard["templating"]["list"]}


def targets(dashboard: Dashboard) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each query with its panel."""
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            yield panel, target


def trees(dashboard: Dashboard) -> Iterator[tuple[dict[str, Any], dict[str, Any], promql.Expr]]:
    """Each query that can be parsed with its panel and its tree; that all can is a rule of its own."""
    for panel, target in targets(dashboard):
        try:
            yield panel, target, parsed(target["expr"])
        except ValueError:
            continue


def template_datasource(dashboard: Dashboard) -> Findings:
    """One variable is the data source, and is named so."""
    sources = [one for one in variables(dashboard).values() if one["type"] == "datasource"]
    if [(one["name"], one["label"], one["query"]) for one in sources] != [("datasource", "Data source", "prometheus")]:
        yield "", "the data source cannot be chosen"


def _template(dashboard: Dashboard, name: str) -> Findings:
    one = variables(dashboard).get(name)
    wanted = {"type": "query", "label": name.title(), "multi": True, "allValue": ".+", "includeAll": True}
    if one is None or one["datasource"]["uid"] not in SOURCES:
        yield "", f"{name} cannot be chosen from the data source"
    elif {key: one.get(key) for key in wanted} != wanted:
        yield "", f"the variable {name} is not {wanted}"


def template_job(dashboard: Dashboard) -> Findings:
    """The job can be chosen."""
    yield from _template(dashboard, "job")


def template_instance(dashboard: Dashboard) -> Findings:
    """The instance can be chosen."""
    yield from _template(dashboard, "instance")


def template_label_promql(dashboard: Dashboard) -> Findings:
    """Variables ask for values of a label that the series have."""
    for one in variables(dashboard).values():
        if one["type"] != "query":
            continue
        query = one["query"]["query"]
        asked, _, label = query.removeprefix("label_values(").removesuffix(")").rpartition(", ")
        try:
            known = labels_of(parsed(asked))
        except (ValueError, KeyError):
            known = frozenset()
        if query != f"label_values({asked}, {label})" or label not in known:
            yield "", f"the variable {one['name']} asks {query}"


def template_on_time_change_reload(dashboard: Dashboard) -> Findings:
    """Variables are read anew when the shown time changes."""
    for one in variables(dashboard).values():
        if one["type"] == "query" and one["refresh"] != REFRESH_ON_TIME:
            yield "", f"the variable {one['name']} is not read anew"


def panel_datasource(dashboard: Dashboard) -> Findings:
    """Panels and queries ask the chosen data source; so do annotations."""
    asking = [(panel["title"], panel) for panel in panels(dashboard) if panel["type"] in HAVE_QUERIES]
    asking += [(panel["title"], target) for panel, target in targets(dashboard)]
    asking += [(one["name"], one) for one in dashboard["annotations"]["list"]]
    for title, one in asking:
        if one.get("datasource", {}).get("uid") not in SOURCES:
            yield title, "does not ask the chosen data source"


def panel_title_description(dashboard: Dashboard) -> Findings:
    """Panels say what they show."""
    for panel in panels(dashboard):
        if not panel.get("title") or not panel.get("description", "").endswith("."):
            yield panel.get("title", ""), "has no title or no description that is a sentence"


def panel_units(dashboard: Dashboard) -> Findings:
    """Values have a unit that Grafana knows."""
    for panel in panels(dashboard):
        if panel["type"] in HAVE_QUERIES and panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
            yield panel["title"], "has no unit that Grafana knows"


def panel_no_targets(dashboard: Dashboard) -> Findings:
    """Panels for values ask for some."""
    for panel in panels(dashboard):
        if panel["type"] in HAVE_QUERIES and not panel.get("targets"):
            yield panel["title"], "asks nothing"


def target_promql(dashboard: Dashboard) -> Findings:
    """Queries, those of annotations too, are PromQL."""
    asked = [(panel["title"], target["expr"]) for panel, target in targets(dashboard)]
    for title, expr in [*asked, *((one["name"], one["expr"]) for one in dashboard["annotations"]["list"])]:
        try:
            parsed(expr)
        except ValueError as wrong:
            yield title, f"{expr}: {wrong}"


def target_rate_interval(dashboard: Dashboard) -> Findings:
    """A rate is taken over $__rate_interval, which fits the scrapes."""
    for panel, target, tree in trees(dashboard):
        for call in (part for part in nodes(tree) if isinstance(part, promql.Call)):
            if call.func.name in ("rate", "irate") and call.args[0].range.total_seconds() != 60:
                yield panel["title"], f"{target['expr']}: a rate over another time than $__rate_interval"


def _matcher(dashboard: Dashboard, label: str) -> Findings:
    for panel, target in targets(dashboard):
        selected = selectors(promql.parse(replaced(target["expr"], OUTSIDE_MATCHERS)))
        if any(f"${label}" not in matched(selector).get(label, ()) for selector in selected):
            yield panel["title"], f"a series is not asked for the chosen {label}"


def target_job(dashboard: Dashboard) -> Findings:
    """Every series is asked for the chosen jobs."""
    yield from _matcher(dashboard, "job")


def target_instance(dashboard: Dashboard) -> Findings:
    """Every series is asked for the chosen instances."""
    yield from _matcher(dashboard, "instance")


def target_counter_agg(dashboard: Dashboard) -> Findings:
    """A counter is never shown as it is."""
    for panel, _, tree in trees(dashboard):
        parts = nodes(tree)
        rated = [
            part.args[0].vector_selector.name for part in parts
            if isinstance(part, promql.Call) and part.func.name in RATES
        ]  # fmt: skip
        counters = [one.name for one in selectors(tree) if one.name and one.name.endswith("_total")]
        if sorted(counters) != sorted(name for name in rated if name and name.endswith("_total")):
            yield panel["title"], "a counter without rate or increase"


def uneditable(dashboard: Dashboard) -> Findings:
    """Dashboards are made by the script, so they are not changed by hand."""
    if dashboard["editable"]:
        yield "", "can be edited"


RULES: dict[str, Callable[[Dashboard], Findings]] = {
    "template-datasource-rule": template_datasource,
    "template-job-rule": template_job,
    "template-instance-rule": template_instance,
    "template-label-promql-rule": template_label_promql,
    "template-on-time-change-reload-rule": template_on_time_change_reload,
    "panel-datasource-rule": panel_datasource,
    "panel-title-description-rule": panel_title_description,
    "panel-units-rule": panel_units,
    "panel-no-targets-rule": panel_no_targets,
    "target-promql-rule": target_promql,
    "target-rate-interval-rule": target_rate_interval,
    "target-job-rule": target_job,
    "target-instance-rule": target_instance,
    "target-counter-agg-rule": target_counter_agg,
    "uneditable-dashboard": uneditable,
}
