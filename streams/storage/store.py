"""The rows of one partition: in memory, or in a RocksDB on disk that a restart loads.

A store shows what has been decided at once and keeps it for good only when it has been committed: what is on disk has
never been more than what is in Kafka. Source: docs/decisions/0015-state-on-disk.md.
"""

from collections.abc import MutableMapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from streams.kafka.compacted import ReadRecord
from streams.logic.partition.shelf import InMemory, Shelf

Rows = MutableMapping[bytes, bytes]

REFRESH = timedelta(hours=1)
"""A partition in which nothing happens is renewed this often: Kafka forgets a transactional id that is not used for
seven days, and a producer's id within one."""


class Store(Protocol):
    """The rows of one partition. rows: key to row, both as in the changelog, also what is not committed yet.

    shelf: what is derived from them.
    """

    rows: Rows

    @property
    def shelf(self) -> Shelf: ...  # noqa: D102

    @property
    def next_offset(self) -> int | None:
        """Offset of the changelog to read on from; None for its beginning."""

    def restore(self, records: Sequence[ReadRecord], now: datetime) -> None:
        """Take in records of the changelog, in their order; there may be more to read."""

    def committed(self, next_offset: int | None, now: datetime) -> None:
        """The rows are the whole changelog, which goes on at `next_offset`; None if that offset is not known."""

    def needs_refresh(self, now: datetime) -> bool:
        """Whether its freshness has to be confirmed: the next start uses only state that is known to be fresh."""

    def confirm_fresh(self, now: datetime) -> None:
        """Confirm that nothing had changed by now, and that the partition was ours then."""

    def close(self) -> None:
        """Close it; changes that were not committed are dropped."""


class MemoryStore:
    """Rows in memory alone: a restart reads the whole changelog."""

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.shelf: Shelf = InMemory(self.rows)
        self._fresh_at: datetime | None = None

    @property
    def next_offset(self) -> int | None:
        """The beginning, always."""
        return None

    def restore(self, records: Sequence[ReadRecord], now: datetime) -> None:
        """Take in records of the changelog."""
        for record in records:
            if record.value is None:
                self.rows.pop(record.key, None)
            else:
                self.rows[record.key] = record.value

    def committed(self, next_offset: int | None, now: datetime) -> None:
        """It was fresh."""
        self._fresh_at = now

    def needs_refresh(self, now: datetime) -> bool:
        """Once in a while, too: it also renews what the broker knows of the partition's producer."""
        return self._fresh_at is not None and now - self._fresh_at > REFRESH

    def confirm_fresh(self, now: datetime) -> None:
        """Note it."""
        self._fresh_at = now

    def close(self) -> None:
        """Nothing to do."""
