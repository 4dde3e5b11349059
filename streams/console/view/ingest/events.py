"""`wrap-up` and `callback-scheduled`: what was sent to Ringback about a callback or a contact. Pure."""

from streams.console.view.ingest.reading import About, about, contact_named, last_four, tell
from streams.console.view.record import Record
from streams.console.view.rows import Dial, Key, Row
from streams.logic.contact.ids import rule_callback_id
from topics.names import TopicName


def rows(record: Record) -> list[Row]:
    """The record for the story, and the number for the callback that it leads to, if it does."""
    if record.value is None:
        return []
    found = about(record.value)
    told = tell(record, found)
    key, digits = key_of(record.topic, found), last_four(found.phone_number)
    return [told, Dial(key=key, number=record.number, last_four=digits)] if key and digits else [told]


def key_of(topic: str, found: About) -> Key | None:
    """The callback that an event is about. The id of a rule's callback follows from its wrap-up."""
    contact = contact_named(found)
    if topic == TopicName.WRAP_UP:
        callback_id = rule_callback_id(*contact, found.event_id) if contact and found.event_id else None
    else:
        callback_id = found.callback_id
    return (*contact, callback_id) if contact and callback_id else None
