"""Mutation of the rules: `python -m tests.grafana.promtool.score [PART OF A NAME]` prints the score."""

import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grafana.ringback_rules import ALERTS, Alert
from tests.grafana.promtool.all import ALL
from tests.grafana.promtool.equivalent import EQUIVALENT
from tests.grafana.promtool.mutants import Mutant, mutants
from tests.grafana.promtool.running import run, write_rules

TESTS = {tests.alert: tests for tests in ALL}
AT_ONCE = 2


def alerts_changed() -> list[Mutant]:
    """Every mutant of every alert, but for those that are the same in effect."""
    every = [mutant for alert in ALERTS for mutant in mutants(alert)]
    return [mutant for mutant in every if mutant.name not in EQUIVALENT]


def survives(mutant: Mutant) -> bool:
    """Whether no test notices the change."""
    tests = TESTS[mutant.original.name]
    assert isinstance(mutant.rule, Alert)
    rules = [mutant.rule if alert is mutant.original else alert for alert in ALERTS if alert.name == tests.alert]
    with tempfile.TemporaryDirectory(prefix="ringback-rules-") as name:
        folder = Path(name)
        return run(tests, tests.with_others(), write_rules(folder, rules), folder).returncode == 0


def surviving(chosen: Sequence[Mutant]) -> list[str]:
    """The names of those that no test notices."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [mutant.name for mutant, lives in zip(chosen, pool.map(survives, chosen), strict=True) if lives]


def report(chosen: Sequence[Mutant], alive: Sequence[str]) -> str:
    """The score, and the survivors."""
    killed = len(chosen) - len(alive)
    lines = [f"{killed} of {len(chosen)} changed alerts were noticed: {killed / len(chosen):.1%}"]
    lines += [f"  not noticed: {name}" for name in alive]
    return "\n".join([*lines, f"  the same in effect, not counted: {len(EQUIVALENT)}"])


if __name__ == "__main__":
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    some = [mutant for mutant in alerts_changed() if part in mutant.name]
    print(report(some, surviving(some)))
