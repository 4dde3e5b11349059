"""Lets go of what the topics have let go of, by their retention, and of contacts that were erased: no more is said.

A callback of which all transitions are gone stands as the list of what is outstanding says, else it is gone, too.
"""

import sqlite3
from collections.abc import Mapping
from typing import Any

from streams.console.view import erasing
from streams.console.view.loaded import Loaded
from streams.console.view.places import Place
from streams.console.view.record import number_of
from topics.names import TopicName

TOLD = (
    TopicName.WRAP_UP,
    TopicName.CALLBACK_SCHEDULED,
    TopicName.PLACEMENT_REQUESTED,
    TopicName.DIAL_PREVIEW,
    TopicName.DIAL_ANALYSIS,
    TopicName.PLACEMENT_DECIDED,
    TopicName.CALLBACK_LIFECYCLE,
)
MINUTES_KEPT = 2 * 24 * 60
AT_ONCE = 2000
"""Records in one transaction, so that what is read meanwhile does not wait for long."""


def prune(connection: sqlite3.Connection, firsts: Mapping[Place, int]) -> int:
    """Let go of every record before the first offset of its partition; returns how many there were."""
    erasing.finish(connection)
    count = 0
    for (topic, partition), first in firsts.items():
        begin, end = (number_of(TopicName(topic), partition, offset) for offset in (0, first))
        if topic == TopicName.DEAD_LETTER:
            connection.execute("DELETE FROM dead WHERE number >= ? AND number < ?", (begin, end))
        while topic in TOLD and (some := _some(connection, begin, end)):
            connection.execute("BEGIN IMMEDIATE")
            try:
                _let_go(connection, some, begin)
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            count += len(some)
    connection.execute("DELETE FROM minutes WHERE minute < (SELECT max(minute) FROM minutes) - ?", (MINUTES_KEPT,))
    return count


def _some(connection: sqlite3.Connection, begin: int, end: int) -> list[Any]:
    select = "SELECT number, callback FROM told WHERE number >= ? AND number < ? ORDER BY number LIMIT ?"
    return connection.execute(select, (begin, end, AT_ONCE)).fetchall()


def _let_go(connection: sqlite3.Connection, some: list[Any], begin: int) -> None:
    last = some[-1][0]
    connection.execute("DELETE FROM told WHERE number >= ? AND number <= ?", (begin, last))
    loaded = Loaded(connection)
    ids = sorted({callback for _, callback in some if callback is not None})
    for number in ids:
        select = "SELECT list_id, contact_id, callback_id FROM callback WHERE id = ?"
        key = connection.execute(select, (number,)).fetchone()
        callback = None if key is None else loaded.known(key)
        if callback is not None and callback.has_lost(begin, last):
            listed, written = loaded.listed_at(key[:2])
            loaded.callback(key).lose(begin, last, listed.get(key[2]), written)
    loaded.write()
    gone = (
        "DELETE FROM callback WHERE id = ? AND standing IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM told WHERE told.callback = callback.id)"
    )
    connection.executemany(gone, [(number,) for number in ids])
