"""What is to be said about a topic: its name, key, partitions and settings.

Prefix, replication and the number of contact partitions belong to a deployment and are given where they are needed.
Source: docs/contract.md, section "Topics".
"""

from dataclasses import dataclass, field
from enum import StrEnum

from msgspec import Struct

from topics.names import TopicName

DEFAULT_PREFIX = "ringback."
DAY_MS = 24 * 3600 * 1000
FOREVER_MS = -1

MESSAGE_BYTES_MAX = 1024 * 1024
"""Largest record on any topic but the dead letters."""

DEAD_LETTER_BYTES_MAX = 2 * MESSAGE_BYTES_MAX
"""Room for the largest record and the headers that say what was wrong with it."""


class Direction(StrEnum):
    """Which way a topic goes, seen from us. `in` may be written by us as well (Do Not Call entries)."""

    IN = "in"
    OUT = "out"
    INTERNAL = "internal"


class Scope(StrEnum):
    """What a topic is about, and with that who reads it: one partition's owner, or every worker."""

    CONTACT = "contact"
    CAMPAIGN = "campaign"
    OTHER = "other"


class Cleanup(StrEnum):
    """Kafka's `cleanup.policy`."""

    DELETE = "delete"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """One topic.

    key: in words. values: the structs a value may be; empty where a value is not ours to decode.
    partitions: None means the contact partition count. retention_ms: None on a compacted topic, -1 for ever.
    reason: why it is kept that way and that long. extra: further topic settings by their Kafka names.
    of_console: only a console and the commands that act write it; where nobody uses them, it need not be there.
    any_partitions: of one that others make as they like.
    """

    name: TopicName
    direction: Direction
    scope: Scope
    key: str
    values: tuple[type[Struct], ...]
    partitions: int | None = None
    cleanup: Cleanup = Cleanup.DELETE
    retention_ms: int | None = None
    reason: str
    extra: dict[str, str] = field(default_factory=dict)
    of_console: bool = False
    any_partitions: bool = False

    def partition_count(self, contact_partitions: int) -> int:
        """How many partitions the topic has where contact topics have `contact_partitions`."""
        return contact_partitions if self.partitions is None else self.partitions

    def config(self) -> dict[str, str]:
        """The topic's settings by their Kafka names. Replication is a matter of the deployment and not in it."""
        config = {"cleanup.policy": str(self.cleanup), "max.message.bytes": str(MESSAGE_BYTES_MAX)}
        if self.retention_ms is not None:
            config["retention.ms"] = str(self.retention_ms)
        return config | self.extra
