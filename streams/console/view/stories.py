"""What is told of one callback or contact, and what events led to."""

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from streams.console.view.erasing import digest_of_contact, until_of
from streams.console.view.ingest.lifecycle import Cause
from streams.console.view.ingest.reading import about, contact_named, mapping
from streams.console.view.model import CallbackKey, CallbackRow, Story, Told
from streams.console.view.packing import contact_hashed, hashed, unpack
from streams.console.view.record import NUMBER_OF, OFFSETS, instant, place_of
from streams.console.view.rows import unpacked
from streams.console.view.search import COLUMNS, callback_row
from topics.names import TopicName

AT_ONCE = 500
"""Ids in one question."""
_TOLD = "number, at, written, value, headers"
_RANK = {
    TopicName.WRAP_UP: 0,
    TopicName.CALLBACK_SCHEDULED: 0,
    TopicName.PLACEMENT_REQUESTED: 0,
    TopicName.PLACEMENT_DECIDED: 1,
    TopicName.CALLBACK_LIFECYCLE: 2,
}
"""Of what is of the same instant, an event comes first, and then what follows from it; commands come last."""

_CALLBACK = f"SELECT {COLUMNS} FROM callback WHERE +standing IS NOT NULL AND "  # noqa: S608
_CONTACT = "SELECT value FROM contact WHERE list_id = ? AND contact_id = ?"


def told_of(row: tuple[Any, ...], key: str = "", *, is_packed: bool = True) -> Told:
    """The record that a row of number, at, written, value and headers is."""
    number, at, written, stored, headers = row
    value = unpack(stored) if is_packed else stored
    topic, partition, offset = place_of(number)
    said = about(value)
    contact = contact_named(said)
    return Told(
        topic=topic,
        partition=partition,
        offset=offset,
        at=instant(at),
        written_at=instant(written),
        contact_list_id=contact[0] if contact else None,
        contact_id=contact[1] if contact else None,
        callback_id=said.callback_id,
        value=None if value is None else mapping(value),
        headers={name: (text or b"").decode(errors="replace") for name, text in unpacked(headers)},
        key=key,
        raw=value,
    )


def callbacks(connection: sqlite3.Connection, callback_id: str) -> tuple[CallbackRow, ...]:
    """All callbacks of this id, by contact: it is unique per contact only."""
    where = "callback_id = ? COLLATE NOCASE AND +callback_id = ? ORDER BY list_id, contact_id"
    return tuple(map(callback_row, connection.execute(_CALLBACK + where, (callback_id, callback_id))))


def callback(connection: sqlite3.Connection, key: CallbackKey) -> CallbackRow | None:
    """One of them; None if there is no such callback."""
    where = "list_id = ? AND contact_id = ? AND callback_id = ?"
    row = connection.execute(_CALLBACK + where, (key.contact_list_id, key.contact_id, key.callback_id)).fetchone()
    return None if row is None else callback_row(row)


def contact(
    connection: sqlite3.Connection, contact_list_id: str, contact_id: str
) -> tuple[Mapping[str, Any] | None, tuple[CallbackRow, ...]]:
    """The record of a contact, None if there is none, and its callbacks, the one due last first."""
    found = connection.execute(_CONTACT, (contact_list_id, contact_id)).fetchone()
    value = None if found is None else unpack(found[0])
    where = "list_id = ? AND contact_id = ? ORDER BY +due_at DESC, callback_id"
    rows = connection.execute(_CALLBACK + where, (contact_list_id, contact_id))
    return None if value is None else mapping(value), tuple(map(callback_row, rows))


def contact_told(connection: sqlite3.Connection, contact_list_id: str, contact_id: str) -> tuple[Told, ...]:
    """The records about a contact that name no callback, in the order in which they happened."""
    select = f"SELECT {_TOLD} FROM told WHERE contact = ?"  # noqa: S608
    rows = connection.execute(select, (contact_hashed(digest_of_contact((contact_list_id, contact_id))),))
    return _in_order(one for one in map(told_of, rows) if _is_of(one, contact_list_id, contact_id))


def _is_of(one: Told, contact_list_id: str, contact_id: str) -> bool:
    return one.contact_id is None or (one.contact_list_id, one.contact_id) == (contact_list_id, contact_id)


def state_row(connection: sqlite3.Connection, contact_list_id: str, contact_id: str) -> bytes | None:
    """The latest row of a contact's state, as it is; None if there is none."""
    select = "SELECT state FROM contact WHERE list_id = ? AND contact_id = ?"
    found = connection.execute(select, (contact_list_id, contact_id)).fetchone()
    return None if found is None else unpack(found[0])


