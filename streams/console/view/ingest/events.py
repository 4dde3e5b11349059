"""`wrap-up` and `callback-scheduled`: what was sent to Ringback about a callback or a contact. Pure."""

from streams.console.view.ingest.reading import about, contact_named, contact_of, last_four, tell
from streams.console.view.record import Record
from streams.console.view.rows import Dial, Row
from streams.logic.contact.ids import rule_callback_id
from topics.names import TopicName


def rows(record: Record) -> list[Row]:
    """The record for the story, and the number for the callback that it leads to, if it does.

    The id of a rule's callback follows from its wrap-up.
    """
    if record.value is None:
        return []
    found = about(record.value)
    told = tell(record, found)
    contact, digits = contact_named(found) or contact_of(record), last_four(found.phone_number)
    if contact is None or not digits:
        return [told]
    if record.topic == TopicName.WRAP_UP:
        callback_id = rule_callback_id(*contact, found.event_id) if found.event_id else None
    else:
        callback_id = found.callback_id
    if not callback_id:
        return [told]
    return [told, Dial(key=(*contact, callback_id), number=record.number, last_four=digits)]
