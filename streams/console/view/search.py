"""Finds callbacks: a page by its place in the order, how many there are, and all of them.

What few callbacks meet is looked up and sorted. What many meet is looked for in the order of the list, where the page
is soon full. Source: docs/decisions/0060-what-the-console-keeps.md.
"""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from streams.console.view.conditions import Condition, Meant, meant
from streams.console.view.model import CallbackRow, Filter, Order, Page
from streams.console.view.record import instant, instant_or_none
from streams.console.view.schema import NO_DUE, STANDINGS
from topics.commands import Origin

COLUMNS = (
    "callback_id, list_id, contact_id, campaign_id, standing, due_at, changed_at, scheduled_at, origin, reasons,"
    " agent_id, queue_id, owner, last_four"
)
FEW = 25_000
"""So many callbacks are looked up and sorted, in some 50 ms."""
COUNTING_S = 0.06
"""A count beside a page takes no longer: then it is not known how many there are."""
_STEPS = 10_000
_ORIGINS = {str(origin): origin for origin in Origin}
_KEYS = {Order.DUE: ("due_at", ">", "ASC"), Order.CHANGED: ("changed_at", "<", "DESC")}


def callback_row(row: tuple[Any, ...]) -> CallbackRow:
    """The line of a list that the columns `COLUMNS` are."""
    callback_id, list_id, contact_id, campaign_id, code, due_at, changed_at, scheduled_at, origin, reasons = row[:10]
    return CallbackRow(
        callback_id=callback_id,
        contact_list_id=list_id,
        contact_id=contact_id,
        campaign_id=campaign_id or "",
        standing=STANDINGS[code],
        due_at=None if due_at == NO_DUE else instant(due_at),
        changed_at=instant(changed_at),
        scheduled_at=instant_or_none(scheduled_at),
        origin=_ORIGINS.get(origin),
        reasons=tuple(reasons.split()),
        agent_id=row[10],
        queue_id=row[11],
        owner=row[12],
        last_four=row[13],
    )


