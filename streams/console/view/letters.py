"""The dead letters: grouped by cause, each by its number, with the partition in which it belongs."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from streams.console.view.model import DeadLetter, DeadLetterGroup
from streams.console.view.packing import hashed as hashed_text
from streams.console.view.record import instant, number_of, place_of
from streams.console.view.rows import Dead, Replay, unpacked
from topics.catalog import CATALOG
from topics.names import TopicName

_COLUMNS = (
    "number, code, message, topic, partition, offset, written, key, value, headers, hashed,"
    " (SELECT r.written FROM replay r WHERE (r.topic, r.partition, r.offset) = (d.topic, d.partition, d.offset))"
)
_PARTITIONS = 4096
"""The number of a dead letter is its offset times this, its partition, and 1: the same in a view that is rebuilt."""


def write(connection: sqlite3.Connection, dead: Sequence[Dead], replays: Sequence[Replay]) -> None:
    """Take in dead letters, and what was sent anew of them."""
    rows = [
        (
            one.number, one.code, one.message, one.topic, one.partition, one.offset, one.written, one.key,
            one.value, one.headers, one.hashed, None if one.event is None else hashed_text(one.event),
        )
        for one in dead
    ]  # fmt: skip
    connection.executemany("INSERT OR REPLACE INTO dead VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    connection.executemany(
        "INSERT INTO replay VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET written = max(written, excluded.written)",
        [(one.topic, one.partition, one.offset, one.written) for one in replays],
    )


def groups(connection: sqlite3.Connection) -> tuple[DeadLetterGroup, ...]:
    """Dead letters of one cause, the latest group first."""
    counts = _counts(connection)
    sent: dict[tuple[str, ...], dict[int, int]] = defaultdict(dict)
    belonging: dict[tuple[str, ...], dict[int, int]] = defaultdict(dict)
    select = "SELECT code, topic, message, partition, count(*) FROM dead GROUP BY code, topic, message, partition"
    for *cause, partition, n in connection.execute(select):
        sent[tuple(cause)][partition] = n
    for topic, partitions in counts.items():
        select = (
            "SELECT code, topic, message, hashed % ?, count(*) FROM dead"
            " WHERE topic = ? AND hashed IS NOT NULL GROUP BY 1, 2, 3, 4"
        )
        for *cause, partition, n in connection.execute(select, (partitions, topic)):
            belonging[tuple(cause)][partition] = n
    select = (
        "SELECT code, d.topic, message, count(*), min(d.written), max(d.written), count(r.written) FROM dead d"
        " LEFT JOIN replay r ON (r.topic, r.partition, r.offset) = (d.topic, d.partition, d.offset) GROUP BY 1, 2, 3"
    )
    found = [
        DeadLetterGroup(
            code=code,
            topic=topic,
            message=message,
            count=n,
            first_at=instant(first),
            latest_at=instant(latest),
            sent_to=sent[code, topic, message],
            belonging=belonging[code, topic, message],
            replayed=replayed,
        )
        for code, topic, message, n, first, latest, replayed in connection.execute(select)
    ]
    return tuple(sorted(found, key=lambda group: (group.latest_at, group.count), reverse=True))


def letters(
    connection: sqlite3.Connection, code: str | None, topic: str | None, after: int, limit: int
) -> tuple[DeadLetter, ...]:
    """Those whose number is greater than `after`, by number."""
    parts = ["shown > ?"]
    parameters: list[object] = [after]
    for column, value in (("code", code), ("topic", topic)):
        if value is not None:
            parts.append(f"{column} = ?")
            parameters.append(value)
    select = (
        f"SELECT {_COLUMNS} FROM (SELECT *, {_SHOWN} AS shown FROM dead) d WHERE {' AND '.join(parts)}"  # noqa: S608
        " ORDER BY shown LIMIT ?"
    )
    counts = _counts(connection)
    return tuple(_letter(row, counts) for row in connection.execute(select, (*parameters, limit)))


def letter(connection: sqlite3.Connection, number: int) -> DeadLetter | None:
    """One of them; None if there is no such dead letter."""
    if number < 1:
        return None
    offset, partition = divmod(number - 1, _PARTITIONS)
    select = f"SELECT {_COLUMNS} FROM dead d WHERE number = ?"  # noqa: S608
    row = connection.execute(select, (number_of(TopicName.DEAD_LETTER, partition, offset),)).fetchone()
    return None if row is None else _letter(row, _counts(connection))


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many partitions each topic has, as far as that is known."""
    select = "SELECT topic, count(*) FROM positions GROUP BY topic"
    found: dict[str, int] = dict(connection.execute(select))
    contact = found.get(TopicName.DEAD_LETTER)
    known = {str(topic.name): topic.partitions or contact for topic in CATALOG.values()}
    return {name: count for name, count in {**known, **found}.items() if count}


def _letter(row: tuple[Any, ...], counts: dict[str, int]) -> DeadLetter:
    number, code, message, topic, partition, offset, written, key, value, headers, hashed, replayed = row
    own = place_of(number)
    count = counts.get(topic)
    return DeadLetter(
        number=own.offset * _PARTITIONS + own.partition + 1,
        code=code,
        message=message,
        topic=topic,
        partition=partition,
        offset=offset,
        at=instant(written),
        key=key,
        value=value,
        headers=tuple((name, text or b"") for name, text in unpacked(headers)),
        right_partition=None if hashed is None or count is None else hashed % count,
        replayed_at=None if replayed is None else instant(replayed),
    )


_SHOWN = f"((number & {(1 << 44) - 1}) * {_PARTITIONS} + ((number >> 44) & {(1 << 14) - 1}) + 1)"
