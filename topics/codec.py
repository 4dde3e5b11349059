"""Bytes to structs and back, and the keys that go with them; `topics.cells` looks at what does not fit.

A `BadEvent` never repeats a value of the event, since its text ends up in a header, a log and a console.
Source: docs/contract.md, sections "Values" and "Dead letters".
"""

import re
from enum import StrEnum
from typing import Any, Union

import msgspec
from msgspec.structs import replace

from topics.callback_events import (
    CallbackCancelled,
    CallbackChanged,
    CallbackRescheduled,
    CallbackReturned,
    CallbackScheduled,
    ContactErased,
)
from topics.catalog import CATALOG
from topics.cells import mend
from topics.commands import DialCommand
from topics.configuration import CallableTimeSet, Campaign, DncEntry, Hold
from topics.events import CampaignRecycle, ContactListCleared, ContactRecord, PlacementRequested, WrapUp
from topics.fields import ID_LENGTH_MAX, DoesNotFit
from topics.framing import is_framed, unframed
from topics.nesting import refuse_deep
from topics.records import CallbackLifecycle, OutstandingCallbacks, PlacementDecided
from topics.rules import RuleSet

CallbackEvent = CallbackScheduled | CallbackRescheduled | CallbackCancelled | CallbackChanged | CallbackReturned
ContactEvent = WrapUp | CallbackEvent | PlacementRequested | ContactRecord | ContactErased
ConfigurationRecord = Campaign | RuleSet | CallableTimeSet | DncEntry | CampaignRecycle | ContactListCleared | Hold
Output = DialCommand | PlacementDecided[object] | CallbackLifecycle[object] | OutstandingCallbacks
Value = ContactEvent | ConfigurationRecord | Output
"""Whatever stands on a topic."""


class ErrorCode(StrEnum):
    """Why an event was refused; `internal_error` is a bug of Ringback, every other one the sender's error."""

    UNDECODABLE = "undecodable"
    DAMAGED = "damaged"
    INVALID = "invalid"
    INVALID_CELL = "invalid_cell"
    UNKNOWN_TYPE = "unknown_type"
    WRONG_KEY = "wrong_key"
    WRONG_PARTITION = "wrong_partition"
    IN_THE_FUTURE = "in_the_future"
    TOO_OLD = "too_old"
    TOO_LARGE = "too_large"
    TOO_MUCH_WORK = "too_much_work"
    ID_REUSED = "id_reused"
    CAMPAIGN_UNKNOWN = "campaign_unknown"
    RULE_SET_UNKNOWN = "rule_set_unknown"
    CAMPAIGN_UNREADABLE = "campaign_unreadable"
    RULE_SET_UNREADABLE = "rule_set_unreadable"
    NO_PARTNER = "no_partner"
    NOT_E164 = "not_e164"
    UNSUPPORTED = "unsupported"
    CONTACT_LIST_UNKNOWN = "contact_list_unknown"
    INTERNAL_ERROR = "internal_error"


class BadEvent(Exception):
    """An event that cannot be accepted: dead-letter it and go on.

    path: where in the value, as `$.rules[...].order`; `$` is the whole. message: what is wrong, free of any value.
    """

    def __init__(self, code: ErrorCode, path: str, message: str) -> None:
        super().__init__(code, path, message)
        self.code, self.path, self.message = code, path, message

    def __str__(self) -> str:
        return f"{self.code}: {self.message} (at {self.path})"

    def bare(self) -> "BadEvent":
        """The same, to be kept: without the frames that led to it, and what stands in them."""
        self.__traceback__ = self.__context__ = self.__cause__ = None
        return self


def _decoder(values: tuple[type[msgspec.Struct], ...]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(Union[values])  # noqa: UP007 - the members are known at run time only


_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    topic.name: _decoder(topic.values) for topic in CATALOG.values() if topic.values
}
_KEY_FIELDS: dict[str, tuple[str, ...]] = {
    topic.name: tuple(topic.key.split("|")) for topic in CATALOG.values() if topic.values
}
_ANY_JSON = msgspec.json.Decoder(msgspec.Raw)
_ENCODER = msgspec.json.Encoder()

PATHS_NAMED_MAX = 8
"""Cells that a refusal names; of further ones it says how many there are."""

_PATH = re.compile(r" - at `([^`]*)`\Z")
# Anything msgspec says that is not on this list might quote the event, and is not passed on.
_SAFE_MESSAGE = re.compile(
    r"\A(Expected `|Object missing required field `|Invalid RFC3339 encoded |(Integer value|Number) out of range)"
)


