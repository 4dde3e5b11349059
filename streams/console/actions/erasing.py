"""What runs were about, of contacts that have been erased since: it is removed, and the counts of the runs follow.

Source: docs/decisions/0072-erasure.md.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from streams.console.actions.stored import encoded, text_of


class Erasures(Protocol):
    """What is asked of the view."""

    def has_erased(self) -> bool:
        """Whether any contact was erased, as far as that is remembered."""

    def erased_at(self, contact_list_id: str, contact_id: str) -> datetime | None:
        """When this one was erased last; None if it was not."""


ErasedAt = Callable[[str, str], datetime | None]
"""When a contact, by its list and id, was erased last; None if it was not."""

_WHERE = (
    "i.contact_list_id = ? and i.contact_id = ? and exists"
    " (select 1 from runs r where r.name = i.run and r.planned_at <= ?)"
)
_COUNTS = (
    "select i.run, count(*), sum(i.number < (select r.sent from runs r where r.name = i.run)) from items i"  # noqa: S608
    f" where {_WHERE} group by i.run"
)


def forget_contacts(connection: sqlite3.Connection, erased_at: ErasedAt) -> int:
    """Remove what runs that were planned before were about of erased contacts; returns how many items that was."""
    select = "select distinct contact_list_id, contact_id from items where contact_id is not null"
    found = [(one, erased_at(*one)) for one in map(tuple, connection.execute(select).fetchall())]
    count = 0
    for contact, at in found:
        if at is not None:
            count += _forget(connection, contact, text_of(at))
    return count


def _forget(connection: sqlite3.Connection, contact: tuple[str, ...], until: str) -> int:
    connection.execute("pragma secure_delete = on")
    given, count = (*contact, until), 0
    for run, meant, sent in map(tuple, connection.execute(_COUNTS, given).fetchall()):
        connection.execute("update runs set meant = meant - ?, sent = sent - ? where name = ?", (meant, sent, run))
        _forget_selected(connection, run, contact)
        count += meant
    connection.execute(f"delete from items as i where {_WHERE}", given)  # noqa: S608
    return count


def _forget_selected(connection: sqlite3.Connection, run: str, contact: tuple[str, ...]) -> None:
    """A run of one callback says which it was, and a filter may have the contact's id as its text."""
    (stored,) = connection.execute("select selected from runs where name = ?", (run,)).fetchone()
    selected = msgspec.msgpack.decode(stored, type=dict[str, str])
    if selected.get("contact_id") == contact[1]:
        selected = {"callbacks": "1"}
    elif contact[1] in selected.get("text", ""):
        selected = {name: text for name, text in selected.items() if name != "text"} | {"text": "(erased)"}
    else:
        return
    connection.execute("update runs set selected = ? where name = ?", (encoded(selected), run))
