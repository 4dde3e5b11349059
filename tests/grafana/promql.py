"""Expressions of dashboards as trees, and which labels the series have that Prometheus gives for them."""

import re
from collections.abc import Iterator
from typing import Any

import promql_parser as promql

from grafana.ringback_dashboards.queries import ANY, replaced
from streams.base import metrics
from streams.base.metrics import adapters, callbacks, engine, events

TARGET_LABELS = frozenset({"cluster", "namespace", "job", "instance", "process"})
"""What Prometheus adds to everything that it scrapes; cluster and namespace where it has them. process: where a worker
has several."""
OF_PROMETHEUS = {"up": frozenset[str](), "ALERTS": frozenset({"alertname", "severity", "alertstate"})}
SUFFIXES = {
    "counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
}  # fmt: skip


def _declared() -> dict[str, frozenset[str]]:
    """The labels of every series that workers expose, by the name of the series."""
    of_metric: dict[str, tuple[str, ...]] = {}
    for one in (one for module in (adapters, callbacks, engine, events) for one in vars(module).values()):
        if hasattr(one, "_labelnames"):
            of_metric[one._name] = one._labelnames
    series = {}
    for family in metrics.REGISTRY.collect():
        for suffix in SUFFIXES.get(family.type, ("",)):
            labels = frozenset(of_metric.get(family.name, ())) | ({"le"} if suffix == "_bucket" else frozenset())
            series[family.name + suffix] = labels
    return series


EXPOSED = _declared()
KNOWN = {**EXPOSED, **OF_PROMETHEUS}
FAMILIES = {
    family.name: {family.name + suffix for suffix in SUFFIXES.get(family.type, ("",))}
    for family in metrics.REGISTRY.collect()
}
"""The series of each metric."""


def parsed(expression: str) -> promql.Expr:
    """The tree of an expression of a dashboard, without its variables; ValueError says what is wrong."""
    tree: promql.Expr = promql.parse(replaced(expression, ANY))
    return tree


def nodes(tree: promql.Expr) -> list[Any]:
    """All parts of a tree, from the top."""
    seen: list[Any] = []
    promql.walk(tree, lambda part: seen.append(part))
    return seen


def selectors(tree: promql.Expr) -> Iterator[promql.VectorSelector]:
    """All selections of series in a tree."""
    return (part for part in nodes(tree) if isinstance(part, promql.VectorSelector))


def matched(selector: promql.VectorSelector) -> dict[str, list[str]]:
    """The values that each label is compared with."""
    found: dict[str, list[str]] = {}
    for matcher in selector.matchers.matchers:
        found.setdefault(matcher.name, []).append(matcher.value)
    return found


def labels_of(tree: Any) -> frozenset[str]:
    """The labels of the series that Prometheus gives for a tree."""
    match tree:
        case promql.VectorSelector():
            return KNOWN[tree.name or ""] | TARGET_LABELS
        case promql.AggregateExpr():
            if str(tree.op) in ("topk", "bottomk"):
                return labels_of(tree.expr)
            return frozenset(tree.modifier.labels if tree.modifier else ())
        case promql.Call():
            return _labels_of_call(tree)
        case promql.BinaryExpr():
            left, right = labels_of(tree.lhs), labels_of(tree.rhs)
            return left & right if str(tree.op) == "or" else left or right
        case promql.ParenExpr() | promql.SubqueryExpr() | promql.UnaryExpr():
            return labels_of(tree.expr)
        case promql.MatrixSelector():
            return labels_of(tree.vector_selector)
    return frozenset()


def _labels_of_call(call: promql.Call) -> frozenset[str]:
    labels = frozenset[str]().union(*(labels_of(argument) for argument in call.args))
    if call.func.name == "label_replace":
        return labels | {call.args[1].val}
    return labels - {"le"} if call.func.name == "histogram_quantile" else labels


def shown(legend: str) -> set[str]:
    """The labels that a legend or title names."""
    return set(re.findall(r"\{\{(\w+)\}\}", legend))
