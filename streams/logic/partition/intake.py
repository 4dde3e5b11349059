"""From a record of a contact topic to what the contact is told: decoded, and checked for key, partition and clock.

Source: docs/contract.md, sections "Keys and partitions", "Records that do not fit" and "Dead letters"; docs/rules.md,
rule 3.12 and section 8 row 2.
"""

from datetime import datetime
from typing import NamedTuple

from streams.logic.contact.clock_check import EPOCH, check_clock, written_at
from streams.logic.contact.exchange import Arrived
from streams.logic.contact.inputs import ContactRecorded, ContactRemoved, ContactUnreadable, Told
from topics.codec import BadEvent, ErrorCode, contact_key, decode_cells, split_contact_key
from topics.events import (
    CallbackCancelled,
    CallbackRescheduled,
    CallbackScheduled,
    ContactRecord,
    PlacementRequested,
    WrapUp,
)
from topics.names import TopicName
from topics.partitions import partition_for
from topics.records import Cause

_Event = WrapUp | CallbackScheduled | CallbackRescheduled | CallbackCancelled | PlacementRequested


class Read(NamedTuple):
    """The contact's key, and what the record tells the contact. fault: of a record of which only a part counts."""

    key: bytes
    told: Told
    fault: BadEvent | None


def read_event(arrived: Arrived, *, partitions: int, key_is_known: bool, now: datetime) -> Read:
    """Whom the record tells what. Raises BadEvent for what cannot be accepted.

    key_is_known: there is a row under this key already, so its partition need not be computed once more.
    """
    if arrived.damage is not None:
        raise arrived.damage.as_fault()
    event, fault = (None, None) if arrived.value is None else _decode(arrived.topic, arrived.value)
    if arrived.key is None:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", "There is no key")
    told = _removed(arrived.topic, arrived.key) if event is None else event
    if contact_key(told.contact_list_id, told.contact_id).encode() != arrived.key:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", "The key does not match the value")
    if not key_is_known and partitions > 1 and partition_for(arrived.key, partitions) != arrived.partition:
        raise BadEvent(ErrorCode.WRONG_PARTITION, "$", "The key belongs to another partition")
    if isinstance(told, ContactRecord):
        # A timestamp that no calendar has counts as long ago, which permits nothing after a clear.
        recorded_at = min(written_at(arrived.timestamp_ms) or EPOCH, now)
        return Read(arrived.key, ContactRecorded(told, recorded_at), fault)
    if isinstance(told, _Event):
        _check_clocks(told, now)
    return Read(arrived.key, told, fault)


def _check_clocks(event: _Event, now: datetime) -> None:
    check_clock(event.occurred_at, now)
    if isinstance(event, WrapUp) and event.dialed_at is not None:
        check_clock(event.dialed_at, event.occurred_at, "$.dialed_at")


def cause_of(arrived: Arrived, told: Told) -> Cause:
    """The record as the cause of what follows from it."""
    event_id = getattr(told, "event_id", None)
    return Cause(event_id=event_id, topic=arrived.topic, partition=arrived.partition, offset=arrived.offset)


def as_unreadable(arrived: Arrived, *, partitions: int) -> ContactUnreadable | None:
    """What a record tells that was refused; None unless it is the record of a contact, as its key and partition say."""
    if arrived.topic != TopicName.CONTACTS or arrived.key is None or arrived.value is None:
        return None
    try:
        told = ContactUnreadable(*split_contact_key(arrived.key.decode()))
    except (UnicodeDecodeError, BadEvent):
        return None
    return told if partition_for(arrived.key, partitions) == arrived.partition else None


def _decode(topic: str, value: bytes) -> tuple[_Event | ContactRecord, BadEvent | None]:
    event, fault = decode_cells(topic, value)
    assert isinstance(event, _Event | ContactRecord), f"{topic} does not tell a contact anything"
    return event, fault


def _removed(topic: str, key: bytes) -> ContactRemoved:
    if topic != TopicName.CONTACTS:
        raise BadEvent(ErrorCode.UNDECODABLE, "$", "There is no value")
    try:
        return ContactRemoved(*split_contact_key(key.decode()))
    except UnicodeDecodeError:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", "The key is not UTF-8") from None
