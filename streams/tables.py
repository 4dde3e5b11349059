"""Every table: what is kept, under which key, in which changelog, and why.

A table is partitioned with the contact topics. Each partition's rows live in the worker that holds the partition, as
the very bytes that its changelog holds, and are written in the transaction that changed them;
`streams.storage.store` carries them. Names of changelogs and of folders come from here, and the table in
A test compares docs/engine.md with this.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from streams.logic.contact.state import Contact
from topics.catalog import CATALOG
from topics.names import TopicName

Row = TypeVar("Row")


@dataclass(frozen=True)
class Table(Generic[Row]):
    """name: as people say it; changelog: a topic of the catalog, without prefix; row: the type of a value, as JSON."""

    name: str
    changelog: TopicName
    row: type[Row]
    reason: str

    @property
    def key(self) -> str:
        """What a row is kept under: the key of its changelog."""
        return CATALOG[self.changelog].key

    def folder(self, partition: object) -> str:
        """Name of the folder, within `state_dir`, that has the rows of a partition."""
        return f"{self.name}-{partition}"


CONTACTS = Table(
    "contacts",
    changelog=TopicName.CONTACT_STATE,
    row=Contact,
    reason="One row holds all that is known of a contact: a decision reads one value and writes one value.",
)

TABLES: tuple[Table[Contact], ...] = (CONTACTS,)
