"""From which index a question to the database begins, as its WHERE clause. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from streams.console.view.conditions import Condition, Meant
from streams.console.view.model import Order
from streams.console.view.schema import STANDINGS

LANES_MAX = 5
"""Standings that are looked for one by one; more are looked for among all."""


Where = tuple[str, tuple[object, ...]]
"""A WHERE clause, and its parameters."""


def beginning(asked: Meant, few: Condition | None) -> Where:
    """All conditions, beginning from the one that few meet; without one, from where SQLite likes."""
    if few is None:
        return _whole(asked, "")
    if few.drive is not None:
        return _whole(asked, "" if few.by_standing else "+", few, few.drive, few.drive_parameters)
    return _whole(asked, "+", few, f"id IN ({few.selects})", few.select_parameters)


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


def ways(asked: Meant, order: Order) -> Iterator[tuple[Where, ...]]:
    """Ways to look for a page, each of lanes in which callbacks lie in the order of the list; the likeliest first."""
    is_narrow = len(asked.codes) <= LANES_MAX or asked.campaign_id is not None or asked.list_id is not None
    lanes = tuple(_whole(replace(asked, codes=(code,)), "") for code in asked.codes)
    if is_narrow:
        yield lanes
    for condition in asked.conditions if order is Order.DUE else ():
        if condition.drive is not None and not condition.by_standing:
            yield (_whole(asked, "+", condition, condition.drive, condition.drive_parameters),)
    if not is_narrow:
        yield (_whole(asked, "+"),)


def _whole(
    asked: Meant, plus: str, apart: Condition | None = None, begin: str = "", parameters_of: tuple[object, ...] = ()
) -> Where:
    """All conditions as one. apart, begin: the one from which it begins. plus: keeps others from being begun from."""
    parameters: list[object] = []
    if len(asked.codes) == len(STANDINGS):
        parts = ["+standing IS NOT NULL"]
    else:
        marks = ", ".join("?" * len(asked.codes))
        parts = [f"{plus}standing = ?" if len(asked.codes) == 1 else f"{plus}standing IN ({marks})"]
        parameters += asked.codes
    for column, value in (("campaign_id", asked.campaign_id), ("list_id", asked.list_id)):
        if value is not None:
            parts.append(f"{plus}{column} = ?")
            parameters.append(value)
    if apart is not None:
        parts.append(begin)
        parameters += parameters_of
    for condition in asked.conditions:
        if condition is not apart:
            parts.append(condition.sql)
            parameters += condition.parameters
    return " AND ".join(parts), tuple(parameters)
