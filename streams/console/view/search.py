"""Finds callbacks: a page by its place in the order, how many there are, and all of them.

What few callbacks meet is looked up and sorted. What many meet is looked for in the order of the list, where the page
is soon full. Source: docs/decisions/0060-what-the-console-keeps.md.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from heapq import nlargest, nsmallest
from typing import Any

from streams.console.view.conditions import Condition, Meant, meant
from streams.console.view.lanes import Where, beginning, tally_of, ways
from streams.console.view.model import CallbackRow, Filter, Order, Page
from streams.console.view.record import instant, instant_or_none
from streams.console.view.schema import NO_DUE, STANDINGS
from topics.commands import Origin

COLUMNS = (
    "callback_id, list_id, contact_id, campaign_id, standing, due_at, changed_at, scheduled_at, origin, reasons,"
    " agent_id, queue_id, owner, last_four"
)
FEW = 5_000
"""So many callbacks are looked up and sorted, in some 15 ms."""
COUNTING_S = 0.03
"""A count beside a page takes no longer: then it is not known how many there are."""
LOOKING_S = 0.02
"""So long callbacks are looked for in the order of the list; then in another way, and then they are sorted."""
MANY = 10_000_000
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
        with self._one_snapshot():
            asked = self._narrowed(meant(by, now))
            few, place, total, at_least = self._few(asked, FEW), _place(after), None, False
            found = None if few is not None else self._looked_for(asked, order, place, limit + 1)
            if found is None:
                few = few or self._few(asked, MANY)
                found, total = self._sorted(asked, few, order, place, limit + 1)
            elif count_max is not None:
                total = self._total(asked, count_max)
        if count_max is None:
            total = None
        elif total is not None and not asked.is_plain and total > count_max:
            total, at_least = count_max, True
        more = len(found) > limit
        found = found[:limit]
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
        where, parameters = beginning(asked, self._few(asked, MANY))
        select = f"SELECT campaign_id, count(*) FROM callback WHERE {where} GROUP BY campaign_id"  # noqa: S608
        return {campaign_id or "": n for campaign_id, n in self._connection.execute(select, parameters)}

    def each(self, by: Filter, now: datetime) -> Iterator[CallbackRow]:
        """All of them, as they are now, whatever is written meanwhile."""
        asked = meant(by, now)
        with self._one_snapshot():
            where, parameters = beginning(asked, self._few(asked, MANY))
            select = f"SELECT {COLUMNS} FROM callback WHERE {where}"  # noqa: S608
            yield from map(callback_row, self._connection.execute(select, parameters))

    def _narrowed(self, asked: Meant) -> Meant:
        """The same, of those standings alone of which there are any: what is counted says so."""
        where, parameters = tally_of(asked)
        select = f"SELECT DISTINCT standing FROM tally WHERE {where}"  # noqa: S608
        codes = {code for (code,) in self._connection.execute(select, parameters)}
        for condition in asked.conditions:
            if condition.bits and not self._has_any(condition.beside, condition.beside_parameters):
                marks = ", ".join("?" * len(condition.bits))
                select = f"SELECT DISTINCT standing FROM spread WHERE reason IN ({marks})"  # noqa: S608
                codes &= {code for (code,) in self._connection.execute(select, condition.bits)}
        return replace(asked, codes=tuple(sorted(codes)))

    def _has_any(self, selects: str | None, parameters: tuple[object, ...]) -> bool:
        if selects is None:
            return False
        return self._connection.execute(f"SELECT 1 FROM ({selects} LIMIT 1)", parameters).fetchone() is not None  # noqa: S608

    def _few(self, asked: Meant, most: int) -> Condition | None:
        """The condition that the fewest callbacks meet, if they are no more than `most`."""
        best, least = None, most + 1
        for condition in asked.conditions:
            if condition.selects is not None and least > 1:
                select = f"SELECT count(*) FROM ({condition.selects} LIMIT ?)"  # noqa: S608
                (count,) = self._connection.execute(select, (*condition.select_parameters, least)).fetchone()
                if count < least:
                    best, least = condition, count
        return best

    def _sorted(
        self, asked: Meant, few: Condition | None, order: Order, place: tuple[int, int] | None, limit: int
    ) -> tuple[list[tuple[Any, ...]], int]:
        """The lines of a page of what meets a condition, and how many there are in all."""
        key = _KEYS[order][0]
        where, parameters = beginning(asked, few)
        found = self._connection.execute(f"SELECT {key}, id FROM callback WHERE {where}", parameters).fetchall()  # noqa: S608
        if order is Order.DUE:
            picked = nsmallest(limit, found if place is None else (one for one in found if one > place))
        else:
            picked = nlargest(limit, found if place is None else (one for one in found if one < place))
        ids = [number for _, number in picked]
        select = f"SELECT id, {COLUMNS} FROM callback WHERE id IN ({', '.join('?' * len(ids))})"  # noqa: S608
        rows = {row[0]: row[1:] for row in self._connection.execute(select, ids)}
        return [(value, number, *rows[number]) for value, number in picked], len(found)

    def _looked_for(
        self, asked: Meant, order: Order, place: tuple[int, int] | None, limit: int
    ) -> list[tuple[Any, ...]] | None:
        """The lines of a page, looked for in the order of the list; None where they lie too far apart."""
        can_be_sorted = any(one.selects for one in asked.conditions)
        for lanes in ways(asked, order):
            try:
                with self._within(LOOKING_S if can_be_sorted else None):
                    found = self._lines(lanes, order, place, limit)
            except _TookTooLong:
                continue
            found.sort(key=lambda row: row[:2], reverse=order is Order.CHANGED)
            return found[:limit]
        return None if asked.codes else []

    @contextmanager
    def _one_snapshot(self) -> Iterator[None]:
        """What is asked in here is of one moment, whatever is written meanwhile."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    @contextmanager
    def _within(self, seconds: float | None) -> Iterator[None]:
        """Raise _TookTooLong if what is asked in here takes longer."""
        if seconds is None:
            yield
            return
        until = self._monotonic() + seconds
        self._connection.set_progress_handler(lambda: self._monotonic() > until, _STEPS)
        try:
            yield
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise
            raise _TookTooLong from None
        finally:
            self._connection.set_progress_handler(None, 0)

    def _lines(
        self, lanes: Iterable[Where], order: Order, place: tuple[int, int] | None, limit: int
    ) -> list[tuple[Any, ...]]:
        key, follows, direction = _KEYS[order]
        after, of_place = ("", ()) if place is None else (f" AND ({key}, id) {follows} (?, ?)", place)
        lines: list[tuple[Any, ...]] = []
        for where, parameters in lanes:
            select = (
                f"SELECT {key}, id, {COLUMNS} FROM callback WHERE {where}{after}"  # noqa: S608
                f" ORDER BY {key} {direction}, id {direction} LIMIT ?"
            )
            lines += self._connection.execute(select, (*parameters, *of_place, limit))
        return lines

    def _total(self, asked: Meant, count_max: int) -> int | None:
        """How many there are; no more than one above where counting ends, None if that takes too long."""
        if asked.is_plain:
            return sum(self._tallied(asked).values())
        try:
            with self._within(COUNTING_S):
                where, parameters = beginning(asked, None)
                select = f"SELECT count(*) FROM (SELECT 1 FROM callback WHERE {where} LIMIT ?)"  # noqa: S608
                return int(self._connection.execute(select, (*parameters, count_max + 1)).fetchone()[0])
        except _TookTooLong:
            return None

    def _tallied(self, asked: Meant) -> dict[str, int]:
        where, parameters = tally_of(asked)
        select = f"SELECT campaign_id, sum(n) FROM tally WHERE {where} GROUP BY campaign_id"  # noqa: S608
        return dict(self._connection.execute(select, parameters))


class _TookTooLong(Exception):
    """What was asked is not known yet."""


def _place(after: str | None) -> tuple[int, int] | None:
    """Where a page begins; the first, for what is no such place."""
    value, _, number = (after or "").partition(".")
    try:
        place = int(value), int(number)
    except ValueError:
        return None
    return place if max(map(abs, place)) < 1 << 63 else None