class Search:
    """One question to a connection. monotonic: how long it takes."""

    def __init__(self, connection: sqlite3.Connection, monotonic: Callable[[], float]) -> None:
        self._connection = connection
        self._monotonic = monotonic

    def page(
        self, by: Filter, now: datetime, order: Order, after: str | None, limit: int, count_max: int | None
    ) -> Page:
        """The callbacks that follow `after`; see `View.find`."""
        asked = meant(by, now)
        few = self._few(asked)
        *_, direction = _KEYS[order]
        found = self._lines(asked, few, order, _place(after), limit + 1)
        found.sort(key=lambda row: row[:2], reverse=direction == "DESC")
        more = len(found) > limit
        found = found[:limit]
        total, at_least = (None, False) if count_max is None else self._total(asked, few, count_max)
        return Page(
            rows=tuple(callback_row(row[2:]) for row in found),
            after=f"{found[-1][0]}.{found[-1][1]}" if more and found else None,
            total=total,
            total_is_at_least=at_least,
        )

    def count(self, by: Filter, now: datetime) -> int:
        """How many there are."""
        return sum(self.counts(by, now).values())

    def counts(self, by: Filter, now: datetime) -> dict[str, int]:
        """The same by campaign."""
        asked = meant(by, now)
        if asked.is_plain:
            return self._tallied(asked)
        where, parameters = _where(asked, self._few(asked))
        select = f"SELECT campaign_id, count(*) FROM callback WHERE {where} GROUP BY campaign_id"  # noqa: S608
        return {campaign_id or "": n for campaign_id, n in self._connection.execute(select, parameters)}

    def each(self, by: Filter, now: datetime) -> Iterator[CallbackRow]:
        """All of them, as they are now, whatever is written meanwhile."""
        asked = meant(by, now)
        self._connection.execute("BEGIN")
        try:
            where, parameters = _where(asked, self._few(asked))
            select = f"SELECT {COLUMNS} FROM callback WHERE {where}"  # noqa: S608
            yield from map(callback_row, self._connection.execute(select, parameters))
        finally:
            self._connection.execute("COMMIT")

    def _few(self, asked: Meant) -> Condition | None:
        """The condition that the fewest callbacks meet, if they are few."""
        best, least = None, FEW + 1
        for condition in asked.conditions:
            if condition.selects is not None and least > 1:
                select = f"SELECT count(*) FROM ({condition.selects} LIMIT ?)"  # noqa: S608
                (count,) = self._connection.execute(select, (*condition.select_parameters, least)).fetchone()
                if count < least:
                    best, least = condition, count
        return best

    def _lines(
        self, asked: Meant, few: Condition | None, order: Order, place: tuple[int, int] | None, limit: int
    ) -> list[tuple[Any, ...]]:
        key, follows, direction = _KEYS[order]
        after, of_place = ("", ()) if place is None else (f" AND ({key}, id) {follows} (?, ?)", place)
        lines: list[tuple[Any, ...]] = []
        for where, parameters in _lanes(asked, few):
            select = (
                f"SELECT {key}, id, {COLUMNS} FROM callback WHERE {where}{after}"  # noqa: S608
                f" ORDER BY {key} {direction}, id {direction} LIMIT ?"
            )
            lines += self._connection.execute(select, (*parameters, *of_place, limit))
        return lines

    def _total(self, asked: Meant, few: Condition | None, count_max: int) -> tuple[int | None, bool]:
        if asked.is_plain:
            return sum(self._tallied(asked).values()), False
        total, until = 0, self._monotonic() + COUNTING_S
        self._connection.set_progress_handler(lambda: self._monotonic() > until, _STEPS)
        try:
            for where, parameters in _lanes(asked, few):
                select = f"SELECT count(*) FROM (SELECT 1 FROM callback WHERE {where} LIMIT ?)"  # noqa: S608
                total += self._connection.execute(select, (*parameters, count_max + 1 - total)).fetchone()[0]
                if total > count_max:
                    return count_max, True
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            return None, False
        finally:
            self._connection.set_progress_handler(None, 0)
        return total, False

    def _tallied(self, asked: Meant) -> dict[str, int]:
        marks = ", ".join("?" * len(asked.codes))
        where, parameters = f"standing IN ({marks})", list[object](asked.codes)
        if asked.campaign_id is not None:
            where, parameters = f"{where} AND campaign_id = ?", [*parameters, asked.campaign_id]
        if asked.origins:
            where = f"{where} AND origin IN ({', '.join('?' * len(asked.origins))})"
            parameters += asked.origins
        select = f"SELECT campaign_id, sum(n) FROM tally WHERE {where} GROUP BY campaign_id"  # noqa: S608
        return dict(self._connection.execute(select, parameters))


def _lanes(asked: Meant, few: Condition | None) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Conditions whose callbacks lie in order each; of few, one for all."""
    if few is not None:
        yield _where(asked, few)
        return
    for code in asked.codes:
        yield _where(asked, None, (code,))


def _where(asked: Meant, few: Condition | None, codes: tuple[int, ...] | None = None) -> tuple[str, tuple[object, ...]]:
    codes = asked.codes if codes is None else codes
    plus = "+" if few is not None else ""
    parts = [f"{plus}standing IN ({', '.join('?' * len(codes))})" if len(codes) != 1 else f"{plus}standing = ?"]
    parameters: list[object] = [*codes]
    for column, value in (("campaign_id", asked.campaign_id), ("list_id", asked.list_id)):
        if value is not None:
            parts.append(f"{plus}{column} = ?")
            parameters.append(value)
    if few is not None:
        parts.append(f"id IN ({few.selects})")
        parameters += few.select_parameters
    for condition in asked.conditions:
        if condition is not few:
            parts.append(condition.sql)
            parameters += condition.parameters
    return " AND ".join(parts), tuple(parameters)


def _place(after: str | None) -> tuple[int, int] | None:
    """Where a page begins; the first, for what is no such place."""
    value, _, number = (after or "").partition(".")
    try:
        place = int(value), int(number)
    except ValueError:
        return None
    return place if max(map(abs, place)) < 1 << 63 else None
