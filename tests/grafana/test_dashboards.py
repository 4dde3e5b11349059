"""The dashboards are what their source makes of them, show everything that workers expose, and lead to what to do."""

import json
import re
from pathlib import Path

import pytest

from grafana import build_dashboards
from grafana.ringback_dashboards import findings
from grafana.ringback_dashboards.on_time import AGES
from grafana.ringback_dashboards.queries import ANY, MAY_BE_EMPTY, annotations, loaded, panels, queries, replaced
from streams.base.metrics import AGE_BOUNDS_S
from tests.grafana.promql import FAMILIES, parsed, selectors

ROOT = Path(__file__).parents[2]
DASHBOARDS = loaded()
RUNBOOK = re.compile(r"\$\{docs\}/runbooks/(\w+)\.md")


def test_the_committed_dashboards_are_what_the_script_writes() -> None:
    assert {
        path.name: path.read_text("utf-8") for path in build_dashboards.FOLDER.iterdir()
    } == build_dashboards.dashboards()  # fmt: skip


def test_another_address_of_the_documentation_is_in_every_dashboard() -> None:
    written = build_dashboards.dashboards("https://docs.example.org/ringback")
    assert all('"query": "https://docs.example.org/ringback"' in text for text in written.values())


@pytest.mark.parametrize("metric", [name for name in FAMILIES if name.startswith("ringback_")])
def test_every_metric_of_the_worker_is_on_a_dashboard(metric: str) -> None:
    used = {selector.name for query in queries() for selector in selectors(parsed(query.expr))}
    assert FAMILIES[metric] & used


def test_no_variable_is_left_in_a_query() -> None:
    asked = [query.expr for query in queries()] + [expr for *_, expr in annotations()]
    assert len(asked) > 100
    assert [expr for expr in asked if "$" in expr] == []


def test_a_variable_is_replaced_in_both_spellings_and_not_by_the_beginning_of_another() -> None:
    assert replaced("$job ${job} $jobs", {"job": "a", "jobs": "b"}) == "a a b"


def test_each_panel_that_may_be_empty_exists() -> None:
    assert set(MAY_BE_EMPTY) <= {(query.dashboard, query.panel) for query in queries()}


def test_titles_of_panels_are_unique_on_their_dashboard() -> None:
    for dashboard in DASHBOARDS.values():
        titles = [panel["title"] for panel in panels(dashboard)]
        assert len(set(titles)) == len(titles)


def test_every_bound_of_ages_has_words() -> None:
    assert list(AGES) == [*(f"{float(bound)}" for bound in AGE_BOUNDS_S), "+Inf"]


def test_the_answer_has_words_and_a_colour_for_every_code_it_can_give() -> None:
    (answer,) = (one for one in panels(DASHBOARDS["on-time"]) if one["title"] == "Do callbacks go out on time?")
    (mapping,) = answer["fieldConfig"]["defaults"]["mappings"]
    codes = {str(one.code) for one in (findings.ON_TIME, findings.NO_WORKER, *findings.FINDINGS)}
    assert set(mapping["options"]) == codes
    assert all(one["text"] and one["color"] for one in mapping["options"].values())


def test_only_what_is_on_time_begins_so_and_only_it_is_green() -> None:
    for one in (findings.ON_TIME, findings.NO_WORKER, *findings.FINDINGS):
        assert (one.color == findings.GREEN) == (one.text == "ON TIME")
        assert (one.color == findings.RED) == one.text.startswith(("LATE", "AT RISK"))


def test_every_runbook_that_a_dashboard_leads_to_is_there() -> None:
    named = {alert for text in build_dashboards.dashboards().values() for alert in RUNBOOK.findall(text)}
    named |= {one.runbook for one in (findings.NO_WORKER, *findings.FINDINGS)}
    assert len(named) > 15
    assert {alert for alert in named if not (ROOT / "docs" / "runbooks" / f"{alert}.md").exists()} == set()


def test_the_preview_names_exact_versions_and_no_registry() -> None:
    preview = ROOT / "grafana" / "preview"
    needed = json.loads((preview / "package.json").read_text("utf-8"))["dependencies"]
    assert all(re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version) for version in needed.values())
    assert "package-lock.json" in (preview / ".gitignore").read_text("utf-8").split()


def test_the_preview_draws_every_kind_of_panel_and_replaces_every_variable() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "grafana" / "preview" / "src").iterdir())
    kinds = {panel["type"] for dashboard in DASHBOARDS.values() for panel in panels(dashboard)}
    assert {kind for kind in kinds if f"{kind}:" not in source and f"'{kind}'" not in source} == set()
    assert {name for name in ANY if f"{name}:" not in source} == set()
