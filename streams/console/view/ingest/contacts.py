"""`contacts`: the latest record of each contact, until its tombstone. Pure."""

from streams.console.view.ingest.reading import contact_of
from streams.console.view.record import Record
from streams.console.view.rows import Contact, Row


def rows(record: Record) -> list[Row]:
    """The record of the contact, whatever its value is; a tombstone takes it away."""
    contact = contact_of(record)
    if contact is None:
        return []
    # Of a damaged record it is known only that the former one does not count any more.
    return [Contact(contact=contact, value=b"" if record.is_damaged and record.value is None else record.value)]
