"""Reads the changelog of a partition into its store, as far as it goes by now."""

from collections.abc import Sequence
from datetime import datetime

from aiokafka import TopicPartition

from streams.base import metrics
from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord, intact, read_batches_to_end, reader
from streams.storage.store import Store


class Progress:
    """Of one restore, for the metrics: it begins at `first`, and ends at `end`."""

    def __init__(self, number: int, first: int, end: int) -> None:
        self._number, self._first, self._end = number, first, end
        self.read_to(first)

    def read_to(self, offset: int) -> None:
        """Everything before this offset has been read."""
        remaining, whole = max(0, self._end - offset), self._end - self._first
        metrics.engine.RESTORE_REMAINING.labels(self._number).set(remaining)
        metrics.engine.RESTORE_PROGRESS.labels(self._number).set(1 - remaining / whole if whole > 0 else 1)

    def over(self) -> None:
        """What was left were markers."""
        self.read_to(self._end)


class Changelog:
    """Of all partitions of a table. topic: by its full name."""

    def __init__(self, clients: Clients, topic: str) -> None:
        self.topic = topic
        self._clients = clients

    async def restore(self, store: Store, number: int, began: datetime) -> int:
        """Bring the store of a partition up to the end; returns how many records that took. Raises DamagedState.

        began: when the reading began, at the latest: what is read is as old as this, since a process may sleep for days
        in the middle of it.
        """
        changelog = TopicPartition(self.topic, number)
        async with reader(self._clients, [changelog]) as consumer:
            if store.next_offset is not None:
                consumer.seek(changelog, store.next_offset)
            first, end = await consumer.position(changelog), (await consumer.end_offsets([changelog]))[changelog]
            progress = Progress(number, first, end)

            def take(_: TopicPartition, read: Sequence[ReadRecord]) -> None:
                store.restore(intact(read), began)
                progress.read_to(read[-1].offset + 1)

            rows = await read_batches_to_end(consumer, take)
            progress.over()
            store.committed(await consumer.position(changelog), began)
        return rows
