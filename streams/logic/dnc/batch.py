"""Many Do Not Call records read at once: the ways in which nearly all are written, compared as columns of bytes.

It accepts nothing that the codec would refuse: whatever looks otherwise is left to the codec, one by one. numpy is
loaded with the first batch. Source: docs/decisions/0011-dnc-lists-in-sorted-runs.md.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from streams.logic.dnc.runs import REMOVED
from topics.fields import Instant

NUMBER_BITS = 50
"""E.164 has 15 digits at most, which fit; the bits above have the list."""

LISTS_IN_RUNS = 1 << (64 - NUMBER_BITS)
"""Lists for which a key of 64 bits has numbers."""

DIGITS_MIN, DIGITS_MAX = 2, 15

FOR_GOOD = 2**63 - 1
"""The value of an entry that does not expire; else it is the instant in microseconds since 1970."""

BEGINNINGS_MAX = 16
"""Lists, or ways of writing one, that are looked for in a batch; what is of further ones is read one by one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# The key, a line break, and how a value begins as any serializer writes it that keeps the order of the fields.
_BEGINNING = re.compile(
    rb'([ !#-\[\]-~]{1,256})\|\+([1-9][0-9]{1,14})\n\{"dnc_list_id": ?"\1", ?"phone_number": ?"\+(?=\2")'
)
_SPACED = [(comma, space) for comma, space in product((b",", b", "), (b"", b" "))]
# How a value goes on after the number, when it does not expire and when it does.
_FOR_GOOD = [b'"}', *(b'"%s"expires_at":%snull}' % spaced for spaced in _SPACED)]
_EXPIRES = [b'"%s"expires_at":%s"' % spaced for spaced in _SPACED]
_EXPIRES_END = b'Z"}'
_INSTANT_MIN, _INSTANT_MAX = 19, 26
"""Bytes of an instant without its Z: from whole seconds to a fraction of six digits."""
_INSTANTS = msgspec.json.Decoder(list[Instant])
_AHEAD, _BEHIND = DIGITS_MAX, 512
"""Bytes around a column, so that a field which begins in it, or ends in it, is never cut off."""
_ENDING_MAX = 64


