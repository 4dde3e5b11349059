"""The callbacks that one batch is about: loaded when they are named first, and written once, with what is counted."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from streams.console.view.callbacks import OUTSTANDING_CODES, Callback, Entry
from streams.console.view.rows import ContactKey, Key
from streams.console.view.schema import NO_DUE

QUARTER_US = 900_000_000
_encode = msgspec.msgpack.encode
_said = msgspec.msgpack.Decoder(dict[str, tuple[int, int, int, str | None]])
_awaits = msgspec.msgpack.Decoder(dict[int, tuple[int, int, str]])
_refused = msgspec.msgpack.Decoder(tuple[int, int, int | None, str, str | None, str])
_entries = msgspec.msgpack.Decoder(dict[str, Entry])

_SELECT = (
    "SELECT id, campaign_id, standing, due_at, changed_at, scheduled_at, origin, reasons, source, last, refused, said,"
    " awaits FROM callback WHERE list_id = ? AND contact_id = ? AND callback_id = ?"
)
_COLUMNS = (
    "campaign_id", "standing", "due_at", "changed_at", "scheduled_at", "origin", "reasons", "mask", "agent_id",
    "queue_id", "owner", "last_four", "source", "last", "refused", "said", "awaits",
)  # fmt: skip
_KEY = ("id", "list_id", "contact_id", "callback_id")
_INSERT = f"INSERT INTO callback ({', '.join(_COLUMNS + _KEY)}) VALUES ({', '.join('?' * len(_COLUMNS + _KEY))})"  # noqa: S608
_UPDATE = f"UPDATE callback SET {', '.join(f'{name} = ?' for name in _COLUMNS)} WHERE id = ?"  # noqa: S608


class Counted(NamedTuple):
    """What of a callback is counted."""

    campaign_id: str | None
    standing: int | None
    due_at: int
    origin: str | None
    mask: int
    is_outstanding: bool


class Loaded:
    """Of one transaction on a connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._next_id = int(connection.execute("SELECT coalesce(max(id), 0) + 1 FROM callback").fetchone()[0])
        self._callbacks: dict[Key, Callback] = {}
        self._before: dict[int, Counted] = {}
        self._touched: dict[int, Callback] = {}
        self._lists: dict[ContactKey, dict[str, Entry]] = {}
        self._listed_at: dict[ContactKey, int] = {}

    def callback(self, key: Key) -> Callback:
        """A callback that is going to change, which is new if it has not been named before."""
        found = self.known(key)
        if found is None:
            found = self._callbacks[key] = Callback(self._next_id, key)
            self._next_id += 1
        self._touched[found.id] = found
        return found

    def callback_id(self, key: Key) -> int:
        """The id of a callback, which is new if it has not been named before."""
        return (self.known(key) or self.callback(key)).id

    def known(self, key: Key) -> Callback | None:
        """A callback to look at; None if it has not been named before."""
        found = self._callbacks.get(key)
        if found is None and (row := self._connection.execute(_SELECT, key).fetchone()) is not None:
            found = self._callbacks[key] = _callback(key, row)
            self._before[found.id] = _counted(found)
        return found

    def listed(self, contact: ContactKey) -> dict[str, Entry]:
        """What is outstanding of a contact, by callback id, as its list has it."""
        found = self._lists.get(contact)
        if found is None:
            select = "SELECT callbacks FROM listed WHERE list_id = ? AND contact_id = ?"
            row = self._connection.execute(select, contact).fetchone()
            found = self._lists[contact] = {} if row is None else _entries.decode(row[0])
        return found

    def listed_at(self, contact: ContactKey) -> tuple[dict[str, Entry], int]:
        """The same, and when it was written."""
        select = "SELECT callbacks, written FROM listed WHERE list_id = ? AND contact_id = ?"
        row = self._connection.execute(select, contact).fetchone()
        return ({}, 0) if row is None else (_entries.decode(row[0]), row[1])

    def take_list(self, contact: ContactKey, entries: dict[str, Entry], written: int) -> None:
        """Have another list of what is outstanding."""
        self._lists[contact], self._listed_at[contact] = entries, written

    def write(self) -> None:
        """Write what has changed."""
        execute = self._connection.executemany
        touched = list(self._touched.values())
        new = [(*_columns(one), one.id, *one.key) for one in touched if one.id not in self._before]
        changed = [(*_columns(one), one.id) for one in touched if one.id in self._before]
        execute(_INSERT, new)
        execute(_UPDATE, changed)
        self._count(touched)
        lists = [
            (*contact, _encode(entries), self._listed_at[contact])
            for contact in self._listed_at
            if (entries := self._lists[contact])
        ]
        execute("INSERT OR REPLACE INTO listed VALUES (?, ?, ?, ?)", lists)
        gone = [contact for contact in self._listed_at if not self._lists[contact]]
        execute("DELETE FROM listed WHERE list_id = ? AND contact_id = ?", gone)

    def _count(self, touched: list[Callback]) -> None:
        count(self._connection, [(one.id, self._before.get(one.id), _counted(one)) for one in touched])


