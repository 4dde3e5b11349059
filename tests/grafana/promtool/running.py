"""Runs promtool on cases."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from grafana.build_rules import FILES, HEAD, rules
from grafana.ringback_rules import RECORDINGS
from tests.grafana.promtool.cases import Case, Tests, as_yaml

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="needs promtool: apt install prometheus")
GROUPS = [*RECORDINGS, "ringback-alerts"]


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """What promtool says."""
    assert PROMTOOL is not None
    return subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120)


def write_rules(folder: Path, content: dict | None = None) -> list[str]:
    """Write rules into a folder; those of the source if none are given."""
    for name, one in (content or rules()).items():
        (folder / name).write_text(HEAD + yaml.safe_dump(one, sort_keys=False), "utf-8")
    return [str(folder / name) for name in FILES]


def run(tests: Tests, cases: Sequence[Case], rule_files: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run cases, those with one interval in one file."""
    files = []
    for every in sorted({case.every for case in cases}):
        file = folder / f"{tests.alert}-{every}.yaml"
        chosen = [case for case in cases if case.every == every]
        file.write_text(yaml.safe_dump(as_yaml(tests, chosen, rule_files, GROUPS, every), sort_keys=False), "utf-8")
        files.append(file)
    return promtool("test", "rules", *files)
