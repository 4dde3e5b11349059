"""What one Do Not Call record says, whole or in part: which number of which list, and until when.

Source: docs/contract.md, sections "dnc-entries" and "Records that do not fit"; docs/rules.md, section 8 row 22.
"""

import re
from typing import NamedTuple

from streams.logic.contact.bounds import RECORD_BYTES_MAX, check_size
from streams.logic.dnc.batch import FOR_GOOD, value_of
from streams.logic.dnc.runs import REMOVED
from topics.codec import BadEvent, ErrorCode, Value, decode_cells, decode_or_none, value_key
from topics.configuration import DncEntry
from topics.fields import ID_LENGTH_MAX, legible_number
from topics.framing import why_wrong_key
from topics.names import TopicName

_NUMBER = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)
_USUAL_KEY = re.compile(rb"([\x00-\x7f]{1,%d})\|\+([1-9][0-9]{1,14})" % ID_LENGTH_MAX)


class Change(NamedTuple):
    """dnc_list_id: in UTF-8. digits: of the number, read as one. value: for the runs, REMOVED for a tombstone."""

    dnc_list_id: bytes
    digits: int
    value: int


def change_of(key: bytes | None, value: bytes | None) -> tuple[Change | None, BadEvent | None]:
    """What a record says, or what is left of it, and what is wrong with it.

    Of one that cannot be read that is its key: the number is on the list, for good. No change: it is not known which
    number it is about, or it removes what no list can have.
    """
    if key is None:
        return None, BadEvent(ErrorCode.WRONG_KEY, "$", "There is no key")
    try:
        if value is None:
            return _by_key(_text(key), REMOVED), None
        return _entry(key, value)
    except BadEvent as bad_event:
        return (None if value is None else blocked(key)), bad_event.bare()


def left_of(key: bytes | None, value: bytes | None) -> tuple[Change | None, bool]:
    """The same, several times as fast where many are refused: only whether something is wrong with it."""
    if key is None or value is None or len(value) > RECORD_BYTES_MAX:
        change, bad_event = change_of(key, value)
        return change, bad_event is not None
    found = decode_or_none(TopicName.DNC_ENTRIES, value)
    if found is None or value_key(TopicName.DNC_ENTRIES, found[0]).encode() != key:
        return blocked(key), True
    return _change(found[0]), found[1]


def _entry(key: bytes, value: bytes) -> tuple[Change, BadEvent | None]:
    check_size(value)
    entry, bad_event = decode_cells(TopicName.DNC_ENTRIES, value)
    if value_key(TopicName.DNC_ENTRIES, entry).encode() != key:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", why_wrong_key(key))
    return _change(entry), bad_event


def _change(entry: Value) -> Change:
    assert isinstance(entry, DncEntry), "nothing else stands on this topic"
    return Change(entry.dnc_list_id.encode(), int(entry.phone_number[1:]), value_of(entry.expires_at))


def blocked(key: bytes) -> Change | None:
    """The number of the key on its list for good, also in another shape; a tombstone needs the E.164 key."""
    if usual := _USUAL_KEY.fullmatch(key):
        return Change(usual[1], int(usual[2]), FOR_GOOD)
    try:
        name, _, text = _text(key).rpartition("|")
    except BadEvent:
        return None
    return _by_parts(name, text if _NUMBER.fullmatch(text) else legible_number(text) or text, FOR_GOOD)


def _by_key(key: str, value: int) -> Change | None:
    name, _, phone_number = key.rpartition("|")
    return _by_parts(name, phone_number, value)


def _by_parts(name: str, phone_number: str, value: int) -> Change | None:
    if not (0 < len(name) <= ID_LENGTH_MAX and _NUMBER.fullmatch(phone_number)):
        return None
    return Change(name.encode(), int(phone_number[1:]), value)


def _text(key: bytes) -> str:
    try:
        return key.decode()
    except UnicodeDecodeError:
        raise BadEvent(ErrorCode.WRONG_KEY, "$", "The key is not UTF-8") from None
