"""Contacts that were erased: what was told of one before is let go of, whenever it is read.

`contact-state` says so, in the row that a partition keeps under a digest of the contact's key, and that row is what
counts: the event that asks for it may be refused. Which contact it was, the view knows from the event while it waits
for the row; where that is gone, it looks through the contacts that it has. What compacted topics say follows their
tombstones. Source: docs/decisions/0072-erasure.md.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from streams.console.view.ingest.reading import About, about, contact_named, contact_of, read
from streams.console.view.loaded import Counted, count, counted_of
from streams.console.view.packing import contact_hashed
from streams.console.view.record import NUMBER_OF, Record, of_ms, us
from streams.console.view.rows import ContactKey
from streams.logic.contact.erasures import digest_of
from streams.logic.partition.own_rows import ERASED_KEY, decode_erased
from streams.tables import CONTACTS
from topics.codec import contact_key
from topics.fields import Instant
from topics.names import TopicName

TOLD_BY_OTHERS = (TopicName.WRAP_UP, TopicName.CALLBACK_SCHEDULED, TopicName.PLACEMENT_REQUESTED)
"""Their records are of before by their own instant, or when they were sent; what Ringback wrote by when it did."""

_BY_OTHERS = ", ".join(str(NUMBER_OF[topic]) for topic in TOLD_BY_OTHERS)
_BEFORE = f"min(at, written) <= CASE WHEN number >> 58 IN ({_BY_OTHERS}) THEN ? ELSE ? END"
_FORGETS_AT_ONCE = "SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = 'told_callback'"
_MS = 1000
"""What a timestamp of Kafka does not tell, in microseconds."""


class Until(NamedTuple):
    """Up to when what is told of a contact is of before, in microseconds: by others, and by Ringback."""

    others: int
    ours: int


class _Asked(Struct, frozen=True, gc=False):
    type: str = ""
    contact_list_id: str = ""
    contact_id: str = ""
    occurred_at: Instant | None = None


_asked = msgspec.json.Decoder(_Asked)


def digest_of_contact(contact: ContactKey) -> str:
    """The digest under which the erasure of a contact is known."""
    return digest_of(contact_key(*contact).encode())


def until_of(connection: sqlite3.Connection, digest: str) -> Until | None:
    """What is of before, of the contact with this digest; None if it was not erased."""
    row = connection.execute("SELECT others, ours FROM erased WHERE digest = ?", (digest,)).fetchone()
    return None if row is None else Until(*row)


def note(connection: sqlite3.Connection, records: Iterable[Record]) -> None:
    """Take in which contacts were erased, and which are to be: before anything else of these records."""
    for record in records:
        if record.topic == CONTACTS.changelog and (record.key or b"").startswith(ERASED_KEY):
            _note_erased(connection, record)
        elif record.topic == TopicName.CALLBACK_SCHEDULED and b"erased" in (record.value or b""):
            _note_asked(connection, record)


def _note_erased(connection: sqlite3.Connection, record: Record) -> None:
    digest = (record.key or b"")[len(ERASED_KEY) :].decode(errors="replace")
    if record.value is None:
        connection.execute("DELETE FROM erased WHERE digest = ?", (digest,))
        return
    erasure = decode_erased(record.value)
    until = Until(us(erasure.up_to), us(erasure.decided_at))
    values = (digest, us(erasure.occurred_at), *until)
    connection.execute("INSERT OR REPLACE INTO erased VALUES (?, ?, ?, ?)", values)
    # What an event has put there stays: it has the name of the contact.
    connection.execute("INSERT OR IGNORE INTO erasing (digest) VALUES (?)", (digest,))


def _note_asked(connection: sqlite3.Connection, record: Record) -> None:
    event, contact = read(_asked, record.value), contact_of(record)
    if event is None or contact is None or event.type != "erased" or event.occurred_at is None:
        return
    if contact == (event.contact_list_id, event.contact_id):
        values = (digest_of_contact(contact), *contact, us(event.occurred_at))
        connection.execute("INSERT OR REPLACE INTO erasing VALUES (?, ?, ?, ?)", values)


class Hidden:
    """Which records are of before. It asks nothing while no contact has been erased."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._is_asked = connection.execute("SELECT 1 FROM erased LIMIT 1").fetchone() is not None

    def has(self, record: Record) -> bool:
        """Whether a record tells of a contact before it was erased."""
        return self._is_asked and any(self._is_of(contact, record) for contact in _contacts_of(record))

    def _is_of(self, contact: ContactKey, record: Record) -> bool:
        until = until_of(self._connection, digest_of_contact(contact))
        return until is not None and _is_of_before(record.topic, record.value, of_ms(record.timestamp_ms), until)


