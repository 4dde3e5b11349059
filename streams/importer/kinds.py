"""What each kind of file becomes: a record of its topic, checked by the codec of topics and by what no codec knows.

Ids that a line does not give are made of what it says, so that the same line makes the same record in every run.
Source: docs/migrate.md; docs/rules.md, section 8 row 2 and section 9 row 9.8.
"""

import difflib
import hashlib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from streams.importer.layout import Kind, Layout, field_of
from streams.importer.rejected import Rejected
from streams.logic.contact.clock_check import check_clock, check_not_ahead
from streams.logic.contact.limits import PROMISE_AHEAD_MAX
from streams.logic.hours.numbers import is_canonical
from streams.logic.hours.zones import zone_info
from topics.callback_events import CallbackScheduled
from topics.codec import BadEvent, contact_key, decode
from topics.events import ContactNumber, ContactRecord, WrapUp
from topics.names import TopicName
from topics.topic import MESSAGE_BYTES_MAX

CONTACTS = Kind(
    TopicName.CONTACTS.value, ("contact_list_id", "contact_id", "callable"), ("time_zone", "region"), listed=True
)
DNC = Kind("dnc", ("phone_number",), ("dnc_list_id", "expires_at"))
CALLBACKS = Kind(
    "callbacks",
    ("campaign_id", "contact_list_id", "contact_id", "phone_number", "due_at"),
    (
        "occurred_at", "callback_id", "event_id", "source", "agent_id", "owner", "queue_id", "conversation_id",
        "notes", "window_end_at",
    ),
)  # fmt: skip
ATTEMPTS = Kind(
    "attempts",
    ("campaign_id", "contact_list_id", "contact_id", "phone_number", "wrap_up_code", "occurred_at"),
    ("dialed_at", "conversation_id", "event_id", "phone_column", "agent_id", "call_analysis", "history"),
)

TOPICS = {
    CONTACTS.name: TopicName.CONTACTS,
    DNC.name: TopicName.DNC_ENTRIES,
    CALLBACKS.name: TopicName.CALLBACK_SCHEDULED,
    ATTEMPTS.name: TopicName.WRAP_UP,
}

_ID_DIGITS = 32
_RECORD_BYTES_MAX = MESSAGE_BYTES_MAX - 1024  # Kafka counts what is around a record, too.
_PLAIN_NUMBER = re.compile(r"\+[1-9][0-9]{1,14}")
_SHAPES = {
    "phone_number": "Not E.164: a plus sign, the country code and the number, digits alone",
    "region": "Not ISO 3166: a country as US, or a part of one as US-CA, in capitals",
    "contact_list_id": "It has a | in it",
}
"""What is said of a field in another shape than its own, where the codec says no more than that."""
_IN_KEY = re.compile(r"[ !#-\[\]-{}~]{1,256}")


class Message(NamedTuple):
    """A record of the kind's topic."""

    key: bytes
    value: bytes


Fields = dict[str, Any]
Reader = Callable[[Fields, Layout | None], Message]
"""The record of a line, from its fields. Raises Rejected."""


def contact(fields: Fields, layout: Layout | None) -> Message:
    """The record of a contact; its zones must be in the time zone database."""
    fields = _given(fields, ContactRecord.__struct_fields__)
    numbers = fields.get("numbers")
    for number in numbers if isinstance(numbers, list) else ():
        _given(number if isinstance(number, dict) else {}, ContactNumber.__struct_fields__)
    record = _decoded(TopicName.CONTACTS, fields, layout)
    assert isinstance(record, ContactRecord)
    zones = [("$.time_zone", record.time_zone)]
    zones += [(f"$.numbers[{at}].time_zone", number.time_zone) for at, number in enumerate(record.numbers)]
    for path, zone in zones:
        if zone is not None and zone_info(zone) is None:
            raise Rejected(_name_of(path, fields, layout), "No time zone database has it")
    return _message(record, fields)


def dnc_entry_on(dnc_list_id: str | None) -> Reader:
    """How an entry is read: on this list, or on that which its line names."""
    # Nearly all lines are a number alone, and the codec takes ten times as long to find nothing wrong with it.
    plain = dnc_list_id if dnc_list_id and _IN_KEY.fullmatch(dnc_list_id) and not dnc_list_id.isspace() else None

    def read(fields: Fields, layout: Layout | None) -> Message:
        number = fields.get("phone_number")
        if plain is not None and len(fields) == 1 and isinstance(number, str) and _PLAIN_NUMBER.fullmatch(number):
            return Message(
                f"{plain}|{number}".encode(),
                f'{{"dnc_list_id":"{plain}","phone_number":"{number}"}}'.encode(),
            )
        fields = _given(fields, DNC.columns)
        named = fields.get("dnc_list_id")
        if dnc_list_id is not None and named not in (None, dnc_list_id):
            raise Rejected("dnc_list_id", "Not the list that --list names")
        if dnc_list_id is not None:
            fields = {"dnc_list_id": dnc_list_id, **fields}
        entry = _decoded(TopicName.DNC_ENTRIES, fields, layout)
        return _sized(f"{entry.dnc_list_id}|{entry.phone_number}", fields)

    return read


