"""The limit of a Python loop on Kafka: a consumer and a transactional producer that copy as much as Ringback writes.

For each wrap-up it writes a row of the usual size, for every fourth the two records of a callback, in whole batches and
exactly once. It decides nothing and keeps nothing.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from benchmarks.peers.hosted import HostedCore
from benchmarks.peers.peer import Place, place_told
from benchmarks.workload import WRAP_UPS_PER_CONTACT, Workload
from topics.names import TopicName

RECORDS_MAX = 2000
BATCH_BYTES = 256 * 1024
FETCH_BYTES = 1024 * 1024
SAMPLE_EVENTS = 400

Sizes = dict[str, int]
"""The usual number of bytes of a record, by the topic it goes to."""


def rows(place: Place) -> str:
    """Where the records go that stand for rows."""
    return place.topic(TopicName.CONTACT_STATE)


def usual_sizes(workload: Workload) -> Sizes:
    """What the core writes about wrap-ups like these, on average."""
    sample = Workload(SAMPLE_EVENTS, workload.at, workload.rules, partitions=1)
    core, table = HostedCore(sample), dict[bytes, bytes]()
    lengths: dict[str, list[int]] = {}
    for offset, (key, value) in enumerate(sample.wrap_ups()):
        table[key], records = core.apply(0, offset, key, value, 0, table.get(key))
        lengths.setdefault(TopicName.CONTACT_STATE, []).append(len(table[key]))
        for record in records:
            lengths.setdefault(record.topic, []).append(len(record.value or b""))
    return {topic: sum(of_topic) // len(of_topic) for topic, of_topic in lengths.items()}


async def copy(place: Place) -> None:
    """Copy until the process is stopped."""
    consumer = AIOKafkaConsumer(
        place.topic(TopicName.WRAP_UP),
        bootstrap_servers=place.broker,
        group_id=place.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=FETCH_BYTES,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=place.broker, transactional_id=place.group, max_batch_size=BATCH_BYTES
    )
    values = {place.topic(TopicName(topic)): bytes(size) for topic, size in usual_sizes(place.workload).items()}
    async with consumer, producer:
        while True:
            polled = await consumer.getmany(timeout_ms=1000, max_records=RECORDS_MAX)
            if not polled:
                continue
            async with producer.transaction():
                sends = (
                    _send(producer, topic, of.partition, records if topic == rows(place) else _some(records), value)
                    for of, records in polled.items()
                    for topic, value in values.items()
                )
                await asyncio.gather(*sends)
                ends = {partition: records[-1].offset + 1 for partition, records in polled.items()}
                await producer.send_offsets_to_transaction(ends, place.group)


def _some(records: list[Any]) -> list[Any]:
    return [record for record in records if record.offset % WRAP_UPS_PER_CONTACT == 0]


async def _send(producer: Any, topic: str, partition: int, records: list[Any], value: bytes) -> None:
    written = []
    batch = producer.create_batch()
    for record in records:
        if batch.append(key=record.key, value=value, timestamp=None) is None:
            written.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=record.key, value=value, timestamp=None)
    if batch.record_count():
        written.append(await producer.send_batch(batch, topic, partition=partition))
    await asyncio.gather(*written)


def main() -> None:
    """Copy until the process is stopped."""
    asyncio.run(copy(place_told()))


if __name__ == "__main__":
    main()
