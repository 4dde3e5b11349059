"""The records in the content of a batch, read one by one where aiokafka's own reading fails.

It reads whatever is there: a header whose name is no text is left out, a value that is larger than anybody needs is
cut, and where no record can be separated it says so. Format: Kafka's record batches, magic 2.
"""

from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from streams.logic.contact.exchange import Damage
from topics.codec import ErrorCode
from topics.topic import DEAD_LETTER_BYTES_MAX

RECORD_BYTES_MAX = 16 * 1024 * 1024
"""Nobody writes an event of this size; one that is larger is not taken in, whatever it says."""

VALUE_KEPT = DEAD_LETTER_BYTES_MAX
"""Of the value of a larger one: as much as a dead letter may hold."""

HEADER_IS_NO_TEXT = Damage(ErrorCode.UNDECODABLE, "The name of a header is not UTF-8; it has been left out")
RECORD_IS_DAMAGED = Damage(ErrorCode.DAMAGED, "The record cannot be decoded")


class Part(NamedTuple):
    """One record of a batch. Offset and timestamp are counted from those of the batch; None is not known."""

    offset_delta: int | None
    timestamp_delta: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    damage: Damage | None = None


class NoMore(Exception):
    """The content ends, or makes no sense, before its last record."""


def parts_of(content: memoryview, count: int, *, is_whole: bool = True) -> Iterator[Part]:
    """The records of a batch that has `count`. Raises NoMore where no further record can be separated.

    is_whole: whether the content is all that the batch has; else its last record may be there in part.
    """
    at = 0
    for _ in range(count):
        try:
            length, begin = _varint(content, at)
        except IndexError:
            raise NoMore from None
        if length < 0:
            raise NoMore
        at = begin + length
        if at > len(content):
            part = None if is_whole else _part_of(content[begin:], is_whole=False)
            if part is not None and part.value is not None:
                yield part
            raise NoMore
        yield _part_of(content[begin:at])


def _part_of(record: memoryview, *, is_whole: bool = True) -> Part:
    try:
        timestamp, at = _varint(record, 1)  # After the attributes, of which there are none.
        offset, at = _varint(record, at)
        key, at = _bytes(record, at)
        value, damage, at = _value(record, at, is_whole)
        if damage is not None or not is_whole:
            return Part(offset, timestamp, key, value, (), damage or RECORD_IS_DAMAGED)
        headers, damage = _headers(record, at)
        return Part(offset, timestamp, key, value, headers, damage)
    except IndexError:
        return Part(None, 0, None, None, (), RECORD_IS_DAMAGED)


def _value(record: memoryview, at: int, is_whole: bool) -> tuple[bytes | None, Damage | None, int]:
    length, at = _varint(record, at)
    if length < 0:
        return None, None, at
    there = record[at : at + length]
    if is_whole and len(there) < length:
        raise IndexError
    if length <= RECORD_BYTES_MAX and len(there) == length:
        return bytes(there), None, at + length
    digest = sha256(there).hexdigest() if len(there) == length else None
    what = f"A value of {length} bytes is more than is taken in"
    damage = Damage(ErrorCode.TOO_LARGE, what, value_bytes=length, value_sha256=digest)
    return bytes(there[:VALUE_KEPT]), damage, at + length


def _headers(record: memoryview, at: int) -> tuple[tuple[tuple[str, bytes | None], ...], Damage | None]:
    count, at = _varint(record, at)
    headers: list[tuple[str, bytes | None]] = []
    damage = None
    for _ in range(count):
        name, at = _bytes(record, at)
        value, at = _bytes(record, at)
        try:
            headers.append(((name or b"").decode(), value))
        except UnicodeDecodeError:
            damage = HEADER_IS_NO_TEXT
    return tuple(headers), damage if at == len(record) else RECORD_IS_DAMAGED


def _bytes(record: memoryview, at: int) -> tuple[bytes | None, int]:
    length, at = _varint(record, at)
    if length < 0:
        return None, at
    if length > len(record) - at:
        raise IndexError
    return bytes(record[at : at + length]), at + length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """A number in zigzag, seven bits a byte, and where it ends. Raises IndexError."""
    number = shift = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return (number >> 1) ^ -(number & 1), at
        shift += 7
        if shift > 63:
            raise IndexError
