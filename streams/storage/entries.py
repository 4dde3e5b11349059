"""The bytes of what is derived from the rows of a partition and lies beside them in its database.

Every key begins with a byte that no text in UTF-8 has, so that none is that of a row; they come after all rows.
Source: docs/decisions/0057-due-index-on-disk.md.
"""

from datetime import UTC, datetime, timedelta
from struct import Struct

import msgspec

from streams.logic.partition.due_index import Wanted
from streams.logic.partition.shelf import Shelved

DERIVED, DERIVED_END = b"\xff", b"\xff\xff"
"""All keys of derived entries are between these two."""
TIMERS, AT_HAND, TOTALS = b"\xfft", b"\xffh", b"\xffn"
"""What keys begin with: of first timers, in their order; of contacts at hand; of the totals of campaigns."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ZERO = 2**63
"""Instants before 1970 are negative, and have to come first."""
_instant = Struct(">Q")
_ESCAPED_NUL, _END_OF_ID = b"\0\xff", b"\0\0"

_encode = msgspec.msgpack.Encoder().encode
_scheduled = msgspec.msgpack.Decoder(tuple[tuple[str, int], ...]).decode
_encode_states = msgspec.json.Encoder(order="sorted").encode
_states = msgspec.json.Decoder(dict[str, int]).decode


def after(prefix: bytes) -> bytes:
    """The key before which all keys with this prefix are."""
    return prefix[:-1] + bytes([prefix[-1] + 1])


def timer_key(timer: Wanted) -> bytes:
    """The key of a timer; keys are in the order of timers: by instant, callback id and contact key."""
    at, callback_id, key = timer
    microseconds = (at - _EPOCH) // _MICROSECOND
    name = callback_id.encode().replace(b"\0", _ESCAPED_NUL)
    return TIMERS + _instant.pack(microseconds + _ZERO) + name + _END_OF_ID + key


def timer_of(key: bytes) -> Wanted:
    """The timer of that key. Raises ValueError, OverflowError or struct.error if it is none."""
    at = len(TIMERS) + _instant.size
    (microseconds,) = _instant.unpack(key[len(TIMERS) : at])
    # In an escaped id a NUL is always followed by the one byte that no id has.
    end = key.index(_END_OF_ID, at)
    callback_id = key[at:end].replace(_ESCAPED_NUL, b"\0").decode()
    return _EPOCH + timedelta(microseconds=microseconds - _ZERO), callback_id, key[end + len(_END_OF_ID) :]


def contact_of(key: bytes) -> bytes:
    """The contact key in that key. Raises ValueError."""
    return key[key.index(_END_OF_ID, len(TIMERS) + _instant.size) + len(_END_OF_ID) :]


def timer_value(shelved: Shelved) -> bytes:
    """What stands by the key of its timer."""
    return _encode(shelved.scheduled) if shelved.scheduled else b""


def shelved_of(key: bytes, value: bytes) -> Shelved:
    """A timer with what stands by its key. Raises as `timer_of` does, and msgspec.DecodeError."""
    return Shelved(timer_of(key), _scheduled(value) if value else ())


def states_value(states: dict[str, int]) -> bytes:
    """How many callbacks a campaign has, by state."""
    return _encode_states(states)


def states_of(value: bytes) -> dict[str, int]:
    """The same. Raises msgspec.DecodeError."""
    return _states(value)
