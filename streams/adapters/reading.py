"""From JSON to structs and back, with refusals that quote no value."""

import re
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from streams.adapters.seam import Out
from topics.codec import BadEvent, ErrorCode, Value, decode, encode, value_key
from topics.nesting import refuse_deep

T = TypeVar("T")

_PATH = re.compile(r" - at `\$?([^`]*)`\Z")
_SAFE = re.compile(r"\A(Expected `|Object missing required field `)")


def object_of(value: bytes | None) -> dict[str, Any]:
    """A JSON object. Raises BadEvent: `undecodable` for what is no JSON, `invalid` for other JSON."""
    if value is None:
        raise BadEvent(ErrorCode.UNDECODABLE, "$", "There is no value")
    try:
        refuse_deep(value)
        found = msgspec.json.decode(value)
        msgspec.json.encode(found)  # A lone surrogate can be read and not be written.
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        raise BadEvent(ErrorCode.UNDECODABLE, "$", "The value is no JSON in UTF-8") from None
    if not isinstance(found, dict):
        raise BadEvent(ErrorCode.INVALID, "$", "Expected `object`")
    return found


def shaped(value: object, shape: type[T], at: str) -> T:
    """A value as a struct. at: where it stands. Raises BadEvent, `invalid`."""
    try:
        return msgspec.convert(value, shape)
    except (msgspec.ValidationError, RecursionError) as error:
        text = str(error)
        found = _PATH.search(text)
        message = text[: found.start()] if found else text
        path = at + (found[1] if found else "")
        said = message if _SAFE.match(message) else "The value does not fit"
        raise BadEvent(ErrorCode.INVALID, path, said) from None


def out(topic: str, value: Value) -> Out:
    """A record of Ringback, checked as its reader will check it. Raises BadEvent."""
    encoded = encode(value)
    return Out(topic, value_key(topic, decode(topic, encoded)), encoded)


def instant(ms: int, at: str) -> datetime:
    """An instant from milliseconds of the epoch. Raises BadEvent for one that no calendar has."""
    try:
        return datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000)
    except (OverflowError, ValueError, OSError):
        raise BadEvent(ErrorCode.INVALID, at, "The instant is out of range") from None


def instant_ms(text: str, at: str) -> int:
    """Milliseconds of the epoch of an instant with a zone, as RFC 3339 has it. Raises BadEvent."""
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is None:
            raise ValueError
        # Whole numbers, since a float has no room for the milliseconds of every year.
        delta = found - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        raise BadEvent(ErrorCode.INVALID, at, "Expected an instant with a time zone") from None
    return delta.days * 86_400_000 + delta.seconds * 1000 + delta.microseconds // 1000


def ms_of(at: datetime) -> int:
    """Whole milliseconds of the epoch."""
    return int(at.timestamp() * 1000)