def decode(topic: str, value: bytes) -> Value:
    """The struct that a record's value holds; its instants are in UTC.

    topic: without prefix, one whose values the catalog knows (KeyError otherwise). Raises BadEvent, and nothing else,
    for whatever the bytes may be: `undecodable` when they are no JSON in UTF-8, `unknown_type` for an unknown `type`,
    `invalid` for a value that does not fit.
    """
    decoder = _DECODERS[topic]
    value = unframed(value)
    try:
        # The decoder skips unknown fields without a look at their encoding.
        if not value.isascii():
            value.decode()
        refuse_deep(value)
        struct: Value = decoder.decode(value)
    except msgspec.ValidationError as error:
        raise _invalid(value, error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _undecodable(value, error) from None
    return struct


def decode_cells(topic: str, value: bytes) -> tuple[Value, BadEvent | None]:
    """The same, and where records of the topic are taken cell by cell, what is left of one that does not fit.

    Returns the struct, and for a record with cells that do not fit an `invalid_cell` that names their paths. Raises as
    `decode` does for what cannot be read at all.
    """
    try:
        return decode(topic, value), None
    except BadEvent as bad:
        if bad.code is ErrorCode.UNDECODABLE:
            raise
        try:
            mended = mend(topic, unframed(value))
        except msgspec.ValidationError:
            raise bad from None
        except msgspec.DecodeError as error:
            raise _undecodable(value, error) from None
        if mended is None:
            raise
    struct = decode(topic, mended.value)
    return replace(struct, **mended.changes), _invalid_cells(mended.bad_paths) if mended.bad_paths else None


def decode_or_none(topic: str, value: bytes) -> tuple[Value, bool] | None:
    """The same, several times as fast where many are refused, since it does not say why: None where that raises.

    Returns the struct, and whether there are cells that do not fit.
    """
    decoder = _DECODERS[topic]
    value = unframed(value)
    try:
        if not value.isascii():
            value.decode()
        return decoder.decode(value), False
    except msgspec.ValidationError:
        pass
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    try:
        mended = mend(topic, value)
        if mended is None:
            return None
        struct: Value = decoder.decode(mended.value)
    except (msgspec.DecodeError, RecursionError):
        return None
    return (replace(struct, **mended.changes) if mended.changes else struct), bool(mended.bad_paths)


def encode(value: msgspec.Struct) -> bytes:
    """A struct as JSON: fields in their order, null where there is nothing, instants in UTC with `Z`."""
    return _ENCODER.encode(value)


def value_key(topic: str, value: Value) -> str:
    """The key that a record with this value must have on this topic.

    A rejection that names no contact has the key of the event it rejects, a recycle: the campaign id.
    """
    fields = [getattr(value, name) for name in _KEY_FIELDS[topic]]
    if isinstance(value, CallbackLifecycle) and None in fields:
        return value.campaign_id
    return "|".join(fields)


def contact_key(contact_list_id: str, contact_id: str) -> str:
    """The key of everything about one contact."""
    return f"{contact_list_id}|{contact_id}"


def split_contact_key(key: str) -> tuple[str, str]:
    """Contact list id and contact id of a contact key. The first `|` ends the list id, a later one is the contact's.

    Raises BadEvent (`wrong_key`) for a key that no contact can have.
    """
    contact_list_id, _, contact_id = key.partition("|")
    if not (0 < len(contact_list_id) <= ID_LENGTH_MAX and 0 < len(contact_id) <= ID_LENGTH_MAX):
        raise BadEvent(ErrorCode.WRONG_KEY, "$", "The key is not a contact list id and a contact id")
    return contact_list_id, contact_id


def _invalid_cells(paths: tuple[str, ...]) -> BadEvent:
    first, *others = paths
    also = f"; also {', '.join(others[: PATHS_NAMED_MAX - 1])}" if others else ""
    more = f" and {len(paths) - PATHS_NAMED_MAX} more" if len(paths) > PATHS_NAMED_MAX else ""
    return BadEvent(ErrorCode.INVALID_CELL, first, f"A cell does not fit, the rest of the record counts{also}{more}")


def _undecodable(value: bytes, error: Exception) -> BadEvent:
    if is_framed(value) and unframed(value) is value:
        message = "Framed for a schema registry, and no JSON object follows: Avro and Protobuf are not read"
    elif isinstance(error, UnicodeDecodeError):
        message = f"Not UTF-8 (byte {error.start})"
    else:
        message = "Nested too deeply" if isinstance(error, RecursionError) else str(error)
    return BadEvent(ErrorCode.UNDECODABLE, "$", message)


def _invalid(value: bytes, error: msgspec.ValidationError) -> BadEvent:
    # The first value that does not fit ends the decoding, so what follows it may still be no JSON at all.
    try:
        _ANY_JSON.decode(value)
    except (msgspec.DecodeError, RecursionError) as malformed:
        return _undecodable(value, malformed)
    text = str(error)
    found = _PATH.search(text)
    path = found[1] if found else "$"
    message = text[: found.start()] if found else text
    if isinstance(error.__cause__, DoesNotFit):
        return BadEvent(ErrorCode.INVALID, f"{path}.{error.__cause__.field}", message)
    if message.startswith("Invalid value ") and path.endswith(".type"):
        return BadEvent(ErrorCode.UNKNOWN_TYPE, path, "Unknown type")
    return BadEvent(ErrorCode.INVALID, path, _without_values(message))


def _without_values(message: str) -> str:
    if message.startswith("Invalid enum value "):
        return "Not one of the allowed words"
    if " matching regex " in message:
        return "Expected `str` in the shape of this field"
    return message if _SAFE_MESSAGE.match(message) else "The value does not fit"
