"""What a value is that no worker can read, and which setting of its sender makes it so.

Source: docs/contract.md, sections "Values", "Schema registries" and "CloudEvents".
"""

import base64
import binascii
import re
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from topics.codec import BadEvent, ErrorCode
from topics.framing import is_framed, unframed

CLOUD_EVENTS_JSON = "application/cloudevents"


class Sent(Struct, frozen=True):
    """what: what the value is, without a part of it. cure: the client's setting, or what to send."""

    what: str
    cure: str


AVRO = Sent(
    "framed for a schema registry as Avro or Protobuf",
    "send JSON. Java: value.serializer=io.confluent.kafka.serializers.json.KafkaJsonSchemaSerializer, or plain JSON; "
    "Connect: value.converter=org.apache.kafka.connect.json.JsonConverter with value.converter.schemas.enable=false",
)
COMPRESSED = Sent(
    "compressed by the program itself", "send plain JSON, and set compression.type of the producer in place of it"
)
JAVA = Sent(
    "a serialized Java object", "send JSON. Java: value.serializer=...StringSerializer with the text of the JSON"
)
BOM = Sent("JSON behind a byte order mark", "write without one: in Python utf-8, not utf-8-sig")
UTF_16 = Sent("text in UTF-16", "send UTF-8")
LATIN = Sent("text in another encoding than UTF-8", "encode it as UTF-8")
TWICE = Sent(
    "JSON within a JSON text, encoded twice",
    "send the text of the JSON as it is: StringSerializer in place of JsonSerializer, or json.dumps once",
)
BASE64 = Sent("JSON in Base64", "send the JSON itself; Connect: ByteArrayConverter for values that are bytes already")
LIST = Sent("a JSON list", "send a record for each event, under its own key")
EMPTY = Sent("empty, and neither JSON nor a tombstone", "send null for a tombstone; kcat: -Z")
WITH_SCHEMA = Sent("JSON of Connect with its schema around it", "Connect: value.converter.schemas.enable=false")
DEBEZIUM = Sent(
    "a change event of Debezium",
    "unwrap it: transforms=unwrap, transforms.unwrap.type=io.debezium.transforms.ExtractNewRecordState",
)
STRUCTURED = Sent(
    "a CloudEvent in structured mode", "use binary mode: the event is the value, the attributes are headers ce_*"
)
NO_JSON = Sent("no JSON object in UTF-8", "send one JSON object in UTF-8 for each event")

_MAGIC = (
    (b"\x1f\x8b", COMPRESSED),
    (b"\x28\xb5\x2f\xfd", COMPRESSED),
    (b"\xac\xed\x00\x05", JAVA),
    (b"\xef\xbb\xbf", BOM),
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}={0,2}\s*")

CURES: dict[ErrorCode, str] = {
    ErrorCode.INVALID: "send the field as docs/contract.md has it; docs/contract/schemas has its JSON Schema",
    ErrorCode.INVALID_CELL: "mend that cell; docs/contract.md, section Records that do not fit, has what counts now",
    ErrorCode.UNKNOWN_TYPE: "send one of the types that docs/contract.md has for this topic",
    ErrorCode.TOO_LARGE: "send less in one record: docs/contract.md, section Bounds",
    ErrorCode.TOO_MUCH_WORK: "send smaller rule sets: docs/contract.md, section Bounds",
    ErrorCode.INTERNAL_ERROR: "a bug of Ringback: tell its developers, with the record",
}
"""What to do about a value that is JSON and does not fit, by the code of its dead letter."""


def sent(value: bytes | None, headers: Iterable[tuple[str, bytes]], bad_event: BadEvent) -> Sent:
    """What a refused value is, and what to change so that it is read."""
    if value is None:
        return Sent("no value, on a topic where that means nothing", "send the event as value; kcat: no -Z")
    if (shape := _shape(value, headers)) is not None:
        return shape
    if bad_event.code is ErrorCode.UNDECODABLE:
        return NO_JSON
    where = "" if bad_event.path == "$" else f" at {bad_event.path}"
    cure = CURES.get(bad_event.code, "docs/contract.md, section Dead letters, says what to do")
    return Sent(f"{bad_event.code}: {bad_event.message}{where}", cure)


def _shape(value: bytes, headers: Iterable[tuple[str, bytes]]) -> Sent | None:
    """What a value is that serializers, converters and encodings make of an event; None for none of these."""
    if not value.strip():
        return EMPTY
    if found := next((shape for magic, shape in _MAGIC if value.startswith(magic)), None):
        return found
    if value[:3] == b"\0{\0":
        return UTF_16
    if is_framed(value) and unframed(value) is value:
        return AVRO
    try:
        text = unframed(value).decode()
    except UnicodeDecodeError:
        return _of_bytes(value)
    if "\0" in text[:4]:
        return UTF_16
    return _of_json(text, dict(headers))


def _of_bytes(value: bytes) -> Sent:
    if value[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return UTF_16
    return LATIN if value.lstrip()[:1] == b"{" else NO_JSON


def _of_json(text: str, headers: dict[str, bytes]) -> Sent | None:
    try:
        found: Any = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return BASE64 if _is_base64(text.encode()) else None
    match found:
        case str():
            return TWICE if found.lstrip().startswith("{") else BASE64 if _is_base64(found.encode()) else None
        case list():
            return LIST
        case {"schema": _, "payload": _}:
            return WITH_SCHEMA
        case {"before": _, "after": _, "op": _}:
            return DEBEZIUM
        case {"specversion": _, "type": _, "source": _}:
            return STRUCTURED
    return (
        STRUCTURED if headers.get("content-type", b"").decode(errors="replace").startswith(CLOUD_EVENTS_JSON) else None
    )


def _is_base64(text: bytes) -> bool:
    if not _BASE64.fullmatch(text):
        return False
    try:
        return base64.b64decode(text.strip(), validate=True).lstrip().startswith(b"{")
    except (binascii.Error, ValueError):
        return False
