"""`contact-state`: the latest row of each contact, as it is. Its own codec reads it where it is asked for. Pure."""

from streams.console.view.ingest.reading import contact_of
from streams.console.view.record import Record
from streams.console.view.rows import Row, State


def rows(record: Record) -> list[Row]:
    """The row of the contact; a tombstone, or a row that is damaged, leaves none."""
    contact = contact_of(record)
    if contact is None:
        return []
    return [State(contact=contact, row=None if record.is_damaged else record.value)]
