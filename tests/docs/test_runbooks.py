"""Each alert has a runbook, which says what its source says, and whose queries can be put to Prometheus."""

import re
from pathlib import Path

import pytest
import yaml

from grafana.ringback_rules import ALERTS, RECORDINGS
from tests.docs.test_docs import CODE, HEADING, exposed
from tests.grafana.promtool.running import needs_promtool, promtool

FOLDER = Path(__file__).parents[2] / "docs" / "runbooks"
BY_NAME = {alert.name: alert for alert in ALERTS}
NAMES = list(BY_NAME)
SECTIONS = [
    "What callers notice",
    "Confirm it in ten seconds",
    "Causes, the likeliest first",
    "What to do",
    "When it clears",
]
QUERY = re.compile(r"^```promql\n(.+?)^```", re.MULTILINE | re.DOTALL)
TITLES = {
    "ringback-on-time": "On time, and if not, why?",
    "ringback-not-made": "Calls that were not made",
    "ringback-engine": "Engine and recovery",
    "ringback-campaign": "Per campaign",
}


def page(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text("utf-8")


def test_each_alert_has_a_runbook_and_each_runbook_is_of_an_alert() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == {*NAMES, "index"}


@pytest.mark.parametrize("name", NAMES)
def test_a_runbook_says_what_callers_notice_how_to_confirm_it_what_to_do_and_when_it_clears(name: str) -> None:
    text = page(name)
    assert HEADING.findall(text) == [name, *SECTIONS]
    parts = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert [part for part in parts if len(part.strip()) < 20] == []
    alert = BY_NAME[name]
    assert f"\nSeverity: {alert.severity}. Dashboard: *{TITLES[alert.dashboard]}* (`{alert.dashboard}`).\n" in text


@pytest.mark.parametrize("name", NAMES)
def test_a_runbook_is_confirmed_by_a_query_that_asks_for_what_its_alert_asks_for(name: str) -> None:
    queries = QUERY.findall(page(name))
    recorded = {rule.name for group in RECORDINGS.values() for rule in group}
    assert set(re.findall(r"\bringback:[\w:]+", page(name))) <= recorded
    asked = {metric for query in queries for metric in re.findall(r"\b(?:ringback[_:][\w:]+|up|process_\w+)\b", query)}
    rules = {rule.name: rule.expr for group in RECORDINGS.values() for rule in group}
    known = set(re.findall(r"\b(?:ringback[_:][\w:]+|up|process_\w+)\b", _whole(BY_NAME[name].expr, rules)))
    assert asked & known, (asked, known)


def _whole(expr: str, rules: dict[str, str]) -> str:
    """An expression and those of the recording rules that it rests on."""
    found = [name for name in rules if name in expr]
    return " ".join([expr, *(_whole(rules[name], rules) for name in found)])


@needs_promtool
def test_prometheus_takes_every_query_of_a_runbook(tmp_path) -> None:
    queries = [query.strip() for name in NAMES for query in QUERY.findall(page(name))]
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}), "utf-8")
    said = promtool("check", "rules", tmp_path / "queries.yaml")
    assert len(queries) >= len(NAMES) and said.returncode == 0, said.stdout + said.stderr


def test_metrics_that_runbooks_name_in_a_sentence_exist() -> None:
    known = {name + suffix for name in exposed() for suffix in ("", "_bucket", "_count", "_sum")}
    for name in NAMES:
        named = {word for code in CODE.findall(page(name)) for word in re.findall(r"\bringback_[a-z_]+\b", code)}
        assert named <= known, name
