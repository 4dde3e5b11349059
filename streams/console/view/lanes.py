"""From which index a question to the database begins, as its WHERE clause. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from streams.console.view.conditions import Condition, Meant
from streams.console.view.model import Order
from streams.console.view.schema import STANDINGS

LANES_MAX = 5
"""Standings that are looked for one by one; more are looked for among all."""


def beginning(asked: Meant, few: Condition | None) -> tuple[str, tuple[object, ...]]:
    """All conditions, beginning from the one that few meet; without one, from where SQLite likes."""
    return whole(asked, None, None, "") if few is None else whole(asked, few.selects, few)


def tally_of(asked: Meant) -> tuple[str, tuple[object, ...]]:
    """What is counted of the standings, the campaign and the origins that are asked for."""
    parts, parameters = [f"standing IN ({', '.join('?' * len(asked.codes))})"], list[object](asked.codes)
    if asked.campaign_id is not None:
        parts.append("campaign_id = ?")
        parameters.append(asked.campaign_id)
    if asked.origins:
        parts.append(f"origin IN ({', '.join('?' * len(asked.origins))})")
        parameters += asked.origins
    return " AND ".join(parts), tuple(parameters)


def lanes(asked: Meant, few: Condition | None, order: Order | None) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Conditions, each with an index in which its callbacks lie in order; of few, one for all."""
    if few is not None:
        yield beginning(asked, few)
        return
    by_due = [one for one in asked.conditions if one.in_due_order is not None] if order is Order.DUE else []
    if by_due:
        yield whole(asked, None, by_due[0])
    elif len(asked.codes) > LANES_MAX and asked.campaign_id is asked.list_id is None:
        yield whole(asked, None, None)
    else:
        for code in asked.codes:
            yield whole(replace(asked, codes=(code,)), None, None, "")


def whole(
    asked: Meant, selects: str | None, apart: Condition | None, plus: str = "+"
) -> tuple[str, tuple[object, ...]]:
    """All conditions as one. apart: the one from which it begins. plus: keeps SQLite from beginning from another."""
    if len(asked.codes) == len(STANDINGS):
        parts, parameters = ["+standing IS NOT NULL"], list[object]()
    else:
        marks = ", ".join("?" * len(asked.codes))
        parts = [f"{plus}standing = ?" if len(asked.codes) == 1 else f"{plus}standing IN ({marks})"]
        parameters = [*asked.codes]
    for column, value in (("campaign_id", asked.campaign_id), ("list_id", asked.list_id)):
        if value is not None:
            parts.append(f"{plus}{column} = ?")
            parameters.append(value)
    if apart is not None and selects is not None:
        parts.append(f"id IN ({selects})")
        parameters += apart.select_parameters
    elif apart is not None:
        parts.append(apart.in_due_order or "")
        parameters += apart.select_parameters
    for condition in asked.conditions:
        if condition is not apart:
            parts.append(condition.sql)
            parameters += condition.parameters
    return " AND ".join(parts), tuple(parameters)