def _contacts_of(record: Record) -> set[ContactKey]:
    """The contacts that a record may tell of; none of one that the next record of its key replaces."""
    if record.topic == TopicName.DEAD_LETTER:
        return {one for one in (contact_of(record), contact_named(about(record.value))) if one is not None}
    contact = contact_of(record) if record.topic in _TOLD else None
    return set() if contact is None else {contact}


_TOLD = frozenset(
    (
        *TOLD_BY_OTHERS,
        TopicName.DIAL_PREVIEW,
        TopicName.DIAL_ANALYSIS,
        TopicName.PLACEMENT_DECIDED,
        TopicName.CALLBACK_LIFECYCLE,
        TopicName.OUTSTANDING_CALLBACKS,
    )
)


def _is_of_before(topic: TopicName, value: bytes | None, written: int, until: Until) -> bool:
    if topic == TopicName.OUTSTANDING_CALLBACKS:
        return written + _MS <= until.ours  # What is of the same moment may be of after, and then it is needed.
    said: About = about(value)
    at = written if said.occurred_at is None else min(us(said.occurred_at), written)
    return at <= (until.others if topic in TOLD_BY_OTHERS or topic == TopicName.DEAD_LETTER else until.ours)


def forget(connection: sqlite3.Connection) -> None:
    """Let go of what is stored of contacts that were erased, and whose names are known.

    Not before there are the indexes that make it quick: until then, `finish` is what is left to do.
    """
    if connection.execute(_FORGETS_AT_ONCE).fetchone() is None:
        return
    select = "SELECT digest, list_id, contact_id FROM erasing e JOIN erased USING (digest) WHERE e.at <= asked"
    for digest, list_id, contact_id in connection.execute(select).fetchall():
        _forget(connection, digest, (list_id, contact_id))


def finish(connection: sqlite3.Connection) -> None:
    """The same of those whose names are not known: of each contact that there is, the digest is looked at."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        forget(connection)
        select = "SELECT digest FROM erasing e JOIN erased USING (digest) WHERE contact_id IS NULL"
        left = {digest for (digest,) in connection.execute(select)}
        for contact in _contacts(connection) if left else ():
            if (digest := digest_of_contact(contact)) in left:
                _forget(connection, digest, contact)
                left.discard(digest)
        for digest in left:
            _forget_told(connection, digest)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _contacts(connection: sqlite3.Connection) -> Sequence[ContactKey]:
    return connection.execute("SELECT DISTINCT list_id, contact_id FROM callback").fetchall()


def _forget(connection: sqlite3.Connection, digest: str, contact: ContactKey) -> None:
    until = until_of(connection, digest)
    assert until is not None, "what is forgotten was erased"
    select = "SELECT id, changed_at, campaign_id, standing, due_at, origin, mask FROM callback"
    where = " WHERE list_id = ? AND contact_id = ?"
    gone: list[tuple[int, Counted | None, Counted | None]] = []
    for number, changed_at, *counted in connection.execute(select + where, contact).fetchall():
        connection.execute(f"DELETE FROM told WHERE callback = ? AND {_BEFORE}", (number, *until))  # noqa: S608
        told = connection.execute("SELECT 1 FROM told WHERE callback = ? LIMIT 1", (number,)).fetchone()
        if (changed_at is None and told is None) or (changed_at is not None and changed_at <= until.ours):
            gone.append((number, counted_of(tuple(counted)), None))
    count(connection, gone)
    connection.execute(f"DELETE FROM listed {where} AND written + ? <= ?", (*contact, _MS, until.ours))  # noqa: S608
    connection.executemany("DELETE FROM callback WHERE id = ?", [(number,) for number, *_ in gone])
    _forget_letters(connection, contact, until)
    _forget_told(connection, digest)


def _forget_told(connection: sqlite3.Connection, digest: str) -> None:
    until = until_of(connection, digest)
    if until is not None:
        where = f"contact = ? AND {_BEFORE}"
        connection.execute(f"DELETE FROM told WHERE {where}", (contact_hashed(digest), *until))  # noqa: S608
    connection.execute("DELETE FROM erasing WHERE digest = ?", (digest,))


def _forget_letters(connection: sqlite3.Connection, contact: ContactKey, until: Until) -> None:
    key = contact_key(*contact).encode()
    select = "SELECT number, key, value, written FROM dead WHERE key = ? OR instr(value, ?) > 0"
    for number, found, value, written in connection.execute(select, (key, contact[1].encode())).fetchall():
        is_its = found == key or contact_named(about(value)) == contact
        if is_its and _is_of_before(TopicName.DEAD_LETTER, value, written, until):
            connection.execute("DELETE FROM dead WHERE number = ?", (number,))
