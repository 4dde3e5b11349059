"""The dashboards keep the rules of Grafana's linter and ours, and each rule finds what it is there for."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from grafana.ringback_dashboards.queries import loaded, panels
from tests.grafana import lint, lint_ours

RULES = {**lint.RULES, **lint_ours.RULES}
DASHBOARDS = loaded()

WHOLE = "it is about an installation, which only all of its workers together can say; it has no matcher of instances"
ALERTS = (
    "ALERTS have the labels that a rule keeps; those of an installation as a whole have no instance and may have no job"
)
EXCLUDED = {
    ("target-instance-rule", "Do callbacks go out on time?"): WHOLE,
    ("target-instance-rule", "What is wrong, and what to do"): WHOLE,
    ("target-instance-rule", "Workers missing"): WHOLE,
    ("target-instance-rule", "Partitions not held"): WHOLE,
    ("target-instance-rule", "Partitions held and ready"): WHOLE,
    ("target-instance-rule", "Alerts"): ALERTS,
    ("target-job-rule", "Alerts"): ALERTS,
}
"""What a rule need not find, by rule and panel, and why."""

by_dashboard = pytest.mark.parametrize("name", DASHBOARDS)
by_rule = pytest.mark.parametrize("rule", RULES)


@by_dashboard
@by_rule
def test_a_dashboard_keeps_the_rule(name: str, rule: str) -> None:
    found = [one for one in RULES[rule](DASHBOARDS[name]) if (rule, one[0]) not in EXCLUDED]
    assert found == []


def test_every_exclusion_is_needed() -> None:
    found = {
        (rule, panel) for rule, check in RULES.items() for one in DASHBOARDS.values() for panel, _ in check(one)
    }  # fmt: skip
    assert set(EXCLUDED) == found


def variable(page: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in page["templating"]["list"] if one["name"] == name)


def panel(page: dict[str, Any], kind: str = "timeseries") -> dict[str, Any]:
    return next(one for one in panels(page) if one["type"] == kind)


def asking(expr: str) -> Callable[[dict[str, Any]], None]:
    return lambda page: panel(page)["targets"][0].update(expr=expr)


MATCHERS = 'cluster=~"$cluster", namespace=~"$namespace", job=~"$job", instance=~"$instance"'
GAUGE = f"ringback_consumer_lag{{{MATCHERS}}}"
COUNTER = f"ringback_transactions_total{{{MATCHERS}}}"
BROKEN: dict[str, list[Callable[[dict[str, Any]], object]]] = {
    "template-datasource-rule": [lambda page: variable(page, "datasource").update(name="source")],
    "template-job-rule": [lambda page: variable(page, "job").update(allValue=".*")],
    "template-instance-rule": [lambda page: page["templating"]["list"].remove(variable(page, "instance"))],
    "template-label-promql-rule": [
        lambda page: variable(page, "job")["query"].update(query="label_values(ringback_info{, job)"),
        lambda page: variable(page, "job")["query"].update(query="label_values(ringback_info, queue)"),
    ],
    "template-on-time-change-reload-rule": [lambda page: variable(page, "job").update(refresh=1)],
    "panel-datasource-rule": [
        lambda page: panel(page)["datasource"].update(uid="abc"),
        lambda page: panel(page)["targets"][0]["datasource"].update(uid="abc"),
        lambda page: page["annotations"]["list"][0]["datasource"].update(uid="abc"),
    ],
    "panel-title-description-rule": [
        lambda page: panel(page).update(title=""),
        lambda page: panel(page).update(description=""),
        lambda page: panel(page).update(description="No sentence"),
    ],
    "panel-units-rule": [lambda page: panel(page)["fieldConfig"]["defaults"].update(unit="seconds")],
    "panel-no-targets-rule": [lambda page: panel(page).update(targets=[])],
    "target-promql-rule": [
        asking("sum(up"),
        lambda page: page["annotations"]["list"][0].update(expr="sum by (up"),
    ],
    "target-rate-interval-rule": [asking(f"sum(rate({COUNTER}[5m]))")],
    "target-job-rule": [asking(GAUGE.replace("$job", "ringback"))],
    "target-instance-rule": [asking(GAUGE.replace(', instance=~"$instance"', ""))],
    "target-counter-agg-rule": [asking(f"sum({COUNTER})"), asking(f"max_over_time({COUNTER}[1m])")],
    "uneditable-dashboard": [lambda page: page.update(editable=True)],
    "known-metrics": [asking(GAUGE.replace("lag", "lags"))],
    "known-labels": [
        asking(f"max by (queue) ({GAUGE})"),
        asking(GAUGE.replace("}", ', queue="a"}')),
        asking(f"{GAUGE} and on (queue) {GAUGE}"),
    ],
    "shown-labels": [
        lambda page: panel(page)["targets"][0].update(legendFormat="{{queue}}"),
        lambda page: panel(page, "table")["transformations"][1]["options"]["renameByName"].update(queue="Queue"),
    ],
    "partitions-once": [asking(f"sum({GAUGE})"), asking(f"count by (partition) ({GAUGE} > 0)")],
    "layout": [
        lambda page: panel(page)["gridPos"].update(x=20),
        lambda page: panel(page)["gridPos"].update(page["panels"][0]["gridPos"]),
        lambda page: panel(page).update(id=1),
        lambda page: panel(page)["targets"].append(panel(page)["targets"][0]),
    ],
    "thresholds-and-no-value": [
        lambda page: panel(page, "stat")["fieldConfig"]["defaults"]["thresholds"].update(steps=[]),
        lambda page: panel(page, "stat")["fieldConfig"]["defaults"].pop("noValue"),
    ],
    "ways-on": [
        lambda page: page["links"][0].update(includeVars=False),
        lambda page: page.update(tags=[]),
        lambda page: page["annotations"]["list"].pop(),
    ],
}  # fmt: skip


@by_rule
def test_the_rule_finds_each_thing_that_is_broken(rule: str) -> None:
    before = [one for one in RULES[rule](DASHBOARDS["on-time"]) if (rule, one[0]) not in EXCLUDED]
    assert before == []
    for break_it in BROKEN[rule]:
        page = copy.deepcopy(DASHBOARDS["on-time"])
        break_it(page)
        assert [one for one in RULES[rule](page) if (rule, one[0]) not in EXCLUDED] != []
