"""The rules for Prometheus: their files are what their source says, and each alert fires when it has to."""

import pytest

from grafana.ringback_rules import ALERTS, Alert
from tests.grafana.promtool.all import ALL
from tests.grafana.promtool.running import needs_promtool, run, write_rules


def of(name: str) -> list[Alert]:
    """The rules of an alert."""
    return [alert for alert in ALERTS if alert.name == name]


@needs_promtool
@pytest.mark.parametrize("tests", ALL, ids=lambda tests: tests.alert)
def test_an_alert_fires_when_it_has_to_and_not_else(tests, tmp_path) -> None:
    said = run(tests, tests.with_others(), write_rules(tmp_path, of(tests.alert)), tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
