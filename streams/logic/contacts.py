"""The contact's own record on its list.

Source: docs/rules.md, section 3, and section 8 rows 4 and 21.
"""

from msgspec.structs import replace

from streams.logic.state import Contact, Listed
from topics.events import ContactRecord


def with_record(contact: Contact, record: ContactRecord) -> Contact:
    """The contact after its record came. The record's attributes take the place of all there were."""
    listed = Listed(callable=record.callable, time_zone=record.time_zone, numbers=record.numbers)
    if listed == contact.listed and record.attributes == contact.attributes and not contact.unreadable:
        return contact
    return replace(contact, listed=listed, attributes=record.attributes, unreadable=False)


def unreadable(contact: Contact) -> Contact:
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
    unmarked = replace(contact, listed=None, attributes={}, marked=None, marked_numbers={}, unreadable=False)
    return contact if unmarked == contact else unmarked
