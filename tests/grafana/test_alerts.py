"""The alerts ask for metrics and labels that workers expose, and say what to do."""

import re
from pathlib import Path

import pytest
import yaml

from streams.base import metrics
from tests.grafana.test_dashboard import EXPOSED, OURS

ROOT = Path(__file__).parents[2]
(GROUP,) = yaml.safe_load((ROOT / "grafana" / "alerts.yaml").read_text("utf-8"))["groups"]
RULES = {rule["alert"]: rule for rule in GROUP["rules"]}
PAGE = (ROOT / "docs" / "operate.md").read_text("utf-8")

LABELS = {one._name: one._labelnames for one in vars(metrics).values() if hasattr(one, "_labelnames")}

by_name = pytest.mark.parametrize("name", RULES)


def asked(name: str) -> set[str]:
    return set(re.findall(r"\bringback_\w+", RULES[name]["expr"]))


def test_every_bug_and_every_trouble_of_the_environment_that_is_counted_is_alarmed() -> None:
    assert {
        "ringback_internal_errors_total", "ringback_timers_retried", "ringback_state_quarantined_total",
        "ringback_clock_jumps_total", "ringback_partition_ready", "ringback_partitions_held",
    } <= set().union(*(asked(name) for name in RULES))  # fmt: skip


@by_name
def test_an_alert_asks_for_metrics_that_workers_expose(name: str) -> None:
    assert asked(name) and asked(name) <= EXPOSED


@by_name
def test_an_alert_says_what_is_the_matter_with_labels_that_its_metric_has(name: str) -> None:
    rule = RULES[name]
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["description"].endswith(".") and rule["annotations"]["summary"]
    shown = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    kept = {"instance"}.union(*(LABELS[metric.removesuffix("_total")] for metric in asked(name)))
    assert shown <= (set() if "sum(" in rule["expr"] else kept)


@by_name
def test_an_alert_is_on_the_page_for_those_who_operate(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_parentheses_and_ranges_are_closed() -> None:
    for rule in RULES.values():
        for opening, closing in ("()", "[]"):
            assert rule["expr"].count(opening) == rule["expr"].count(closing)


def test_a_counter_of_errors_begins_at_zero_so_that_its_first_error_is_an_increase() -> None:
    begun = {tuple(sample.labels.values()) for sample in OURS["ringback_faults"].samples}
    assert begun == {("event",), ("timer",), ("release",), ("configuration",)}
    assert {sample.labels["direction"] for sample in OURS["ringback_clock_jumps"].samples} == {"on", "back"}