def has_erased(connection: sqlite3.Connection) -> bool:
    """Whether any contact was erased."""
    return connection.execute("SELECT 1 FROM erased LIMIT 1").fetchone() is not None


def erased_at(connection: sqlite3.Connection, contact_list_id: str, contact_id: str) -> datetime | None:
    """When a contact was erased last; None if it was not."""
    until = until_of(connection, digest_of_contact((contact_list_id, contact_id)))
    return None if until is None else instant(until.ours)


def story(connection: sqlite3.Connection, key: CallbackKey) -> Story | None:
    """All that is known of a callback; None if there is no such callback."""
    row = callback(connection, key)
    if row is None:
        return None
    select = (
        f"SELECT {_TOLD} FROM told WHERE callback = (SELECT id FROM callback"  # noqa: S608
        " WHERE list_id = ? AND contact_id = ? AND callback_id = ?)"
    )
    told = {
        (one.topic, one.partition, one.offset): one
        for one in map(told_of, connection.execute(select, (key.contact_list_id, key.contact_id, key.callback_id)))
    }
    for one in _causes(connection, list(told.values())):
        told.setdefault((one.topic, one.partition, one.offset), one)
    record, _ = contact(connection, key.contact_list_id, key.contact_id)
    in_order = _in_order(told.values())
    return Story(row=row, told=in_order, contact=record, time_zone=_time_zone(row, in_order, record))


def events_by(connection: sqlite3.Connection, event_ids: Collection[str]) -> Mapping[str, tuple[Told, ...]]:
    """By event: the records of the lifecycle whose cause it is, and its dead letters."""
    led: dict[str, list[Told]] = defaultdict(list)
    wanted = set(event_ids)
    for some in _portions(wanted):
        hashes, marks = [hashed(one) for one in some], ", ".join("?" * len(some))
        for row in connection.execute(f"SELECT {_TOLD} FROM told WHERE event IN ({marks})", hashes):  # noqa: S608
            one = told_of(row)
            _note(led, wanted, (one.value or {}).get("cause", {}).get("event_id"), one)
        dead = f"SELECT number, written, written, value, headers FROM dead WHERE event IN ({marks})"  # noqa: S608
        for row in connection.execute(dead, hashes):
            one = told_of(row, is_packed=False)
            _note(led, wanted, (one.value or {}).get("event_id"), one)
    return {event_id: _in_order(found) for event_id, found in led.items()}


def _note(led: dict[str, list[Told]], wanted: set[str], event_id: object, one: Told) -> None:
    if isinstance(event_id, str) and event_id in wanted:
        led[event_id].append(one)


def _causes(connection: sqlite3.Connection, told: Iterable[Told]) -> Iterator[Told]:
    """The events that led to what is told, where they do not name the callback, as the wrap-up of a rule's."""
    for one in told:
        said = (one.value or {}).get("cause") if one.topic == TopicName.CALLBACK_LIFECYCLE else None
        if not isinstance(said, dict):
            continue
        number = _place(said)
        select = f"SELECT {_TOLD} FROM told WHERE number = ?"  # noqa: S608
        found = None if number is None else connection.execute(select, (number,)).fetchone()
        if found is not None:
            yield told_of(found)


def _place(said: Mapping[str, Any]) -> int | None:
    topic, partition, offset = said.get("topic"), said.get("partition"), said.get("offset")
    if topic in NUMBER_OF and isinstance(partition, int) and isinstance(offset, int) and 0 <= offset < OFFSETS:
        return Cause(topic=str(topic), partition=partition, offset=offset).number
    return None


def _in_order(told: Iterable[Told]) -> tuple[Told, ...]:
    return tuple(sorted(told, key=lambda one: (one.at, _RANK.get(one.topic, 3), one.partition, one.offset)))


def _time_zone(row: CallbackRow, told: Sequence[Told], record: Mapping[str, Any] | None) -> str | None:
    """That of the callback's number on the contact's record, else the contact's, else that of the latest command."""
    numbers = (record or {}).get("numbers")
    for number in numbers if isinstance(numbers, list) else ():
        said = number if isinstance(number, dict) else {}
        zone = said.get("time_zone")
        is_its = row.last_four and str(said.get("phone_number", "")).endswith(row.last_four)
        if is_its and isinstance(zone, str) and zone.strip():
            return zone
    of_contact = (record or {}).get("time_zone")
    of_commands = [(one.value or {}).get("time_zone") for one in told if one.topic in _COMMANDS]
    found = [zone for zone in (of_contact, *reversed(of_commands)) if isinstance(zone, str) and zone.strip()]
    return found[0] if found else None


_COMMANDS = (TopicName.DIAL_PREVIEW, TopicName.DIAL_ANALYSIS)


def _portions(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while some := list(islice(rest, AT_ONCE)):
        yield some
