"""What a run has reached of the goals, as JSON and as a table with yes and no. Pure."""

from collections.abc import Mapping
from typing import Any

from benchmarks.goals import GOALS, Data


def rows(data: Data) -> list[dict[str, Any]]:
    """Each goal with what was reached. share_of_size: how much of the goal's own size the run had."""
    found = []
    for goal in GOALS:
        figure, why = goal.of(data)
        row: dict[str, Any] = {"goal": goal.title, "reached": figure, "floor": goal.floor, "want": goal.want}
        if figure is None:
            found.append(row | {"floor_met": None, "want_met": None, "share_of_size": None, "why_not": why})
            continue
        measured, _ = goal.size.of(data)
        share = None if measured is None else round(measured / goal.size.full, 4)
        met = {"floor_met": goal.is_met(figure, goal.floor), "want_met": goal.is_met(figure, goal.want)}
        found.append(row | met | {"share_of_size": share, "why_not": None})
    return found


def table(data: Data) -> list[str]:
    """Lines of Markdown: a row for each goal, also for what was not measured."""
    lines = ["| goal | reached | floor | met | wanted | met | size |", "| --- | ---: | ---: | --- | ---: | --- | --- |"]
    for goal, row in zip(GOALS, rows(data), strict=True):
        sign, figure = "≥" if goal.at_least else "≤", row["reached"]
        told = f"not measured: {row['why_not']}" if figure is None else goal.text.format(figure)
        limits = [f"{sign} {goal.text.format(limit)}" for limit in (goal.floor, goal.want)]
        cells = [goal.title, told, limits[0], _yes(row["floor_met"]), limits[1], _yes(row["want_met"]), _size(row)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _yes(met: bool | None) -> str:
    return "-" if met is None else "yes" if met else "**no**"


def _size(row: Mapping[str, Any]) -> str:
    share = row["share_of_size"]
    return "-" if share is None else "the goal's" if share >= 1 else f"{share:.0%} of the goal's"
