"""Each record out is a CloudEvent 1.0 in Kafka's binary mode: its value is the data, its headers are the attributes.

The value stays as it is without them. What is the same for many records is built once, since an event takes 75 µs of
CPU and leads to two records. Source: docs/contract.md, section "CloudEvents";
https://cloudevents.io, Kafka protocol binding 1.0.2;
docs/decisions/0066-cloud-events.md.
"""

from datetime import datetime

import msgspec
from msgspec import Struct

from topics.commands import CONTRACT_VERSION
from topics.names import TopicName
from topics.records import Transition

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"

PREFIX = "ce_"
"""What the name of an attribute begins with as a header."""

Header = tuple[str, bytes]
Headers = tuple[Header, ...]

_encode = msgspec.json.Encoder().encode


class CloudEvent(Struct, frozen=True, gc=False):
    """What makes a record an event of its own.

    type: one of `event_type`. id: the same if the record is produced once more after a crash, and no other record's.
    at: when it occurred; None for the moment of writing. subject: what it is about within its contact, None if nothing.
    """

    type: str
    id: bytes
    at: datetime | None = None
    subject: str | None = None


def is_attribute(header: str) -> bool:
    """Whether a header is an attribute of a CloudEvent."""
    return header.startswith(PREFIX) or header == "content-type"


def event_type(topic: TopicName, transition: Transition | None = None) -> str:
    """The type of the records of a topic, of the lifecycle by transition: `ringback.dial-preview.v1`."""
    name = topic.value if transition is None else f"{topic.value}.{transition.value}"
    return f"ringback.{name}.v{CONTRACT_VERSION}"


LIFECYCLE_TYPES: dict[Transition, str] = {one: event_type(TopicName.CALLBACK_LIFECYCLE, one) for one in Transition}
"""The type of each record of the lifecycle."""


def schema_urn(message: str) -> str:
    """The name of a message's JSON Schema, which is its `$id`."""
    return f"urn:ringback:contract:{CONTRACT_VERSION}:{message}"


def source_of(app: str) -> str:
    """The source of what one installation writes. app: the setting of that name, or `console`."""
    return f"/ringback/{app}"


class Attributes:
    """The headers of one source."""

    def __init__(self, app: str) -> None:
        self._source = source_of(app)
        self._at: datetime | None = None
        self._time: tuple[str, bytes] = ("ce_time", b"")
        self._of_data: dict[str, Headers] = {}
        self._of_tombstones: dict[str, Headers] = {}

    def headers(self, event: CloudEvent, written_at: datetime, has_data: bool, first: Headers = ()) -> list[Header]:
        """The headers of a record. written_at: the moment of writing. first: others, which come before."""
        at = event.at or written_at
        if at is not self._at:
            self._at, self._time = at, ("ce_time", _encode(at)[1:-1])
        known = self._of_data if has_data else self._of_tombstones
        fixed = known.get(event.type) or self._learnt(event.type, has_data)
        subject = event.subject
        # No control character may be in an attribute, and an id of somebody else's may have any.
        if subject is None or not subject.isprintable():
            return [*first, *fixed, ("ce_id", event.id), self._time]
        return [*first, *fixed, ("ce_id", event.id), self._time, ("ce_subject", subject.encode())]

    def _learnt(self, type_: str, has_data: bool) -> Headers:
        """What all records of a type have."""
        topic = type_.split(".")[1]
        attributes = {"ce_specversion": SPEC_VERSION, "ce_type": type_, "ce_source": self._source}
        if has_data and topic != TopicName.DEAD_LETTER:
            attributes |= {"ce_dataschema": schema_urn(topic), "content-type": CONTENT_TYPE}
        fixed = tuple((name, text.encode()) for name, text in attributes.items())
        (self._of_data if has_data else self._of_tombstones)[type_] = fixed
        return fixed
