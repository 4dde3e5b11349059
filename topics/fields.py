"""Types of single fields: ids, phone numbers, instants and times of day, each with the shape it must have.

Shape only. Whether a number exists in a numbering plan, or a time zone in the database, is not decided here.
Source: docs/contract.md, section "Values".
"""

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import force_setattr

ID_LENGTH_MAX = 256
"""Characters. Long enough for two UUIDs and a prefix, short enough to keep a contact's row small."""

SECONDS_MAX = 10 * 366 * 24 * 3600
"""Ten years. A longer delay is a mistake in the unit, and adding it to an instant must never overflow."""

Id = Annotated[str, Meta(min_length=1, max_length=ID_LENGTH_MAX)]
"""An opaque id: any characters, never empty."""

FilledId = Annotated[str, Meta(min_length=1, max_length=ID_LENGTH_MAX, pattern=r"\S")]
"""An id that is not blank: white space alone names nothing."""

OptionalId = Annotated[str, Meta(max_length=ID_LENGTH_MAX)]
"""An id that may be blank, which reads as absent (see `blank_as_absent`)."""

# Patterns are searched for, not matched: \A and \Z keep a trailing newline out, which $ would let in.
ContactListId = Annotated[str, Meta(min_length=1, max_length=ID_LENGTH_MAX, pattern=r"\A[^|]*\Z")]
"""An id without `|`: the first `|` of a contact key ends the contact list id."""

PhoneNumber = Annotated[str, Meta(pattern=r"\A\+[1-9][0-9]{1,14}\Z")]
"""E.164 in shape: a plus sign and 2 to 15 ASCII digits, the first of them not zero."""

Instant = Annotated[datetime, Meta(tz=True)]
"""An aware datetime; structs turn it to UTC (see `in_utc`)."""

TimeOfDay = Annotated[str, Meta(pattern=r"\A(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00(:00)?)\Z")]
"""`HH:MM` or `HH:MM:SS` on a wall clock; `24:00` is the end of the day."""

LocalDate = date
"""A date on a wall calendar. A field called `date` cannot be of `date`: from Python 3.14 on it would name itself."""

Weekday = Annotated[int, Meta(ge=1, le=7)]
"""ISO weekday: 1 is Monday, 7 is Sunday."""

Region = Annotated[str, Meta(pattern=r"\A[A-Z]{2}(-[A-Z0-9]{1,3})?\Z")]
"""ISO 3166-1 alpha-2 of a country, or ISO 3166-2 of a part of one: `US`, `US-CA`."""

OptionalRegion = Annotated[str, Meta(pattern=r"\A([A-Z]{2}(-[A-Z0-9]{1,3})?|\s*)\Z")]
"""The same, or a blank, which reads as absent."""

Seconds = Annotated[int, Meta(ge=1, le=SECONDS_MAX)]
"""A delay in whole seconds, at least one."""

Count = Annotated[int, Meta(ge=1, le=2**31 - 1)]
"""A limit on how often: at least one."""


_PUNCTUATED = re.compile(r"(?:tel:)?(\+|00)? *([0-9][0-9 ()./-]*)", re.ASCII | re.IGNORECASE)
_NO_DIGITS = re.compile(r"[^0-9]+")
_BARE_DIGITS_MIN = 11
"""A number without `+` or 00 may lack its country code, unless it is as long as a number with one."""


def legible_number(text: str) -> str | None:
    """The E.164 text that a phone number of another shape stands for without doubt; None if it stands for none.

    For what protects a number, and never to dial one: `+1 212-555-0101` stands for `+12125550101`.
    """
    found = _PUNCTUATED.fullmatch((text if text.isascii() else unicodedata.normalize("NFKC", text)).strip())
    digits = _NO_DIGITS.sub("", found[2]) if found else ""
    is_whole = bool(found and found[1]) or len(digits) >= _BARE_DIGITS_MIN
    return f"+{digits}" if is_whole and 2 <= len(digits) <= 15 and digits[0] != "0" else None


class DoesNotFit(ValueError):
    """A value that has the right type but breaks a rule between fields.

    field: name of the bad field, as in JSON. message: what is wrong, without any value of the event.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def blank_as_absent(struct: Struct, *names: str) -> None:
    """Turn the named texts of a struct under construction to None where they are empty or white space alone.

    Source: docs/contract.md, section "Values".
    """
    for name in names:
        value: str | None = getattr(struct, name)
        if value is not None and not value.strip():
            force_setattr(struct, name, None)


def check_filled(struct: Struct, *names: str) -> None:
    """Raise DoesNotFit for the first of the named texts that is white space alone: it names nothing. None fits.

    Asked here, and not by a pattern of the type, which takes ten times as long.
    """
    for name in names:
        value: str | None = getattr(struct, name)
        if value is not None and value.isspace():
            raise DoesNotFit(name, "A blank names nothing")


def in_utc(struct: Struct, *names: str) -> None:
    """Turn the named instants of a struct under construction to UTC; None is left alone.

    Raises DoesNotFit for a naive datetime and for an instant that UTC cannot express (year 0 or 10000).
    """
    for name in names:
        value: datetime | None = getattr(struct, name)
        # Nearly every instant arrives with `Z`, and then the decoder hands out this very object.
        if value is None or value.tzinfo is UTC:
            continue
        if value.utcoffset() is None:
            raise DoesNotFit(name, "An instant needs a time zone")
        try:
            force_setattr(struct, name, value.astimezone(UTC))
        except OverflowError:
            raise DoesNotFit(name, "The instant is out of range in UTC") from None
