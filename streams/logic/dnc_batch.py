"""Many Do Not Call entries read at once: the two ways in which nearly all of them are written, without decoding.

It accepts nothing that the codec would refuse: whatever looks otherwise is left to the codec, one by one.
Source: docs/decisions/0011-dnc-lists-in-sorted-runs.md.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import NamedTuple, Protocol

NUMBER_BITS = 50
"""E.164 has 15 digits at most, which fit; the bits above tell the list."""

DIGITS_MIN, DIGITS_MAX = 2, 15

# The key, a line break, and the value as any serializer writes it that keeps the order of the fields.
_USUAL = re.compile(
    rb'([ !#-\[\]-~]{1,256})\|\+([1-9][0-9]{1,14})\n'
    rb'\{"dnc_list_id": ?"\1", ?"phone_number": ?"\+\2"(?:, ?"expires_at": ?(?:null|"([0-9TZ:.-]{20,27})"))?\}'
)


class Taken(Protocol):
    """What is read of a record of the topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Entries(NamedTuple):
    """Keys and values for the runs, in order, and how many records they are."""

    keys: list[int]
    values: list[int]


def usual_entries(
    records: Iterable[Taken], begin: int, numbers: Mapping[bytes, int], instants: Mapping[bytes | None, int]
) -> Entries:
    """The entries from record `begin` on, up to the first that is not usual. numbers: of the lists known so far.

    instants: how the instants known so far are read, with None for no expiry.
    """
    keys: list[int] = []
    values: list[int] = []
    for_good = instants[None]
    # What the last entry began with; most lists come in long stretches.
    key_prefix = value_prefix = b"\0"
    high, width = 0, 1
    for record in islice(records, begin, None):
        key, value = record.key, record.value
        if key is None or value is None:
            break
        digits = key[width:]
        if (
            key.startswith(key_prefix)
            and value == value_prefix + digits + b'"}'
            and digits.isdigit()
            and digits[0] != 48
            and DIGITS_MIN <= len(digits) <= DIGITS_MAX
        ):
            keys.append(high | int(digits))
            values.append(for_good)
            continue
        match = _USUAL.fullmatch(key + b"\n" + value)
        if match is None or match[1] not in numbers or match[3] not in instants:
            break
        name = match[1]
        high = numbers[name] << NUMBER_BITS
        key_prefix = name + b"|+"
        width = len(key_prefix)
        value_prefix = b'{"dnc_list_id":"' + name + b'","phone_number":"+'
        keys.append(high | int(match[2]))
        values.append(instants[match[3]])
    return Entries(keys, values)
