"""The rules for Prometheus: their files are what their source says, and each alert fires when it has to."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from grafana.build_rules import FILES, rules, written
from grafana.ringback_rules import ALERTS, RECORDINGS, Alert
from grafana.ringback_rules.recordings import OWN
from streams.base import metrics
from streams.logic.contact.exchange import LatenessCause
from tests.grafana.promtool import recorded
from tests.grafana.promtool.all import ALL
from tests.grafana.promtool.equivalent import EQUIVALENT
from tests.grafana.promtool.mutants import METRIC
from tests.grafana.promtool.running import needs_promtool, promtool, run, run_recorded, write_rules
from tests.grafana.promtool.score import counted, every_mutant, report, scores, surviving

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "grafana" / "rules"
RULES = [rule for group in RECORDINGS.values() for rule in group]
SAMPLED = 40
"""So many mutants lie between two that are tried at every run."""
SCORE = 0.95
EXPOSED = {sample.name for family in metrics.REGISTRY.collect() for sample in family.samples}


def of(name: str) -> list[Alert]:
    """The rules of an alert."""
    return [alert for alert in ALERTS if alert.name == name]


def durations(expr: str) -> Iterable[float]:
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
    for number, unit in re.findall(r"(?:\[|offset )(\d+)(ms|s|m|h|d)\b", expr):
        yield int(number) * units[unit]


# The files


def test_the_files_are_what_their_source_says() -> None:
    for name, text in written().items():
        assert (FOLDER / name).read_text("utf-8") == text, "python grafana/build_rules.py writes it"


@needs_promtool
@pytest.mark.parametrize("scale", [1, 0.1])
def test_promtool_has_nothing_to_say_about_the_files(scale, tmp_path) -> None:
    arguments = ["--scale", str(scale), "--out", str(tmp_path), "--runbooks", "https://wiki.example/runbooks/"]
    subprocess.run([sys.executable, ROOT / "grafana" / "build_rules.py", *arguments], check=True, cwd=tmp_path)
    said = promtool("check", "rules", "--lint=all", "--lint-fatal", *(tmp_path / name for name in FILES))
    assert said.returncode == 0, said.stdout + said.stderr
    text = (tmp_path / FILES[1]).read_text("utf-8")
    assert "runbook_url: https://wiki.example/runbooks/RingbackLate.md" in text


def test_for_a_drill_every_range_offset_and_wait_is_a_tenth_and_none_is_below_two_seconds() -> None:
    full, short = rules(), rules(0.1)
    for name in FILES:
        for one, other in zip(full[name]["groups"], short[name]["groups"], strict=True):
            for rule, drill in zip(one["rules"], other["rules"], strict=True):
                lengths = list(zip(durations(rule["expr"]), durations(drill["expr"]), strict=True))
                # Those of the dialer are as long as bounds of its histogram, of which there are few.
                if "5m_to_15m" not in rule.get("record", ""):
                    assert [pair for pair in lengths if pair[1] != max(2, pair[0] / 10)] == [], rule
                assert ("for" in rule) == ("for" in drill)
    assert (
        min(duration for alert in short[FILES[1]]["groups"][0]["rules"] for duration in durations(alert["expr"])) >= 2
    )


def test_names_and_labels_stay_for_a_drill() -> None:
    def names(of_scale: float) -> list:
        return [
            [rule.get("alert") or rule.get("record"), rule.get("labels")]
            for content in rules(of_scale).values()
            for group in content["groups"]
            for rule in group["rules"]
        ]

    assert names(1) == names(0.1) and len(names(1)) > 60


# What they ask for, and what they say


@pytest.mark.parametrize("rule", [*ALERTS, *RULES], ids=lambda rule: rule.name)
def test_a_rule_asks_for_metrics_that_workers_expose_or_that_another_rule_records(rule) -> None:
    asked = {name for name in METRIC.findall(rule.expr) if name not in ("up", "process_start_time_seconds")}
    by_partition = {f"{one._name}{end}" for one in _declared() for end in ("", "_total", "_bucket", "_count")}
    assert asked <= EXPOSED | by_partition | {one.name for one in RULES}


def _declared() -> list:
    modules = (metrics.callbacks, metrics.engine, metrics.events)
    return [one for module in modules for one in vars(module).values() if hasattr(one, "_labelnames")]


def test_own_causes_are_those_of_the_worker() -> None:
    campaigns = {"campaign_off", "unreadable", "rate", "zone", "gap", "hold"}
    own = set(OWN.partition('"')[2].removesuffix('"').split("|"))
    assert own | campaigns == set(LatenessCause) and not own & campaigns


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_says_in_one_line_what_is_wrong_and_then_what_to_do_first(alert) -> None:
    rule = alert.as_yaml(1, "docs/runbooks")
    said = rule["annotations"]
    assert 20 < len(said["summary"]) <= 120 and not said["summary"].endswith(".")
    assert 60 < len(said["description"]) < 400 and re.search(r"[.?]$", said["description"])
    assert (ROOT / said["runbook_url"]).exists()
    assert rule["labels"]["severity"] in ("page", "ticket")


def test_every_alert_has_its_cases() -> None:
    assert sorted(tests.alert for tests in ALL) == sorted({alert.name for alert in ALERTS})


# Whether they fire


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


def test_what_is_the_same_in_effect_is_named_as_it_is_now_with_a_reason() -> None:
    names = {mutant.name for mutant in every_mutant()}
    assert set(EQUIVALENT) <= names and all(len(reason) > 20 for reason in EQUIVALENT.values())
    assert len(EQUIVALENT) < 0.05 * len(names)


@needs_promtool
def test_of_rules_that_are_wrong_in_one_place_a_sample_is_noticed() -> None:
    chosen = counted(every_mutant())[::SAMPLED]
    alive = surviving(chosen)
    print(report("rules, a sample,", chosen, alive))
    assert len(chosen) > 20 and len(alive) <= (1 - SCORE) * len(chosen) + 1


@needs_promtool
@pytest.mark.long
@pytest.mark.timeout(3600)
def test_of_rules_that_are_wrong_in_one_place_nearly_all_are_noticed(capsys) -> None:
    for what, (chosen, alive) in scores().items():
        with capsys.disabled():
            print("\n" + report(what, chosen, alive))
        assert len(chosen) > 400 and len(alive) <= (1 - SCORE) * len(chosen), what
