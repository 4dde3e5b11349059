"""A case: what Prometheus has scraped, and which alerts fire when.

Series are written without the labels of the installation, which every series here has. Values are written as `1*4`
(four samples), `0+2*4` (0 2 4 6), `6-2*4`, `_*4` (none), `stale`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from grafana.ringback_rules import ALERTS, Alert

HERE = {"cluster": "eu", "namespace": "calls", "job": "ringback"}
ELSEWHERE = (HERE | {"cluster": "us"}, HERE | {"namespace": "test"}, HERE | {"job": "ringback-2"})
"""Installations that differ from this one by one label each."""

Rows = Mapping[str, str]


@dataclass(frozen=True)
class Fires:
    """An alert that fires. shown: its value, as the description has it. labels: without the installation's, which
    `of` has, and the severity.
    """

    summary: str
    shown: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    of: Mapping[str, str] = field(default_factory=lambda: HERE)


def fires(summary: str, shown: str = "", **labels: str) -> Fires:
    """An alert of this installation."""
    return Fires(summary, shown, labels)


@dataclass(frozen=True)
class Case:
    """What is claimed, what was scraped every `every`, and what fires at which time (`1h2m3s`).

    beside: nothing fires, and that is tried beside installations where the first case is.
    """

    claim: str
    rows: Rows
    at: Mapping[str, Sequence[Fires]]
    every: str = "15s"
    beside: bool = False


@dataclass(frozen=True)
class Tests:
    """All cases of an alert. The first of its cases fires; quiet: what an installation scrapes where all is well."""

    alert: str
    severity: str
    quiet: Rows
    cases: Sequence[Case]

    def with_others(self) -> list[Case]:
        """The cases, and one more: of several installations on one Prometheus, one is in trouble."""
        first = self.cases[0]
        others = {placed(row, of): values for of in ELSEWHERE for row, values in self.quiet.items()}
        apart = Case("installations are kept apart", {**first.rows, **others}, first.at, first.every)
        return [*self.cases, apart, *(beside(case, first) for case in self.cases if case.beside)]


def beside(here: Case, firing: Case) -> Case:
    """A case in which nothing fires, beside installations where an alert does: these do not make it fire here."""
    assert here.every == firing.every
    others = {placed(row, of): text for of in ELSEWHERE for row, text in firing.rows.items()}
    at = {time: [replace(one, of=of) for of in ELSEWHERE for one in alerts] for time, alerts in firing.at.items()}
    return Case(f"{here.claim}, and others are in trouble", {**here.rows, **others}, at, here.every)


def placed(row: str, of: Mapping[str, str] = HERE) -> str:
    """A series with the labels of an installation, but for those that it has."""
    name, _, labels = row.removesuffix("}").partition("{")
    missing = [f'{label}="{value}"' for label, value in of.items() if not re.search(rf"\b{label}=", labels)]
    return f"{name}{{{', '.join([*filter(None, [labels]), *missing])}}}"


def values(text: str) -> str:
    """As promtool has them."""
    return " ".join(_values(one) for one in text.split())


def _values(one: str) -> str:
    what, _, times = one.partition("*")
    if not times:
        return one
    if what == "_":
        return f"_x{times}"
    growing = what if re.search(r"\d[+-]", what) else f"{what}+0"
    return f"{growing}x{int(times) - 1}"


def as_yaml(tests: Tests, cases: Iterable[Case], rules: Sequence[str], groups: Sequence[str], every: str) -> Any:
    """A file of tests, as promtool reads it."""
    return {
        "rule_files": list(rules),
        "evaluation_interval": every,
        "group_eval_order": list(groups),
        "tests": [_case(tests, case) for case in cases],
    }


def _case(tests: Tests, case: Case) -> dict[str, Any]:
    return {
        "name": case.claim,
        "interval": case.every,
        "input_series": [{"series": placed(row), "values": values(text)} for row, text in case.rows.items()],
        "alert_rule_test": [
            {"eval_time": at, "alertname": tests.alert, "exp_alerts": [_expected(tests, one) for one in firing]}
            for at, firing in case.at.items()
        ],
    }


def _expected(tests: Tests, one: Fires) -> dict[str, Any]:
    alert = next(alert for alert in ALERTS if alert.name == tests.alert)
    return {
        "exp_labels": {"severity": tests.severity, **one.of, **one.labels},
        "exp_annotations": {
            "summary": one.summary,
            "description": _description(tests, one),
            "runbook_url": f"docs/runbooks/{alert.name}.md",
            "dashboard": alert.dashboard,
        },
    }


def _description(tests: Tests, one: Fires) -> str:
    text = " ".join(_rule(tests, one).description.split())
    text = re.sub(r"\{\{ \$value[^}]*\}\}", one.shown, text)
    return re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda label: (dict(one.of) | dict(one.labels))[label[1]], text)


def _rule(tests: Tests, one: Fires) -> Alert:
    """Of two rules with one name, the one with the label of this alert."""
    named = [alert for alert in ALERTS if alert.name == tests.alert]
    return next(alert for alert in named if alert.labels.items() <= one.labels.items())
