"""Whether a record names a phone number, in any of its spellings, and whether it names those of others.

A record is decoded only if its bytes may have the digits, so that millions of others cost little.
Source: docs/contract.md, sections "Values" and "Records that do not fit".
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from streams.logic.hours.numbers import spellings
from topics.fields import legible_number
from topics.framing import unframed
from topics.names import TopicName
from topics.nesting import NESTING_MAX

NUMBER_SHAPE = re.compile(r"\+[1-9][0-9]{1,14}")
_LOOKS_LIKE_ONE = re.compile(r"(?<![0-9A-Za-z])\+[1-9][0-9]{6,14}(?![0-9])")
_SEPARATORS = b" ()./\\-"
_BETWEEN = rb"[ ()./\\-]*"
_FIELD = "phone_number"
_decode = msgspec.json.Decoder().decode


class Number:
    """One phone number. text: E.164 in shape. spellings: every text that stands for the same subscriber."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spellings = spellings(text)
        self._digits = tuple({form[1:].encode() for form in self.spellings})
        either = b"|".join(_BETWEEN.join(b"%c" % one for one in digits) for digits in self._digits)
        self._loose = re.compile(rb"(?<![0-9])(?:00)?(?:" + either + rb")(?![0-9])")

    def is_same(self, text: str) -> bool:
        """Whether a text stands for the number, in whatever format it is written."""
        return text in self.spellings or legible_number(text) in self.spellings

    def may_be_in(self, value: bytes) -> bool:
        """Whether the number may stand in a value; False is certain."""
        # Digits may be escaped, or of another script, or have punctuation between them.
        if b"\\u" in value or not value.isascii():
            return True
        plain = value.translate(None, _SEPARATORS)
        return any(digits in plain for digits in self._digits)

    def is_named_by(self, topic: str, value: bytes | None) -> bool:
        """Whether a record of a contact names the number; one that is no JSON does if it has its digits."""
        if value is None or not self.may_be_in(value):
            return False
        found = decoded(value)
        named = list(numbers_in(found))
        if named or (found is not None and topic != TopicName.DEAD_LETTER):
            return any(self.is_same(one) for one in named)
        # What another system sent may have numbers anywhere.
        return self._loose.search(value) is not None or any(self.is_same(one) for one in _texts(found))

    def is_in_key(self, key: bytes | None) -> bool:
        """Whether a key of a Do Not Call entry has the number behind its list."""
        if key is None:
            return False
        _, bar, number = key.decode(errors="replace").rpartition("|")
        return bool(bar) and self.is_same(number)

    def others_in(self, value: bytes) -> bool:
        """Whether a value has a text that is, or has in it, a phone number of somebody else."""
        found = decoded(value)
        texts = _texts(found) if found is not None else iter((value.decode(errors="replace"),))
        return any(other not in self.spellings for text in texts for other in _LOOKS_LIKE_ONE.findall(text))


def decoded(value: bytes) -> Any:
    """The value as plain data; None if it is no JSON."""
    try:
        return _decode(unframed(value))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def numbers_in(value: Any) -> Iterator[str]:
    """The phone numbers that a record of a contact names: its own, and those on the contact's record."""
    if not isinstance(value, dict):
        return
    entries = value.get("numbers")
    for one in (value, *(entries if isinstance(entries, list) else ())):
        number = one.get(_FIELD) if isinstance(one, dict) else None
        if isinstance(number, str):
            yield number


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Every text in plain data, keys of objects included."""
    if isinstance(value, str):
        yield value
    elif depth < NESTING_MAX and isinstance(value, dict):
        for name, one in value.items():
            yield name
            yield from _texts(one, depth + 1)
    elif depth < NESTING_MAX and isinstance(value, list):
        for one in value:
            yield from _texts(one, depth + 1)