def count(connection: sqlite3.Connection, changes: Sequence[tuple[int, Counted | None, Counted | None]]) -> None:
    """Have what is counted follow changes: the id of a callback, what was counted of it, and what is."""
    tally: Counter[tuple[str, int, str]] = Counter()
    ahead: Counter[tuple[int, str]] = Counter()
    spread: Counter[tuple[int, int]] = Counter()
    reasons, gone = [], []
    for number, before, after in changes:
        if before == after:
            continue
        for counted, by in ((before, -1), (after, 1)):
            if counted is None or counted.standing is None:
                continue
            tally[counted.campaign_id or "", counted.standing, counted.origin or ""] += by
            for bit in _bits(counted.mask):
                spread[bit, counted.standing] += by
            if counted.is_outstanding and counted.due_at != NO_DUE:
                ahead[counted.due_at // QUARTER_US, counted.campaign_id or ""] += by
        mask_before, mask_after = before.mask if before else 0, after.mask if after else 0
        reasons += [(bit, number) for bit in _bits(mask_after & ~mask_before)]
        gone += [(bit, number) for bit in _bits(mask_before & ~mask_after)]
    execute = connection.executemany
    execute("DELETE FROM why WHERE reason = ? AND callback = ?", gone)
    execute("INSERT OR IGNORE INTO why VALUES (?, ?)", reasons)
    for table, counts, marks in (
        ("tally", tally, "?, ?, ?, ?"),
        ("ahead", ahead, "?, ?, ?"),
        ("spread", spread, "?, ?, ?"),
    ):
        execute(
            f"INSERT INTO {table} VALUES ({marks}) ON CONFLICT DO UPDATE SET n = n + excluded.n",  # noqa: S608
            [(*key, n) for key, n in counts.items() if n],
        )
        connection.execute(f"DELETE FROM {table} WHERE n = 0")  # noqa: S608


def counted_of(row: tuple[Any, ...]) -> Counted:
    """The same of a row: campaign, standing, due, origin, mask."""
    campaign_id, standing, due_at, origin, mask = row
    return Counted(campaign_id, standing, due_at, origin, mask, standing in OUTSTANDING_CODES)


def _counted(one: Callback) -> Counted:
    return Counted(one.campaign_id, one.standing, one.due_at, one.origin, one.mask, one.is_outstanding)


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1] if mask else []


def _callback(key: Key, row: tuple[Any, ...]) -> Callback:
    number, *plain, refused, said, awaits = row
    callback = Callback(number, key, *plain)
    if refused is not None:
        callback.refused = _refused.decode(refused)
    if said is not None:
        callback.said = _said.decode(said)
    if awaits is not None:
        callback.awaits = _awaits.decode(awaits)
    return callback


def _columns(one: Callback) -> tuple[Any, ...]:
    return (
        one.campaign_id, one.standing, one.due_at, one.changed_at, one.scheduled_at, one.origin, one.reasons, one.mask,
        one.value_of("agent_id"), one.value_of("queue_id"), one.value_of("owner"), one.value_of("last_four") or "",
        one.source, one.last,
        None if one.refused is None else _encode(one.refused),
        _encode(one.said) if one.said else None,
        _encode(one.awaits) if one.awaits else None,
    )  # fmt: skip
