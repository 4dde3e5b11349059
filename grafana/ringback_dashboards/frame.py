"""What every dashboard has: its name, variables, annotations and the way to the others."""

from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders import dashboard, prometheus
from grafana_foundation_sdk.models import dashboard as dashboards

from grafana.ringback_dashboards.parts import SOURCE, rows
from grafana.ringback_dashboards.promql import EVERY_WORKER, of_workers, series

TAG = "ringback"
DOCS = "docs"
"""Where the documentation is; the project has no public address yet. `build_dashboards.py --docs URL` sets another."""
ALL = dashboards.VariableOption(selected=True, text="All", value="$__all")
ABSENT_OR_ANY = ".*"
"""All values of a label that Prometheus may not have at all."""


def chosen(name: str, label: str, query: str, description: str, *, everything: str = ".+") -> Any:
    """A choice of values of a label, several or all; `everything` is the pattern for all."""
    return (
        dashboard.QueryVariable(name).label(label).description(description).datasource(SOURCE)
        .query({"query": query, "refId": f"{name}-variable"}).definition(query)
        .refresh(dashboards.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(dashboards.VariableSort.ALPHABETICAL_ASC)
        .multi(True).include_all(True).all_value(everything).current(ALL)
    )  # fmt: skip


def _typed(name: str, label: str, description: str, value: str) -> Any:
    option = dashboards.VariableOption(selected=True, text=value, value=value)
    box = dashboard.TextBoxVariable(name).label(label).description(description)
    return box.default_value(value).current(option).options([option])


def variables(docs: str) -> list[Any]:
    """The choices at the top of every dashboard; each choice narrows the next."""
    info = "ringback_info"
    job = 'cluster=~"$cluster", namespace=~"$namespace"'
    return [
        dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")
        .description("The Prometheus that scrapes the workers.").current(dashboards.VariableOption()),
        chosen("cluster", "Cluster", f"label_values({info}, cluster)",
                "The label `cluster`. All also finds series without it.", everything=ABSENT_OR_ANY),
        chosen("namespace", "Namespace", f'label_values({info}{{cluster=~"$cluster"}}, namespace)',
                "The label `namespace`. All also finds series without it.", everything=ABSENT_OR_ANY),
        chosen("job", "Job", f"label_values({info}{{{job}}}, job)",
                "The scrape jobs of the workers. Cluster, namespace and job together are one installation."),
        chosen("instance", "Instance", f"label_values({info}{{{', '.join(EVERY_WORKER)}}}, instance)",
                "The workers."),
        _typed("expected_workers", "Expected workers", "How many workers there should be, each process of a "
               "worker counted. Fewer is shown as missing.", "1"),
        _typed("docs", "Documentation", "The address of the documentation, for the links to runbooks.", docs),
    ]  # fmt: skip


def annotations() -> list[Any]:
    """Restarts of workers and rebalances, drawn over every graph."""
    restarts = of_workers("process_start_time_seconds", "changes({}[2m])")
    marks = (
        ("Restarts", "red", f"{restarts} > 0", "Restart of {{instance}}"),
        ("Rebalances", "blue", f"increase({series('ringback_rebalances_total')}[2m]) > 0", "Rebalance: {{instance}}"),
    )
    made = []
    for name, color, expr, title in marks:
        mark = dashboard.AnnotationQuery().name(name).datasource(SOURCE).enable(True).icon_color(color)
        query = prometheus.Dataquery().expr(expr).ref_id("Anno").range()
        made.append(mark.expr(expr).step("60s").title_format(title).tag_keys("instance").target(query))
    return made


def frame(uid: str, title: str, description: str, docs: str, more: Sequence[Any] = ()) -> dashboard.Dashboard:
    """A dashboard without panels; `more` are variables of its own."""
    page = (
        dashboard.Dashboard(title).uid(uid).description(description).tags([TAG]).readonly().timezone("browser")
        .time("now-1h", "now").refresh("30s").tooltip(dashboards.DashboardCursorSync.CROSSHAIR)
        .variables([*variables(docs), *more]).annotations(annotations())
    )  # fmt: skip
    others = dashboard.DashboardLink("Ringback").type(dashboards.DashboardLinkType.DASHBOARDS).tags([TAG])
    page = page.link(others.as_dropdown(False).include_vars(True).keep_time(True))
    manual = dashboard.DashboardLink("What the pages show").type(dashboards.DashboardLinkType.LINK)
    return page.link(manual.url("${docs}/dashboards.md").icon("doc").target_blank(True))


def alerts_now(size: tuple[int, int]) -> Any:
    """The alerts of the rules in `grafana/rules` that fire or are pending."""
    where = ", ".join(('alertname=~"Ringback.*"', *EVERY_WORKER[:2]))
    return rows(
        "Alerts",
        "Alerts of Ringback that fire, or are about to: their name opens the runbook. Needs the rule files of "
        "grafana/rules in Prometheus.",
        {"": f"max by (alertname, severity, alertstate, instance) (ALERTS{{{where}}})"},
        columns={"alertname": "Alert", "severity": "Severity", "alertstate": "State", "instance": "Instance"},
        size=size,
        link="Alert",
        none="No alert fires",
    )
