"""Takes records into the database: a batch and the positions after it, in one transaction.

A process that is killed has written all of a batch or nothing of it, and goes on where the positions say.
"""

import logging
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from streams.console.view import erasing, letters
from streams.console.view.callbacks import Source
from streams.console.view.ingest.by_topic import rows_of
from streams.console.view.ingest.events import key_of
from streams.console.view.ingest.reading import about, last_four, minute
from streams.console.view.loaded import Loaded
from streams.console.view.packing import STATE_BYTES, contact_hashed, hashed, pack, unpack
from streams.console.view.record import Record, place_of
from streams.console.view.rows import (
    Configured,
    Contact,
    ContactKey,
    Dead,
    Dial,
    Dnc,
    Key,
    Listed,
    Move,
    Refuse,
    Replay,
    Row,
    Say,
    State,
    Tell,
    Tick,
)

log = logging.getLogger(__name__)


class Position(NamedTuple):
    """How far a partition has been read, and where it ended then; topic_id: of the topic, "" if it is not known."""

    topic: str
    number: int
    position: int
    end: int
    topic_id: str = ""


def apply(
    connection: sqlite3.Connection,
    records: Sequence[Record],
    positions: Iterable[Position] = (),
    facts: Mapping[str, str] | None = None,
) -> None:
    """Take in records, and where to go on. A record that cannot be stored is left out, with a line in the log.

    facts: what else is to be known of the database then, by name.

    Raises sqlite3.OperationalError where nothing can be stored, sqlite3.DatabaseError where the file is damaged.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        _take_in(connection, records)
        connection.executemany("INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?)", positions)
        connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", (facts or {}).items())
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def is_of_database(error: Exception) -> bool:
    """Whether an error is about the file, the disk or a lock, and not about what was to be stored."""
    return type(error) in (sqlite3.OperationalError, sqlite3.DatabaseError)


def _take_in(connection: sqlite3.Connection, records: Sequence[Record]) -> None:
    if not records:
        return
    connection.execute("SAVEPOINT part")
    try:
        erasing.note(connection, records)
        batch, hidden = Batch(connection), erasing.Hidden(connection)
        for record in records:
            for row in () if hidden.has(record) else rows_of(record):
                batch.take(row)
        batch.write()
        erasing.forget(connection)
    except Exception as error:
        if is_of_database(error):  # Nothing that leaving a record out would help.
            raise
        connection.execute("ROLLBACK TO part")
        if len(records) == 1:
            (record,) = records
            where = f"{record.topic}-{record.partition} at offset {record.offset}"
            log.warning("%s cannot be stored and is left out: %s", where, type(error).__name__)
        else:  # It is one of them: the parts without it are taken in whole.
            half = len(records) // 2
            _take_in(connection, records[:half])
            _take_in(connection, records[half:])
    connection.execute("RELEASE part")


class Batch:
    """The rows of one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._loaded = Loaded(connection)
        self._told: dict[int, Tell] = {}
        self._dials: dict[int, str] = {}
        self._minutes: Counter[tuple[str, int]] = Counter()
        self._contacts: dict[ContactKey, Contact] = {}
        self._states: dict[ContactKey, State] = {}
        self._configured: list[Configured] = []
        self._dnc: dict[str, Dnc] = {}
        self._dead: list[Dead] = []
        self._replays: list[Replay] = []
        self._take = {
            Tell: self._tell, Move: self._move, Refuse: self._refuse, Say: self._say, Dial: self._dial,
            Listed: self._list, Tick: self._tick, Configured: self._configured.append, Dead: self._dead.append,
            Contact: self._contact, State: self._state, Dnc: self._entry, Replay: self._replays.append,
        }  # fmt: skip

    def take(self, row: Row) -> None:
        """Take in a row, after those before it."""
        self._take[type(row)](row)  # type: ignore[operator]

    def _tell(self, row: Tell) -> None:
        self._told[row.number] = row

    def _tick(self, row: Tick) -> None:
        self._minutes[row.kind, minute(row.at)] += 1

    def _contact(self, row: Contact) -> None:
        self._contacts[row.contact] = row

    def _state(self, row: State) -> None:
        self._states[row.contact] = row

    def _entry(self, row: Dnc) -> None:
        self._dnc[row.key] = row

    def _move(self, row: Move) -> None:
        callback = self._loaded.callback(row.key)
        callback.move(row, self._loaded.listed(row.key[:2]).get(row.key[2]) if callback.needs_list(row) else None)
        if row.cause is not None:
            awaited = (row.written, row.number, row.digits)
            digits = self._digits_of(row.cause, row.key)
            if digits is None:
                callback.awaits[row.cause] = awaited
            else:
                callback.dial(awaited, digits)

    def _digits_of(self, number: int, key: Key) -> str | None:
        """The last digits of the number in the event of a callback; None if none has been read there."""
        told = self._told.get(number)
        if told is not None:
            value = told.value
        else:
            found = self._connection.execute("SELECT value FROM told WHERE number = ?", (number,)).fetchone()
            value = None if found is None else unpack(found[0])
        said = about(value)
        return (last_four(said.phone_number) or None) if key_of(place_of(number).topic, said) == key else None

    def _dial(self, row: Dial) -> None:
        callback = self._loaded.known(row.key)
        if callback is not None and row.number in callback.awaits:
            callback = self._loaded.callback(row.key)
            callback.dial(callback.awaits.pop(row.number), row.last_four)

    def _refuse(self, row: Refuse) -> None:
        self._loaded.callback(row.key).refuse(row)

    def _say(self, row: Say) -> None:
        self._loaded.callback(row.key).command(row)

    def _list(self, row: Listed) -> None:
        before = self._loaded.listed(row.contact)
        for callback_id in {**before, **row.callbacks}:
            key: Key = (*row.contact, callback_id)
            known = self._loaded.known(key)
            if known is None or known.source != Source.MOVED:
                self._loaded.callback(key).enlist(row.callbacks.get(callback_id), row.written)
        self._loaded.take_list(row.contact, row.callbacks, row.written)

    def write(self) -> None:
        """Write all of them."""
        told = [
            (
                one.number, None if one.callback is None else self._loaded.callback_id(one.callback),
                None if one.contact is None else contact_hashed(erasing.digest_of_contact(one.contact)),
                None if one.event is None else hashed(one.event),
                one.at, one.written, pack(one.value), one.headers,
            )
            for one in self._told.values()
        ]  # fmt: skip
        self._loaded.write()
        execute = self._connection.executemany
        execute("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?, ?, ?, ?, ?)", told)
        execute(
            "INSERT INTO minutes VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
            [(*key, n) for key, n in self._minutes.items()],
        )
        self._write_contacts()
        self._write_configuration()
        letters.write(self._connection, self._dead, self._replays)

    def _write_contacts(self) -> None:
        execute = self._connection.executemany
        for column, values in (
            ("value", [(*one.contact, pack(one.value)) for one in self._contacts.values()]),
            ("state", [(*one.contact, pack(one.row, STATE_BYTES)) for one in self._states.values()]),
        ):
            execute(
                f"INSERT INTO contact (list_id, contact_id, {column}) VALUES (?, ?, ?)"  # noqa: S608
                f" ON CONFLICT (list_id, contact_id) DO UPDATE SET {column} = excluded.{column}",
                values,
            )
        gone = [contact for contact, one in self._contacts.items() if one.value is None]
        gone += [contact for contact, state in self._states.items() if state.row is None]
        execute("DELETE FROM contact WHERE list_id = ? AND contact_id = ? AND value IS NULL AND state IS NULL", gone)

    def _write_configuration(self) -> None:
        execute = self._connection.executemany
        for one in self._configured:
            topic = one.number >> 58
            if one.replaces:
                self._connection.execute("DELETE FROM configuration WHERE topic = ? AND key = ?", (topic, one.key))
            if one.value is not None:
                row = (one.number, topic, one.key, one.written, one.value, one.headers)
                self._connection.execute("INSERT OR REPLACE INTO configuration VALUES (?, ?, ?, ?, ?, ?)", row)
        entries = [one for one in self._dnc.values() if one.value is not None]
        execute(
            "INSERT OR REPLACE INTO dnc VALUES (?, ?, ?, ?, ?)",
            [(one.key, one.phone_number, one.number, one.written, one.value) for one in entries],
        )
        execute("DELETE FROM dnc WHERE key = ?", [(one.key,) for one in self._dnc.values() if one.value is None])
