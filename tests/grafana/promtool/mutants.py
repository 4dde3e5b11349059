"""Rules that are wrong in one place each: a test has to notice every one.

Changed are threshold, comparison, operator, `for`, each label matcher, each label of a grouping, each metric, each
range and offset, and the severity.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from grafana.ringback_rules import ALERTS, RECORDINGS, Alert, Recording
from grafana.ringback_rules.model import Number, Severity
from streams.base import metrics

Rule = Alert | Recording

METRIC = re.compile(r"\bringback[_:][\w:]+|\bup\b|\bprocess_start_time_seconds\b")
MATCHERS = re.compile(r"\{([^{}]*)\}")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
GROUPING = re.compile(r"\b(by|on|ignoring) \(([^()]*)\)")
COMPARISON = re.compile(r"(?<=\s)(>=|<=|==|!=|>|<)(?=\s)")
OPERATOR = re.compile(r"(?<=\s)(and|or|unless)(?=\s)")
LENGTH = re.compile(r"(\[|\boffset |<)(\d+)([smhd])(\]|\b(?!>)|>)")

OTHERWISE = {">": (">=", "<"), ">=": (">", "<"), "<": ("<=", ">"), "<=": ("<", ">"), "==": ("!=",), "!=": ("==",)}
OPPOSITE = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}
OPERATORS = {"and": ("or", "unless"), "or": ("and", "unless"), "unless": ("and", "or")}
A_MINUTE_S = 60.0


@dataclass(frozen=True)
class Mutant:
    """A rule with one change. what: the change, in words that stay the same from run to run."""

    original: Rule
    rule: Rule
    what: str

    @property
    def name(self) -> str:
        """Which change of which rule."""
        window = (
            "".join(f"[{value}]" for value in getattr(self.original, "labels", {}).values()) if self._is_alert else ""
        )
        return f"{self.original.name}{window}: {self.what}"

    @property
    def _is_alert(self) -> bool:
        return isinstance(self.original, Alert)


def mutants(rule: Rule) -> Iterator[Mutant]:
    """Every one of a rule."""
    for name, number in rule.numbers.items():
        for factor, changed in _numbers(number):
            yield Mutant(rule, replace(rule, numbers={**rule.numbers, name: changed}), f"${name} {factor}")
    if isinstance(rule, Alert):
        yield from _of_alert(rule)
    seen = set()
    for what, expr in _expressions(rule.expr):
        if expr not in seen:
            seen.add(expr)
            yield Mutant(rule, replace(rule, expr=expr), what)


def _numbers(number: Number) -> Iterator[tuple[str, Number]]:
    step = number.step or abs(number.value) / 10 or 1
    bounds = sorted(getattr(number, "bounds", ()))
    if bounds:
        at = bounds.index(number.value)
        yield "up", replace(number, value=bounds[at + 1])
        yield "down", replace(number, value=bounds[at - 1])
    else:
        yield "up", replace(number, value=number.value + step)
        yield "down", replace(number, value=number.value - step)


def _of_alert(alert: Alert) -> Iterator[Mutant]:
    if alert.for_s:
        for what, for_s in (("halved", alert.for_s / 2), ("doubled", alert.for_s * 2), ("removed", 0.0)):
            yield Mutant(alert, replace(alert, for_s=for_s), f"for {what}")
    else:
        yield Mutant(alert, replace(alert, for_s=A_MINUTE_S), "for added")
    other: Severity = "ticket" if alert.severity == "page" else "page"
    yield Mutant(alert, replace(alert, severity=other), f"severity {other}")


def _expressions(expr: str) -> Iterator[tuple[str, str]]:
    for kind in (_comparisons, _operators, _lengths, _matchers, _groupings, _metrics):
        yield from kind(expr)


def _put(expr: str, found: re.Match[str], text: str) -> str:
    return expr[: found.start()] + text + expr[found.end() :]


def _nth(found: re.Match[str], pattern: re.Pattern[str], expr: str) -> str:
    """Which of the places it is."""
    return f"#{[one.start() for one in pattern.finditer(expr)].index(found.start()) + 1}"


def _comparisons(expr: str) -> Iterator[tuple[str, str]]:
    for found in COMPARISON.finditer(expr):
        for other in OTHERWISE[found[1]]:
            yield f"comparison {_nth(found, COMPARISON, expr)} {found[1]} to {other}", _put(expr, found, other)


def _operators(expr: str) -> Iterator[tuple[str, str]]:
    for found in OPERATOR.finditer(expr):
        for other in OPERATORS[found[1]]:
            yield f"operator {_nth(found, OPERATOR, expr)} {found[1]} to {other}", _put(expr, found, other)


def _lengths(expr: str) -> Iterator[tuple[str, str]]:
    for found in LENGTH.finditer(expr):
        length_s = int(found[2]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[3]]
        for what, factor in (("halved", 0.5), ("doubled", 2)):
            text = f"{found[1]}{int(length_s * factor)}s{found[4]}"
            yield f"length {_nth(found, LENGTH, expr)} {found[2]}{found[3]} {what}", _put(expr, found, text)


def _matchers(expr: str) -> Iterator[tuple[str, str]]:
    for found in MATCHERS.finditer(expr):
        all_of = MATCHER.findall(found[1])
        for label, operator, value in all_of:
            others = [one for one in all_of if one[0] != label]
            here = f"{_nth(found, MATCHERS, expr)} {label}"
            changed = {
                f"matcher {here} dropped": others,
                f"matcher {here} turned": [*others, (label, OPPOSITE[operator], value)],
                f"matcher {here} changed": [*others, (label, operator, f"x{value}")],
            }
            for what, matchers in changed.items():
                text = ", ".join(f'{label}{operator}"{value}"' for label, operator, value in matchers)
                yield what, _put(expr, found, f"{{{text}}}")


def _groupings(expr: str) -> Iterator[tuple[str, str]]:
    for found in GROUPING.finditer(expr):
        labels = found[2].split(", ")
        for label in labels:
            left = ", ".join(one for one in labels if one != label)
            yield f"grouping {_nth(found, GROUPING, expr)} without {label}", _put(expr, found, f"{found[1]} ({left})")


def _metrics(expr: str) -> Iterator[tuple[str, str]]:
    for found in METRIC.finditer(expr):
        other = OTHER[found[0]]
        yield f"metric {_nth(found, METRIC, expr)} {found[0]} to {other}", _put(expr, found, other)


def _others() -> Mapping[str, str]:
    """For each metric another one: of those that begin alike the next, so that it has the same labels if any has."""
    exposed = [sample.name for family in metrics.REGISTRY.collect() for sample in family.samples]
    exposed += [word for rule in ALERTS for word in METRIC.findall(rule.expr)]
    exposed += [
        word for group in RECORDINGS.values() for rule in group for word in [rule.name, *METRIC.findall(rule.expr)]
    ]
    names = sorted(set(exposed) | {"up", "process_start_time_seconds"})
    return {name: _alike(name, names) for name in names}


def _alike(name: str, names: list[str]) -> str:
    def common(other: str) -> int:
        return next((at for at, (one, two) in enumerate(zip(name, other, strict=False)) if one != two), len(name))

    return max((other for other in names if other != name), key=lambda other: (common(other), other))


OTHER = _others()
