"""What a rule is made of, and how it is written out: at full length, or scaled for a drill.

An expression is PromQL with `$names` for its numbers. Ranges (`[15m]`) and offsets are written as they are at full
length. Scaled, each of them, each `for` and each number that is a time becomes shorter by the same factor.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Template
from typing import Any, Literal

INSTALLATION = "cluster, namespace, job"
"""What tells one installation from another. A label that is absent does no harm in `by` or `on`."""
UP = 'up{job=~"ringback.*"}'
"""The Prometheus job of the workers has a name that begins so."""
SHORTEST_S = 2.0
"""No range and no `for` becomes shorter: two scrapes of a second."""

_UNITS_S = {"d": 86400, "h": 3600, "m": 60, "s": 1}
RANGE = re.compile(r"(?P<before>\[|\boffset |<)(?P<length>\d+)(?P<unit>[smhd])(?P<after>\]|\b(?!>)|>)")

Severity = Literal["page", "ticket"]
Dashboard = Literal["ringback-on-time", "ringback-not-made", "ringback-engine", "ringback-campaign"]


@dataclass(frozen=True)
class Number:
    """A number of an expression that is no time: a share, a count. step: what makes a difference, else a tenth."""

    value: float
    step: float | None = field(default=None, kw_only=True)

    def written(self, scale: float) -> dict[str, str]:
        """What stands in the expression, by the suffix of its name."""
        return {"": f"{self.value:g}"}


@dataclass(frozen=True)
class Seconds(Number):
    """A time that is compared with; scaled, but never below `least`, which is what its metric can tell apart."""

    least: float = field(default=SHORTEST_S, kw_only=True)

    def written(self, scale: float) -> dict[str, str]:
        """What stands in the expression, by the suffix of its name."""
        return {"": f"{max(self.value * scale, min(self.least, self.value)):g}"}


@dataclass(frozen=True)
class Bound(Number):
    """A bound of a histogram. `$name` is for `le`; `$name_range` is the range that is as long, `$name_s` its seconds.

    Scaled, it is the largest bound that there is up to the scaled one, or the smallest of all.
    """

    bounds: Sequence[float] = field(default=(), kw_only=True)

    def written(self, scale: float) -> dict[str, str]:
        """What stands in the expression, by the suffix of its name."""
        fitting = [bound for bound in self.bounds if bound <= self.value * scale]
        bound = float(max(fitting, default=min(self.bounds)))
        return {"": str(bound), "_range": duration(bound), "_s": f"{bound:g}"}


@dataclass(frozen=True)
class Recording:
    """A recording rule. meaning: for people; labels: those that it keeps besides the installation's."""

    name: str
    expr: str
    meaning: str
    labels: tuple[str, ...] = ()
    numbers: Mapping[str, Number] = field(default_factory=dict)

    def as_yaml(self, scale: float) -> dict[str, Any]:
        """The rule, as Prometheus reads it."""
        return {"record": self.name, "expr": scaled(self.expr, self.numbers, scale)}


@dataclass(frozen=True)
class Alert:
    """An alert. for_s: how long the expression must hold; labels: further ones, where two rules have one name.

    summary: what is wrong for callers, at most 120 characters. description: what it means, and the first thing to do.
    dashboard: the uid of the one that shows it.
    """

    name: str
    severity: Severity
    expr: str
    summary: str
    description: str
    dashboard: Dashboard
    for_s: float = 0
    numbers: Mapping[str, Number] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def as_yaml(self, scale: float, runbooks: str) -> dict[str, Any]:
        """The rule, as Prometheus reads it. runbooks: where the pages of the runbooks are."""
        waits = {"for": duration(max(self.for_s * scale, SHORTEST_S))} if self.for_s else {}
        return {
            "alert": self.name,
            "expr": scaled(self.expr, self.numbers, scale),
            **waits,
            "labels": {"severity": self.severity, **self.labels},
            "annotations": {
                "summary": self.summary,
                "description": " ".join(self.description.split()),
                "runbook_url": f"{runbooks.rstrip('/')}/{self.name}.md",
                "dashboard": self.dashboard,
            },
        }


def duration(length_s: float) -> str:
    """A time as Prometheus writes it, in the largest unit that it is whole in."""
    if length_s != int(length_s):
        return f"{round(length_s * 1000)}ms"
    unit = next(unit for unit, size in _UNITS_S.items() if length_s % size == 0)
    return f"{int(length_s) // _UNITS_S[unit]}{unit}"


def scaled(expr: str, numbers: Mapping[str, Number], scale: float) -> str:
    """An expression with its numbers, and its ranges and offsets shortened by `scale`."""

    def shorter(found: re.Match[str]) -> str:
        length_s = max(int(found["length"]) * _UNITS_S[found["unit"]] * scale, SHORTEST_S)
        return f"{length_s:g}" if found["before"] == "<" else f"{found['before']}{duration(length_s)}{found['after']}"

    written = {
        f"{name}{suffix}": text for name, number in numbers.items() for suffix, text in number.written(scale).items()
    }
    return Template(RANGE.sub(shorter, expr.strip())).substitute(written)
