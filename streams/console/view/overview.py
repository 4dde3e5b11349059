"""How things stand, what is due, what is configured, and how far all has been read."""

import sqlite3
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from streams.console.view.ingest.commands import COMMANDS, LATE
from streams.console.view.ingest.lifecycle import ENDS
from streams.console.view.ingest.reading import minute
from streams.console.view.loaded import QUARTER_US
from streams.console.view.model import OUTSTANDING, Now, Quarter, Reading, Told
from streams.console.view.record import NUMBER_OF, instant, instant_or_none, us
from streams.console.view.schema import CODE_OF, STANDINGS
from streams.console.view.stories import AT_ONCE, told_of
from topics.names import TopicName

_CODES = ", ".join(str(CODE_OF[standing]) for standing in OUTSTANDING)
HOUR_MINUTES = 60


def now(connection: sqlite3.Connection, at: datetime) -> Now:
    """How things stand; the last hour ends with this minute."""
    by = tuple(
        (STANDINGS[code], campaign_id, origin, n)
        for campaign_id, code, origin, n in connection.execute(
            f"SELECT campaign_id, standing, origin, n FROM tally WHERE standing IN ({_CODES}) AND n > 0"  # noqa: S608
            " ORDER BY standing, campaign_id, origin"
        )
    )
    overdue, oldest = connection.execute(
        f"SELECT count(*), min(due_at) FROM callback WHERE standing IN ({_CODES}) AND due_at < ?",  # noqa: S608
        (us(at),),
    ).fetchone()
    until = minute(us(at))
    counts = dict(
        connection.execute(
            "SELECT kind, sum(n) FROM minutes WHERE minute > ? AND minute <= ? GROUP BY kind",
            (until - HOUR_MINUTES, until),
        )
    )
    return Now(
        at=at,
        outstanding=sum(n for *_, n in by),
        by=by,
        overdue=overdue,
        oldest_overdue_at=instant_or_none(oldest),
        ended_last_hour={str(end): counts[end] for end in sorted(ENDS) if end in counts},
        late_last_hour=counts.get(LATE, 0),
        commands_last_hour=counts.get(COMMANDS, 0),
    )


def day_ahead(
    connection: sqlite3.Connection, begins_at: datetime, quarters: int, campaign_id: str | None
) -> tuple[Quarter, ...]:
    """How many outstanding callbacks are due in each quarter of an hour; the first has `begins_at` in it."""
    first = us(begins_at) // QUARTER_US
    found: dict[int, dict[str, int]] = defaultdict(dict)
    rows = connection.execute(
        "SELECT quarter, campaign_id, n FROM ahead WHERE quarter >= ? AND quarter < ? AND n > 0",
        (first, first + quarters),
    )
    for quarter, campaign, n in rows:
        if campaign_id is None or campaign == campaign_id:
            found[quarter][campaign] = n
    return tuple(
        Quarter(
            begins_at=instant(number * QUARTER_US),
            due=sum(found[number].values()),
            by_campaign=found[number],
        )
        for number in range(first, first + quarters)
    )


def campaigns(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The ids of all campaigns that callbacks or configuration name."""
    rows = connection.execute(
        "SELECT campaign_id FROM tally WHERE n > 0 UNION SELECT key FROM configuration WHERE topic IN (?, ?)",
        (NUMBER_OF[TopicName.CAMPAIGNS], NUMBER_OF[TopicName.CAMPAIGN_RECYCLE]),
    )
    return tuple(sorted(campaign_id for (campaign_id,) in rows if campaign_id))


def configuration(connection: sqlite3.Connection) -> tuple[Told, ...]:
    """The latest record of each key, and each recycle and clear, by topic and offset."""
    select = "SELECT key, number, written, written, value, headers FROM configuration ORDER BY number"
    return tuple(_configured(key, row) for key, *row in connection.execute(select))


def dnc_entries(connection: sqlite3.Connection, phone_numbers: Collection[str]) -> tuple[Told, ...]:
    """The entries of all Do Not Call lists with one of these numbers in their key."""
    found: list[Told] = []
    numbers = sorted(set(phone_numbers))
    for begin in range(0, len(numbers), AT_ONCE):
        some = numbers[begin : begin + AT_ONCE]
        marks = ", ".join("?" * len(some))
        select = f"SELECT key, number, written, written, value, NULL FROM dnc WHERE phone_number IN ({marks})"  # noqa: S608
        found += [_configured(key, row) for key, *row in connection.execute(select, some)]
    return tuple(sorted(found, key=lambda one: one.offset))


def readings(connection: sqlite3.Connection) -> tuple[Reading, ...]:
    """How far each partition of each topic has been read."""
    rows = connection.execute("SELECT topic, number, position, end FROM positions ORDER BY topic, number")
    return tuple(
        Reading(topic=TopicName(topic), partition=number, position=position, end=end)
        for topic, number, position, end in rows
    )


def _configured(key: str, row: list[object]) -> Told:
    return told_of(tuple(row), key, is_packed=False)
