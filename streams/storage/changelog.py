"""Reads the changelog of a partition into its store, as far as it goes by now."""

from datetime import datetime

from aiokafka import TopicPartition

from streams.kafka.clients import Clients
from streams.kafka.compacted import intact, read_batches_to_end, reader
from streams.storage.store import Store


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
            rows = await read_batches_to_end(consumer, lambda _, read: store.restore(intact(read), began))
            store.committed(await consumer.position(changelog), began)
        return rows
