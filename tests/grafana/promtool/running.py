"""Runs promtool on cases."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from grafana.build_rules import RUNBOOKS
from grafana.ringback_rules import RECORDINGS, Alert, Recording
from tests.grafana.promtool import recorded
from tests.grafana.promtool.cases import Case, Tests, as_yaml
from tests.grafana.promtool.recorded import Recorded

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool: apt install prometheus")
GROUPS = [*RECORDINGS, "ringback-alerts"]


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What promtool says."""
    assert PROMTOOL is not None
    return subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120)


def write_rules(folder: Path, alerts: Sequence[Alert], recordings: Sequence[Recording] = ()) -> list[str]:
    """Write alerts into a folder, and the recording rules that they rest on. recordings: changed ones, by name."""
    changed = {one.name: one for one in recordings}
    kept = needed(*(alert.expr for alert in alerts), *changed)
    groups = [
        {"name": name, "rules": [changed.get(rule.name, rule).as_yaml(1) for rule in group if rule.name in kept]}
        for name, group in RECORDINGS.items()
    ]
    groups.append({"name": "ringback-alerts", "rules": [alert.as_yaml(1, RUNBOOKS) for alert in alerts]})
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [group for group in groups if group["rules"]]}, sort_keys=False), "utf-8")
    return [str(file)]


def needed(*expressions: str) -> set[str]:
    """The names of the recording rules that expressions rest on, and those that these rest on."""
    every = {rule.name: rule for group in RECORDINGS.values() for rule in group}
    found, left = set(), [name for text in expressions for name in re.findall(r"ringback:[\w:]+", text)]
    while left:
        if (name := left.pop()) in every and name not in found:
            found.add(name)
            left += re.findall(r"ringback:[\w:]+", every[name].expr)
    return found


def run_recorded(cases: Sequence[Recorded], rule_files: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run cases of recording rules."""
    files = []
    for every in sorted({case.every for case in cases}):
        file = folder / f"recorded-{every}.yaml"
        chosen = [case for case in cases if case.every == every]
        file.write_text(yaml.safe_dump(recorded.as_yaml(chosen, rule_files, GROUPS, every), sort_keys=False), "utf-8")
        files.append(file)
    return promtool("test", "rules", *files)


def run(tests: Tests, cases: Sequence[Case], rule_files: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run cases, those with one interval in one file."""
    files = []
    for every in sorted({case.every for case in cases}):
        file = folder / f"{tests.alert}-{every}.yaml"
        chosen = [case for case in cases if case.every == every]
        file.write_text(yaml.safe_dump(as_yaml(tests, chosen, rule_files, GROUPS, every), sort_keys=False), "utf-8")
        files.append(file)
    return promtool("test", "rules", *files)
