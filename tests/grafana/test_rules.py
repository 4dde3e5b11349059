"""The rules for Prometheus: their files are what their source says, and each alert fires when it has to."""

import pytest

from grafana.ringback_rules import ALERTS, RECORDINGS, Alert
from tests.grafana.promtool import recorded
from tests.grafana.promtool.all import ALL
from tests.grafana.promtool.running import needs_promtool, run, run_recorded, write_rules

RULES = [rule for group in RECORDINGS.values() for rule in group]


def of(name: str) -> list[Alert]:
    """The rules of an alert."""
    return [alert for alert in ALERTS if alert.name == name]


@needs_promtool
@pytest.mark.parametrize("tests", ALL, ids=lambda tests: tests.alert)
def test_an_alert_fires_when_it_has_to_and_not_else(tests, tmp_path) -> None:
    said = run(tests, tests.with_others(), write_rules(tmp_path, of(tests.alert)), tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr


@needs_promtool
@pytest.mark.parametrize("name", recorded.NAMES)
def test_a_recording_rule_says_what_it_is_documented_to_say(name, tmp_path) -> None:
    cases, rule = recorded.about(name), next(rule for rule in RULES if rule.name == name)
    assert cases
    said = run_recorded(cases, write_rules(tmp_path, (), [rule]), tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
