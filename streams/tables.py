"""Every table: what is kept, under which key, in which changelog, and why.

A table is partitioned with the contact topics. Each partition's rows live in the worker that holds the partition, as
the very bytes that its changelog holds, and are written in the transaction of the unit that changed them;
`streams.engine.store` carries them.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from streams.logic.state import Contact

Row = TypeVar("Row")


@dataclass(frozen=True)
class Table(Generic[Row]):
    """name: as people say it; changelog: a topic of the catalog; row: the type of a value, as JSON."""

    name: str
    changelog: str
    row: type[Row]


# One row holds all that is known of a contact, so that a decision reads one value and writes one value.
CONTACTS = Table("contacts", changelog="contact-state", row=Contact)
