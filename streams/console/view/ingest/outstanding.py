"""`outstanding-callbacks`: what is outstanding of a contact. Pure."""

import msgspec
from msgspec import Struct

from streams.console.view.ingest.reading import contact_of, read
from streams.console.view.record import Record, of_ms, us
from streams.console.view.rows import Listed, Row
from topics.fields import Instant


class Callback(Struct, frozen=True, gc=False):
    """One of them."""

    callback_id: str
    campaign_id: str
    due_at: Instant
    state: str
    origin: str | None = None


class Callbacks(Struct, frozen=True, gc=False):
    """All of a contact."""

    callbacks: tuple[Callback, ...] = ()


_records = msgspec.json.Decoder(Callbacks)


def rows(record: Record) -> list[Row]:
    """The list of the contact, which replaces the one before; empty of a tombstone. One that is unreadable is none."""
    contact = contact_of(record)
    found = read(_records, record.value)
    if contact is None or (found is None and record.value is not None) or record.is_damaged:
        return []
    callbacks = {
        one.callback_id: (one.campaign_id, one.origin, us(one.due_at), one.state)
        for one in (found.callbacks if found else ())
    }
    return [Listed(contact=contact, written=of_ms(record.timestamp_ms), callbacks=callbacks)]
