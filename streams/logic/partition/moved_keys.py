"""Whether the rows of a partition are of contacts that belong to it: not any more when partitions have been added.

Source: docs/decisions/0032-refused-at-the-start.md.
"""

from collections.abc import Mapping
from itertools import islice

from streams.logic.partition.own_rows import is_contact
from topics.partitions import partition_for

LOOKED_AT = 1000
"""Rows of a partition; half of all keys, or more, belong elsewhere as soon as there are more partitions."""


class KeysMoved(Exception):
    """A row is of a contact whose events come to another partition, so that it would get no event any more."""

    def __init__(self, number: int, partitions: int) -> None:
        super().__init__(f"partition {number} of {partitions} has the state of contacts that belong to another one")
        self.number = number
        self.partitions = partitions


def check_key(key: bytes, number: int, partitions: int) -> None:
    """Raise KeysMoved for the key of a contact that does not belong to this partition."""
    if is_contact(key) and partition_for(key, partitions) != number:
        raise KeysMoved(number, partitions)


def check_first(table: Mapping[bytes, bytes], number: int, partitions: int) -> None:
    """Raise KeysMoved when one of the first rows of a table is of a contact that belongs to another partition."""
    for key, _ in islice(table.items(), LOOKED_AT):
        check_key(key, number, partitions)