class Taken(Protocol):
    """What is read of a record of the topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


R = TypeVar("R", bound=Taken)


class Entries(NamedTuple):
    """For each record its key and value for the runs, as arrays, and whether it has been read."""

    keys: Any
    values: Any
    read: Any


def value_of(expires_at: datetime | None) -> int:
    """What stands in a run for an instant of expiry, which is in UTC."""
    return FOR_GOOD if expires_at is None else (expires_at - _EPOCH) // _MICROSECOND


def expiry_of(value: int) -> datetime | None:
    """The instant of expiry that a value stands for."""
    return None if value == FOR_GOOD else _EPOCH + value * _MICROSECOND


def usual_entries(records: Sequence[R], numbers: Mapping[bytes, int], learn: Callable[[R], object]) -> Entries:
    """Read those of the records that are written as usual.

    numbers: of the lists known so far. learn: called with a record whose list may not be known; is it a good one, then
    its list is known afterwards.
    """
    import numpy as np

    batch = _Batch(records)
    count = len(records)
    entries = Entries(np.zeros(count, np.uint64), np.zeros(count, np.int64), np.zeros(count, bool))
    left = np.arange(count)
    tried = set()
    for _ in range(BEGINNINGS_MAX):
        if not len(left):
            break
        first = records[left[0]]
        beginning = _beginning(first.key or b"", first.value or b"", numbers)
        if beginning is None:
            learn(first)
            beginning = _beginning(first.key or b"", first.value or b"", numbers)
        if beginning is not None and beginning not in tried:
            tried.add(beginning)
            batch.read(left, beginning, entries)
        left = left[1:][~entries.read[left[1:]]]
    return entries


class _Beginning(NamedTuple):
    """What keys and values begin with, up to the digits, and the list in the bits of the key."""

    key: bytes
    value: bytes
    high: int


def _beginning(key: bytes, value: bytes, numbers: Mapping[bytes, int]) -> _Beginning | None:
    match = _BEGINNING.match(key + b"\n" + value)
    if match is None or match.end() <= len(key) or numbers.get(match[1], LISTS_IN_RUNS) >= LISTS_IN_RUNS:
        return None
    return _Beginning(key[: match.start(2)], value[: match.end() - len(key) - 1], numbers[match[1]] << NUMBER_BITS)


class _Column:
    """Texts side by side in one array of bytes, to be compared field by field."""

    def __init__(self, texts: Sequence[bytes]) -> None:
        import numpy as np

        self.lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self.begins = np.cumsum(self.lengths) - self.lengths + _AHEAD
        self._bytes = np.frombuffer(b"".join((bytes(_AHEAD), *texts, bytes(_BEHIND))), np.uint8)

    def fields(self, begins: Any, width: int) -> Any:
        """A row of `width` bytes for each of `begins`; the caller knows that they are within their texts."""
        import numpy as np

        return np.lib.stride_tricks.sliding_window_view(self._bytes, width)[begins]

    def begin_with(self, rows: Any, text: bytes) -> Any:
        """Which of the texts begin so."""
        is_long = self.lengths[rows] >= len(text)
        return is_long & _equal(self.fields(self.begins[rows], len(text)), text)


class _Batch:
    """The keys and values of some records as columns."""

    def __init__(self, records: Sequence[Taken]) -> None:
        import numpy as np

        values = [record.value for record in records]
        self._is_tombstone = np.fromiter((value is None for value in values), bool, len(values))
        self._keys = _Column([record.key or b"" for record in records])
        self._values = _Column([value or b"" for value in values])

    def read(self, rows: Any, beginning: _Beginning, entries: Entries) -> None:
        """Read those of `rows` that begin like this."""
        import numpy as np

        keys, values = self._keys, self._values
        rows = rows[keys.begin_with(rows, beginning.key)]
        lengths = keys.lengths[rows] - len(beginning.key)
        fits = (lengths >= DIGITS_MIN) & (lengths <= DIGITS_MAX)
        rows, lengths = rows[fits], lengths[fits]
        digits = self._digits(keys, keys.begins[rows] + len(beginning.key), lengths)
        numbers = digits.astype(np.uint64) @ (10 ** np.arange(DIGITS_MAX - 1, -1, -1, dtype=np.uint64))
        is_number = (digits <= 9).all(axis=1) & (numbers >= 10 ** (lengths - 1).astype(np.uint64))
        entries.keys[rows] = numbers | np.uint64(beginning.high)
        gone = is_number & self._is_tombstone[rows]
        entries.values[rows[gone]], entries.read[rows[gone]] = REMOVED, True
        # Of the others the value must begin as expected and go on with the same digits.
        ends = values.begins[rows] + len(beginning.value) + lengths
        alike = is_number & values.begin_with(rows, beginning.value)
        alike &= values.lengths[rows] - len(beginning.value) - lengths >= len(_FOR_GOOD[0])
        rows, ends, digits, lengths = rows[alike], ends[alike], digits[alike], lengths[alike]
        alike = (self._digits(values, ends - lengths, lengths) == digits).all(axis=1)
        self._read_endings(rows[alike], ends[alike], entries)

    def _digits(self, column: _Column, begins: Any, lengths: Any) -> Any:
        """The digits, right-aligned in a row and with zeros before them; what is no digit is more than 9."""
        import numpy as np

        row = column.fields(begins + lengths - DIGITS_MAX, DIGITS_MAX) - np.uint8(ord("0"))
        row[np.arange(DIGITS_MAX) < (DIGITS_MAX - lengths)[:, None]] = 0
        return row

    def _read_endings(self, rows: Any, begins: Any, entries: Entries) -> None:
        import numpy as np

        lengths = self._values.begins[rows] + self._values.lengths[rows] - begins
        for length in np.unique(lengths[lengths <= _ENDING_MAX]):
            some = lengths == length
            of_length, endings = rows[some], self._values.fields(begins[some], int(length))
            for text in _FOR_GOOD:
                if len(text) == length:
                    same = of_length[_equal(endings, text)]
                    entries.values[same], entries.read[same] = FOR_GOOD, True
            for text in _EXPIRES:
                expiring = _expiring(endings, text)
                instants = _instants(endings[expiring, len(text) : -len(_EXPIRES_END)])
                if instants is not None:
                    same = of_length[expiring]
                    entries.values[same], entries.read[same] = instants, True


def _equal(fields: Any, text: bytes) -> Any:
    import numpy as np

    return (fields == np.frombuffer(text, np.uint8)).all(axis=1)


def _expiring(endings: Any, text: bytes) -> Any:
    """Which endings begin with `text`, and then have what an instant in UTC is written with."""
    import numpy as np

    width = endings.shape[1] - len(text) - len(_EXPIRES_END)
    if not _INSTANT_MIN <= width <= _INSTANT_MAX:
        return np.zeros(len(endings), bool)
    is_usual = np.zeros(256, bool)
    is_usual[list(b"0123456789-:.T")] = True
    framed = _equal(endings[:, : len(text)], text) & _equal(endings[:, -len(_EXPIRES_END) :], _EXPIRES_END)
    return framed & is_usual[endings[:, len(text) : -len(_EXPIRES_END)]].all(axis=1)


def _instants(fields: Any) -> Any:
    """The values for instants that were found to consist of the right characters; None if one of them is none."""
    import numpy as np

    if not len(fields):
        return None
    quoted = np.empty((len(fields), fields.shape[1] + 4), np.uint8)
    quoted[:, 0], quoted[:, 1:-3], quoted[:, -3:] = ord('"'), fields, np.frombuffer(b'Z",', np.uint8)
    try:
        decoded = _INSTANTS.decode(b"[" + quoted.tobytes()[:-1] + b"]")
    except msgspec.ValidationError:
        return None
    since = [instant - _EPOCH for instant in decoded]
    # Made of their parts, several times as fast as from timedeltas one by one.
    seconds = np.array([one.days for one in since]) * 86_400 + np.array([one.seconds for one in since])
    return seconds * 1_000_000 + np.array([one.microseconds for one in since])
