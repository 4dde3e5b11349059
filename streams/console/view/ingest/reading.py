"""What the kinds of records have in common: keys, instants, and values that are read as far as they go. Pure."""

import math
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from streams.console.view.record import Record, of_ms, us
from streams.console.view.rows import ContactKey, Key, Tell, packed
from topics.cloud_events import is_attribute
from topics.codec import BadEvent, split_contact_key
from topics.fields import Instant
from topics.framing import unframed

_Read = TypeVar("_Read", bound=Struct)

Digits = Annotated[str, Meta(max_length=64)]


class About(Struct, frozen=True, gc=False):
    """What every record about a contact may say: each part is optional, and anything else is passed over."""

    contact_list_id: str | None = None
    contact_id: str | None = None
    callback_id: str | None = None
    event_id: str | None = None
    occurred_at: Instant | None = None
    phone_number: Digits | None = None


_abouts = msgspec.json.Decoder(About)
_anything = msgspec.json.Decoder()


def read(decoder: "msgspec.json.Decoder[_Read]", value: bytes | None) -> _Read | None:
    """The struct of a value; None if it is none, as another version or a stranger may have written it."""
    if value is None:
        return None
    try:
        return decoder.decode(unframed(value))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def about(value: bytes | None) -> About:
    """What a value says of whom it is about; of one that does not fit, what can be read field by field."""
    found = read(_abouts, value)
    if found is not None or value is None:
        return found or About()
    plain = mapping(value)
    texts = (plain.get(name) for name in ("contact_list_id", "contact_id", "callback_id", "event_id"))
    contact_list_id, contact_id, callback_id, event_id = (text if isinstance(text, str) else None for text in texts)
    return About(contact_list_id, contact_id, callback_id, event_id)


def mapping(value: bytes | None) -> dict[str, Any]:
    """A value as plain data; {} where it is no JSON object."""
    if value is None:
        return {}
    try:
        found = _anything.decode(unframed(value))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def contact_of(record: Record) -> ContactKey | None:
    """The contact that a record's key names; None if it names none."""
    try:
        return split_contact_key((record.key or b"").decode())
    except (BadEvent, UnicodeDecodeError):
        return None


def tell(record: Record, found: About, event: str | None = None) -> Tell:
    """A record for a story: that of the callback that it names, else of its contact."""
    contact = contact_named(found) or contact_of(record)
    key: Key | None = (*contact, found.callback_id) if contact and found.callback_id else None
    return Tell(
        number=record.number,
        at=of_ms(record.timestamp_ms) if found.occurred_at is None else us(found.occurred_at),
        written=of_ms(record.timestamp_ms),
        value=record.value,
        headers=packed(tuple(one for one in record.headers if not is_attribute(one[0]))),
        callback=key,
        contact=None if key else contact,
        event=event,
    )


def contact_named(found: Any) -> ContactKey | None:
    """The contact that a value names."""
    if found.contact_list_id and found.contact_id:
        return found.contact_list_id, found.contact_id
    return None


def last_four(phone_number: str | None) -> str:
    """The last four digits of a number; "" if there are not so many."""
    digits = phone_number[-4:] if phone_number else ""
    return digits if len(digits) == 4 and digits.isascii() and digits.isdigit() else ""


def minute(at_us: int) -> int:
    """The minute of an instant, counted from 1970."""
    return math.floor(at_us / 60_000_000)