@dataclass(frozen=True, slots=True)
class Events:
    """How events are read at one moment. campaigns: those that are configured; None if they are not asked for."""

    now: datetime
    campaigns: Collection[str] | None = None

    def callback(self, fields: Fields, layout: Layout | None) -> Message:
        """A callback that is outstanding, as its scheduling. Its number must be one that can be dialed."""
        fields = _given(fields, (*CALLBACKS.columns, "type"))
        if fields.setdefault("type", "scheduled") != "scheduled":
            raise Rejected("type", "Only callbacks that are outstanding are imported: scheduled")
        event = _decoded(TopicName.CALLBACK_SCHEDULED, {**_UNTOLD, "occurred_at": self.now, **fields}, layout)
        assert isinstance(event, CallbackScheduled)
        told = [name for name in CALLBACKS.columns if name in fields]
        # Of one that nobody says when it was arranged, so much is certain.
        arranged_at = event.occurred_at if "occurred_at" in fields else min(self.now, event.due_at)
        self._check(event.campaign_id, arranged_at)
        if not arranged_at <= event.due_at <= arranged_at + PROMISE_AHEAD_MAX:
            raise Rejected("due_at", "Before occurred_at, or more than 30 days and an hour after it")
        if not is_canonical(event.phone_number):
            raise Rejected("phone_number", "In no numbering plan as it is written")
        fields.setdefault("source", "script")
        fields.setdefault("occurred_at", arranged_at)
        if "event_id" not in fields:
            fields["event_id"] = _id_of("scheduled", event, told)
        if "callback_id" not in fields:
            fields["callback_id"] = _id_of("callback", event, _CALLBACK)
        return _message(event, fields)

    def attempt(self, fields: Fields, layout: Layout | None) -> Message:
        """A call of the past, as a wrap-up with `history`."""
        fields = _given(fields, ATTEMPTS.columns)
        if fields.setdefault("history", True) is not True:
            raise Rejected("history", "Only calls of the past are imported: true")
        event = _decoded(TopicName.WRAP_UP, {**_UNTOLD, **fields}, layout)
        assert isinstance(event, WrapUp)
        self._check(event.campaign_id, event.occurred_at, is_history=True)
        if event.dialed_at is not None:
            _in_time(check_not_ahead, event.dialed_at, event.occurred_at, "$.dialed_at")
        told = [name for name in ATTEMPTS.columns if name in fields]
        if "event_id" not in fields:
            fields["event_id"] = _id_of(TopicName.WRAP_UP.value, event, told)
        if "conversation_id" not in fields:
            fields["conversation_id"] = _id_of("call", event, _CALL)
        return _message(event, fields)

    def _check(self, campaign_id: str, occurred_at: datetime, *, is_history: bool = False) -> None:
        if self.campaigns is not None and campaign_id not in self.campaigns:
            raise Rejected("campaign_id", "The campaign is not configured")
        _in_time(check_not_ahead if is_history else check_clock, occurred_at, self.now, "$.occurred_at")


_UNTOLD = {"source": "script", "event_id": "-", "callback_id": "-", "conversation_id": "-"}
"""What stands for ids until they are made; a wrap-up passes over the field that it does not have."""

_CALLBACK = ("contact_list_id", "contact_id", "campaign_id", "phone_number", "due_at")
_CALL = ("contact_list_id", "contact_id", "campaign_id", "phone_number", "called_at")
"""What makes a callback, and a call, the one that it is, where the file has no id for it."""


def _given(fields: Fields, known: Collection[str]) -> Fields:
    """The fields that say something. Raises Rejected for one that nobody would read."""
    for name in fields:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            raise Rejected(
                "", f"A field is none of {', '.join(known)}" + (f". Did you mean {close[0]}?" if close else "")
            )
    return {name: value for name, value in fields.items() if value is not None}


def _decoded(topic: TopicName, fields: Fields, layout: Layout | None) -> Any:
    """The struct. Raises Rejected where the codec refuses the fields, with the name of the column."""
    try:
        return decode(topic, msgspec.json.encode(fields))
    except BadEvent as bad:
        shape = _SHAPES.get(bad.path.rpartition(".")[2]) if bad.message.startswith("Expected `str` in") else None
        raise Rejected(_name_of(bad.path, fields, layout), shape or bad.message) from None


def _name_of(path: str, fields: Fields, layout: Layout | None) -> str:
    return field_of(path) if layout is None else layout.column_of(path, fields.get("numbers", ()))


def _in_time(check: Callable[[datetime, datetime, str], None], at: datetime, now: datetime, path: str) -> None:
    try:
        check(at, now, path)
    except BadEvent as bad:
        raise Rejected(field_of(bad.path), bad.message) from None


def _id_of(what: str, event: Struct, names: Collection[str]) -> str:
    """An id made of what is said under these names; instants count, not how they are written."""
    said = [[name, value] for name in sorted(names) if (value := getattr(event, name)) is not None]
    return f"i-{hashlib.sha256(msgspec.json.encode([what, said])).hexdigest()[:_ID_DIGITS]}"


def _message(event: CallbackScheduled | WrapUp | ContactRecord, fields: Fields) -> Message:
    return _sized(contact_key(event.contact_list_id, event.contact_id), fields)


def _sized(key: str, fields: Fields) -> Message:
    """Raises Rejected for a record that the topic would not take."""
    message = Message(key.encode(), msgspec.json.encode(fields))
    if len(message.key) + len(message.value) > _RECORD_BYTES_MAX:
        raise Rejected("", f"The record has more than {_RECORD_BYTES_MAX} bytes")
    return message
