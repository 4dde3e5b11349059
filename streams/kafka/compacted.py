"""Reads a compacted topic from its start to the end it has now, as committed, faster than a record at a time.

Used for the changelog of a partition and for the configuration topics. It keeps no offsets in Kafka.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from aiokafka import ConsumerRecord, TopicPartition

from streams.kafka.clients import Clients
from streams.kafka.fetched import DamagedRecord
from streams.kafka.record_parts import HEADER_IS_NO_TEXT

FETCH_BYTES = 8 * 1024 * 1024
POLL_MS = 20  # What is left may be markers alone, which nobody hands over.
FETCH_WAIT_MS = 50  # Questions wait behind a fetch that waits for records.

ReadRecord: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"
Handler = Callable[[ReadRecord], None]
BatchHandler = Callable[[TopicPartition, Sequence[ReadRecord]], None]


@asynccontextmanager
async def reader(
    clients: Clients, partitions: Iterable[TopicPartition], *, fetch_bytes: int = FETCH_BYTES
) -> AsyncIterator[Any]:
    """A consumer of `partitions` outside any group, from their start, read_committed."""
    consumer = clients.consumer(
        group_id=None,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",  # Without it, positions and ends mislead on an assigned partition.
        max_partition_fetch_bytes=fetch_bytes,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        # For so long it asks again for the leader of a partition that has none.
        request_timeout_ms=int(clients.settings.transaction_timeout_s * 1000),
    )
    consumer.assign(list(partitions))
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def read_to_end(consumer: Any, handler: Handler) -> int:
    """Hand every record up to the present end to `handler`; returns how many there were."""

    def take(_: TopicPartition, records: Sequence[ReadRecord]) -> None:
        for record in records:
            handler(record)

    return await read_batches_to_end(consumer, take)


async def read_batches_to_end(consumer: Any, handler: BatchHandler) -> int:
    """The same, a batch of one partition at a time."""
    count = 0
    async for partition, records in batches_to_end(consumer):
        handler(partition, records)
        count += len(records)
    return count


async def batches_to_end(consumer: Any) -> AsyncIterator[tuple[TopicPartition, Sequence[ReadRecord]]]:
    """The same for a caller that has other things to do between them."""
    partitions = consumer.assignment()
    ends: Mapping[TopicPartition, int] = await consumer.end_offsets(list(partitions))
    while await _behind(consumer, ends):
        for partition, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
            yield partition, records


class DamagedState(Exception):
    """Records of a changelog cannot be decoded: what they held of contacts is not known, and must not be guessed."""


def intact(records: Sequence[ReadRecord]) -> Sequence[ReadRecord]:
    """The records of a changelog, of which none may be missing; headers do not matter. Raises DamagedState."""
    for record in records:
        if isinstance(record, DamagedRecord) and record.damage is not HEADER_IS_NO_TEXT:
            first = record.offset if record.damage.first_offset is None else record.damage.first_offset
            where = f"{record.topic}-{record.partition}, offsets {first} to {record.offset}"
            raise DamagedState(f"{where}: {record.damage.what}")
    return records


async def _behind(consumer: Any, ends: Mapping[TopicPartition, int]) -> bool:
    """Whether a partition is not at its end. Positions, not records: the last offset may be a transaction's marker."""
    for partition, end in ends.items():
        if await consumer.position(partition) < end:
            return True
    return False
