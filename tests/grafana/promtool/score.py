"""Mutation of the rules: `python -m tests.grafana.promtool.score [PART OF A NAME]`."""

import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grafana.ringback_rules import ALERTS, RECORDINGS, Alert, Recording
from tests.grafana.promtool import recorded
from tests.grafana.promtool.all import ALL
from tests.grafana.promtool.equivalent import EQUIVALENT
from tests.grafana.promtool.mutants import Mutant, Rule, mutants
from tests.grafana.promtool.running import run, run_recorded, write_rules

TESTS = {tests.alert: tests for tests in ALL}
AT_ONCE = 2


def every_mutant(part: str = "") -> list[Mutant]:
    """Those of alerts, then those of recording rules."""
    rules: list[Rule] = [*ALERTS, *(rule for group in RECORDINGS.values() for rule in group)]
    return [mutant for rule in rules for mutant in mutants(rule) if part in mutant.name]


def counted(every: Sequence[Mutant]) -> list[Mutant]:
    """All but those that are the same in effect."""
    return [mutant for mutant in every if mutant.name not in EQUIVALENT]


def survives(mutant: Mutant) -> bool:
    """Whether no test of the rule notices the change."""
    with tempfile.TemporaryDirectory(prefix="ringback-rules-") as name:
        folder = Path(name)
        if isinstance(mutant.rule, Recording):
            rules = write_rules(folder, (), [mutant.rule])
            return run_recorded(recorded.about(mutant.rule.name), rules, folder).returncode == 0
        tests = TESTS[mutant.original.name]
        return run(tests, tests.with_others(), write_rules(folder, _changed(mutant)), folder).returncode == 0


def _changed(mutant: Mutant) -> list[Alert]:
    """The alert, changed; with the other one of its name."""
    assert isinstance(mutant.rule, Alert)
    same = [alert for alert in ALERTS if alert.name == mutant.original.name]
    return [mutant.rule if alert is mutant.original else alert for alert in same]


def surviving(chosen: Sequence[Mutant]) -> list[str]:
    """The names of those that no test notices."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [mutant.name for mutant, lives in zip(chosen, pool.map(survives, chosen), strict=True) if lives]


def report(what: str, chosen: Sequence[Mutant], alive: Sequence[str]) -> str:
    """The score, and the survivors."""
    killed = len(chosen) - len(alive)
    lines = [f"{killed} of {len(chosen)} changed {what} were noticed: {killed / max(len(chosen), 1):.1%}"]
    return "\n".join([*lines, *(f"  not noticed: {name}" for name in alive)])


def scores(part: str = "") -> dict[str, tuple[list[Mutant], list[str]]]:
    """What was changed, and what of it was not noticed, of alerts and of recording rules."""
    every = counted(every_mutant(part))
    kinds: dict[str, list[Mutant]] = {"alerts": [], "recording rules": []}
    for mutant in every:
        kinds["alerts" if isinstance(mutant.rule, Alert) else "recording rules"].append(mutant)
    return {what: (chosen, surviving(chosen)) for what, chosen in kinds.items()}


if __name__ == "__main__":
    for what, (chosen, alive) in scores(sys.argv[1] if len(sys.argv) > 1 else "").items():
        print(report(what, chosen, alive))
    print(f"not counted, the same in effect: {len(EQUIVALENT)}")
