"""Our own rules for dashboards: each gives what is wrong, as panel and message."""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import promql_parser as promql

from grafana.ringback_dashboards.queries import panels
from tests.grafana.lint import HAVE_QUERIES, Dashboard, Findings, trees
from tests.grafana.promql import EXPOSED, KNOWN, TARGET_LABELS, labels_of, matched, nodes, parsed, selectors, shown


def known_metrics(dashboard: Dashboard) -> Findings:
    """Every metric is one that workers expose, or Prometheus itself."""
    for panel, _, tree in trees(dashboard):
        for name in {selector.name for selector in selectors(tree)} - set(KNOWN):
            yield panel["title"], f"nobody exposes {name}"


def known_labels(dashboard: Dashboard) -> Findings:
    """Every label that is matched, grouped by or compared exists on all series concerned."""
    for panel, _, tree in trees(dashboard):
        for part in nodes(tree):
            if isinstance(part, promql.VectorSelector) and part.name in KNOWN:
                wrong = set(matched(part)) - KNOWN[part.name] - TARGET_LABELS
            elif isinstance(part, promql.AggregateExpr) and part.modifier and part.expr is not None:
                wrong = set(part.modifier.labels) - labels_of(part.expr)
            elif isinstance(part, promql.BinaryExpr) and part.modifier and part.modifier.matching:
                wrong = set(part.modifier.matching.labels) - labels_of(part.rhs)
            else:
                continue
            if wrong:
                yield panel["title"], f"no such label: {wrong}"


def shown_labels(dashboard: Dashboard) -> Findings:
    """Legends and columns name labels that the result has."""
    for panel, target, tree in trees(dashboard):
        if wrong := shown(target["legendFormat"]) - labels_of(tree):
            yield panel["title"], f"the result has no {wrong}"
    for panel in panels(dashboard):
        columns: set[str] = set()
        for change in panel.get("transformations", ()):
            columns |= set(change["options"].get("renameByName", ()))
        had = {"Value", *(f"Value #{target['refId']}" for target in panel.get("targets", ()))}
        had |= frozenset().union(*(labels_of(parsed(target["expr"])) for target in panel.get("targets", ())))
        if columns - had:
            yield panel["title"], f"the result has no {columns - had}"


def partitions_once(dashboard: Dashboard) -> Findings:
    """A gauge of partitions is never added up before the larger of two workers' values was taken."""
    for panel, _, tree in trees(dashboard):
        for part in nodes(tree):
            if not isinstance(part, promql.AggregateExpr) or str(part.op) not in ("sum", "count", "avg"):
                continue
            gauges = {
                name for name in _beneath(part.expr)
                if "partition" in EXPOSED.get(name, ()) and not name.endswith("_total")
            }  # fmt: skip
            if gauges:
                yield panel["title"], f"partitions are counted twice after a rebalance: {gauges}"


def _beneath(tree: Any) -> Iterator[str]:
    """The metrics of a tree that no inner aggregation has."""
    stack = [tree]
    while stack:
        part = stack.pop()
        match part:
            case promql.AggregateExpr():
                continue
            case promql.VectorSelector():
                yield part.name or ""
            case promql.Call():
                stack += part.args
            case promql.BinaryExpr():
                stack += [part.lhs, part.rhs]
            case promql.ParenExpr() | promql.SubqueryExpr() | promql.UnaryExpr():
                stack.append(part.expr)
            case promql.MatrixSelector():
                stack.append(part.vector_selector)


def layout(dashboard: Dashboard) -> Findings:
    """Panels do not overlap, and stay on the grid of 24 columns; ids and references are unique."""
    every = list(dashboard["panels"])
    for panel in every:
        box = panel["gridPos"]
        if box["x"] < 0 or box["x"] + box["w"] > 24:
            yield panel["title"], "leaves the grid"
    for one, other in combinations(every, 2):
        a, b = one["gridPos"], other["gridPos"]
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        if not (beside or below):
            yield one["title"], f"overlaps {other['title']}"
    if len({panel["id"] for panel in every}) < len(every):
        yield "", "two panels have one id"
    for panel in panels(dashboard):
        references = [target["refId"] for target in panel.get("targets", ())]
        if len(set(references)) < len(references):
            yield panel["title"], "two queries have one reference"


def stat_thresholds(dashboard: Dashboard) -> Findings:
    """A number has thresholds, and says something when there is no value."""
    for panel in panels(dashboard):
        defaults = panel.get("fieldConfig", {}).get("defaults", {})
        if panel["type"] == "stat" and not defaults["thresholds"]["steps"]:
            yield panel["title"], "has no thresholds"
        if panel["type"] in HAVE_QUERIES and not defaults.get("noValue"):
            yield panel["title"], "says nothing when there is no value"


def ways_on(dashboard: Dashboard) -> Findings:
    """The other dashboards are one click away, with the same choices and time; restarts and rebalances are marked."""
    links = [one for one in dashboard["links"] if one["type"] == "dashboards"]
    if [(one["tags"], one["includeVars"], one["keepTime"]) for one in links] != [(["ringback"], True, True)]:
        yield "", "does not lead to the others"
    if dashboard["tags"] != ["ringback"]:
        yield "", "is not found by the others"
    if [one["name"] for one in dashboard["annotations"]["list"]] != ["Restarts", "Rebalances"]:
        yield "", "does not mark restarts and rebalances"


RULES: dict[str, Callable[[Dashboard], Findings]] = {
    "known-metrics": known_metrics,
    "known-labels": known_labels,
    "shown-labels": shown_labels,
    "partitions-once": partitions_once,
    "layout": layout,
    "thresholds-and-no-value": stat_thresholds,
    "ways-on": ways_on,
}
