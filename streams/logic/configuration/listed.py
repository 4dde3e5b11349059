"""The contact's own record on its list.

Source: docs/rules.md, section 3, and section 8 rows 4 and 21.
"""

from datetime import datetime

from msgspec.structs import replace

from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.state import Contact, Listed
from topics.events import ContactRecord


def with_record(contact: Contact, record: ContactRecord, recorded_at: datetime) -> Contact:
    """The contact after its record came. recorded_at: when it was written to Kafka.

    The record's attributes take the place of all there were, but for what rules made of them.
    """
    listed = Listed(
        callable=record.callable,
        time_zone=record.time_zone,
        numbers=record.numbers,
        recorded_at=recorded_at,
        region=record.region,
    )
    attributes = {**record.attributes, **contact.changed_attributes}
    if listed == contact.listed and attributes == contact.attributes and not contact.unreadable:
        return contact
    return replace(contact, listed=listed, attributes=attributes, unreadable=False)


def cleared_at(contact: Contact, configuration: Configuration) -> datetime | None:
    """When the contact's list was cleared, if that was after its record was written; else None."""
    clear = configuration.clears.get(contact.contact_list_id)
    recorded_at = contact.listed.recorded_at if contact.listed else None
    return clear.occurred_at if clear and recorded_at and recorded_at < clear.occurred_at else None


def without_legible_record(contact: Contact) -> Contact:
    """The contact after a record of it came that cannot be read. What the last good one said stays, and is not enough.

    The next good record, or a tombstone, puts an end to it.
    """
    return contact if contact.unreadable else replace(contact, unreadable=True)


def without_record(contact: Contact) -> Contact | None:
    """The contact after its record was removed, without attributes and marks; its callbacks and its memory stay.

    None when nothing does.
    """
    if not contact.callbacks and contact.heard_at is None:
        return None
    unmarked = replace(
        contact,
        listed=None,
        attributes={},
        changed_attributes={},
        marked=None,
        marked_numbers={},
        unreadable=False,
    )
    return contact if unmarked == contact else unmarked
