"""From a record of a contact topic to an input: decoded, and checked for key, partition and clock.

Source: docs/contract.md, sections "Keys and partitions", "Records that do not fit" and "Dead letters"; docs/rules.md,
rule 3.12 and section 8 row 2.
"""

from datetime import datetime
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams.logic.contact.clock_check import EPOCH, check_clock, check_not_ahead, written_at
from streams.logic.contact.exchange import Arrived
from streams.logic.contact.inputs import ContactRecorded, ContactRemoved, ContactUnreadable, Input
from streams.logic.contact.trace_context import TraceContext, trace_context
from topics.callback_events import ContactErased
from topics.codec import BadEvent, CallbackEvent, ErrorCode, contact_key, decode_cells, split_contact_key
from topics.events import ContactRecord, PlacementRequested, WrapUp
from topics.fields import Id
from topics.framing import unframed, why_wrong_key
from topics.names import TopicName
from topics.partitions import partition_for
from topics.records import Cause

Trace = TraceContext | None

_Event = WrapUp | CallbackEvent | ContactErased | PlacementRequested
_Value = _Event | ContactRecord

UNREAD = "unread"
"""The type of an event whose type could not be read."""
TYPES: dict[str, tuple[str, ...]] = {
    TopicName.CONTACTS: ("contact", "removed"),
    TopicName.CALLBACK_SCHEDULED: ("scheduled", "rescheduled", "cancelled", "changed", "returned", "erased"),
    TopicName.WRAP_UP: ("wrap_up",),
    TopicName.PLACEMENT_REQUESTED: ("placement_requested",),
}
"""The types of the events of each contact topic."""


class _Typed(Struct):
    type: str = UNREAD


class _Named(Struct):
    event_id: Id | None = None


_typed = msgspec.json.Decoder(_Typed)
_named = msgspec.json.Decoder(_Named)


class Read(NamedTuple):
    """The contact's key and the input. bad_event: of a record of which only a part counts."""

    key: bytes
    input_: Input
    bad_event: BadEvent | None


def read_event(arrived: Arrived, *, partitions: int, key_is_known: bool, now: datetime) -> Read:
    """The contact and its input. Raises BadEvent for a record that cannot be accepted.

    key_is_known: there is a row under this key already, so its partition need not be computed once more.
    """
    if arrived.damage is not None:
        raise arrived.damage.as_bad_event()
    event, bad_event = (None, None) if arrived.value is None else _decode(arrived.topic, arrived.value)
    if arrived.key is None:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", "There is no key")
    input_ = _removed(arrived.topic, arrived.key) if event is None else event
    if contact_key(input_.contact_list_id, input_.contact_id).encode() != arrived.key:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", why_wrong_key(arrived.key))
    if not key_is_known and partitions > 1 and partition_for(arrived.key, partitions) != arrived.partition:
        raise BadEvent(ErrorCode.WRONG_PARTITION, "$", "The key belongs to another partition")
    if isinstance(input_, ContactRecord):
        # A timestamp that no calendar has counts as long ago, which permits nothing after a clear.
        recorded_at = min(written_at(arrived.timestamp_ms) or EPOCH, now)
        return Read(arrived.key, ContactRecorded(input_, recorded_at), bad_event)
    if isinstance(input_, _Event):
        _check_clocks(input_, now)
    return Read(arrived.key, input_, bad_event)


def _check_clocks(event: _Event, now: datetime) -> None:
    # History is what happened before anybody was here to be told of it: it is never too old.
    check = check_not_ahead if isinstance(event, WrapUp) and event.history else check_clock
    check(event.occurred_at, now)
    if isinstance(event, WrapUp) and event.dialed_at is not None:
        check(event.dialed_at, event.occurred_at, "$.dialed_at")


def cause_of(arrived: Arrived, input_: Input) -> Cause:
    """The record as the cause of what follows from it."""
    event_id = getattr(input_, "event_id", None)
    return Cause(event_id=event_id, topic=arrived.topic, partition=arrived.partition, offset=arrived.offset)


def place_of(arrived: Arrived) -> Cause:
    """The same of a record of which nothing else may be readable: where it stands, and its event's id if that is."""
    try:
        return replace(arrived.place, event_id=_named.decode(unframed(arrived.value or b"")).event_id)
    except (msgspec.MsgspecError, RecursionError):
        return arrived.place


def type_of(arrived: Arrived, input_: Input | None = None) -> str:
    """The type of an event, one of TYPES or UNREAD, for the metrics. input_: what was read of it; None if nothing."""
    types = TYPES[arrived.topic]
    if arrived.topic == TopicName.CONTACTS:
        return types[arrived.value is None]
    if arrived.topic != TopicName.CALLBACK_SCHEDULED:
        return types[0]
    if isinstance(input_, CallbackEvent | ContactErased):
        return str(input_.__struct_config__.tag)
    try:
        found = _typed.decode(unframed(arrived.value or b"")).type
    except msgspec.MsgspecError:
        return UNREAD
    return found if found in TYPES[TopicName.CALLBACK_SCHEDULED] else UNREAD


def trace_of(arrived: Arrived | None) -> Trace:
    """The trace context that the record brings, if there is one; most bring none."""
    return trace_context(arrived.headers) if arrived is not None and arrived.headers else None


def as_unreadable(arrived: Arrived, *, partitions: int) -> ContactUnreadable | None:
    """The input from a refused record; None unless it is the record of a contact, as its key and partition say."""
    if arrived.topic != TopicName.CONTACTS or arrived.key is None or arrived.value is None:
        return None
    try:
        input_ = ContactUnreadable(*split_contact_key(arrived.key.decode()))
    except (UnicodeDecodeError, BadEvent):
        return None
    return input_ if partition_for(arrived.key, partitions) == arrived.partition else None


def _decode(topic: str, value: bytes) -> tuple[_Value, BadEvent | None]:
    event, bad_event = decode_cells(topic, value)
    assert isinstance(event, _Value), f"{topic} has no input for a contact"
    return event, bad_event


def _removed(topic: str, key: bytes) -> ContactRemoved:
    if topic != TopicName.CONTACTS:
        raise BadEvent(ErrorCode.UNDECODABLE, "$", "There is no value")
    try:
        return ContactRemoved(*split_contact_key(key.decode()))
    except UnicodeDecodeError:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", "The key is not UTF-8") from None
