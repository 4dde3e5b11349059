"""What the view asks of the brokers: which topics there are, how far they go, and their records."""

import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import TopicPartition

from streams.console.view.places import Place, Source, Span
from streams.console.view.record import TOPICS, Record
from streams.console.view.writer import Position
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord
from streams.kafka.fetched import DamagedRecord
from streams.kafka.record_parts import HEADER_IS_NO_TEXT
from topics.names import TopicName

log = logging.getLogger(__name__)

FETCH_BYTES = 1024 * 1024
FETCH_WAIT_MS = 200
"""Of one fetch, when there is nothing new: a record that is written now is read at once, whatever this is."""


@asynccontextmanager
async def consumer(clients: Clients) -> AsyncIterator[Any]:
    """One that belongs to no group, reads what is committed, and fails where an offset is not there any more."""
    made = clients.consumer(
        group_id=None,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=FETCH_BYTES,
        fetch_max_wait_ms=FETCH_WAIT_MS,
        request_timeout_ms=int(clients.settings.transaction_timeout_s * 1000),
    )
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


async def topics_there(clients: Clients) -> dict[str, tuple[str, int]]:
    """By topic without prefix: its id, "" if the broker has none, and how many partitions. Raises OperatorError."""
    names = {clients.settings.topic(topic): str(topic) for topic in TOPICS}
    found = await topic_admin.topic_metadata(clients, names)
    if found:
        return {names[full]: (one.topic_id, one.partitions) for full, one in found.items()}
    counts = {topic: await topic_admin.partitions_of(clients, full) for full, topic in names.items()}
    return {topic: ("", count) for topic, count in counts.items() if count}


async def ask(clients: Clients, asked: Any) -> Source:
    """What there is; `asked` is a consumer. Raises OperatorError, KafkaError."""
    there = await topics_there(clients)
    missing = [str(topic) for topic in TOPICS if topic not in there]
    if missing:
        log.warning("these topics are not there, or may not be read: %s", ", ".join(missing))
    places = [(topic, number) for topic, (_, count) in there.items() for number in range(count)]
    spans = await ask_spans(clients, asked, places)
    return Source(await topic_admin.cluster_id(clients), {topic: one[0] for topic, one in there.items()}, spans)


async def ask_spans(clients: Clients, asked: Any, places: Iterable[Place]) -> dict[Place, Span]:
    """How far partitions go, as committed. Raises KafkaError."""
    partitions = {partition_of(clients, place): place for place in places}
    first = await asked.beginning_offsets(list(partitions)) if partitions else {}
    ends = await asked.end_offsets(list(partitions)) if partitions else {}
    return {place: Span(first[partition], ends[partition]) for partition, place in partitions.items()}


def begin(clients: Clients, asked: Any, positions: Iterable[Position]) -> None:
    """Have a consumer read from these positions on."""
    reached = {partition_of(clients, (one.topic, one.number)): one.position for one in positions}
    asked.assign(list(reached))
    for partition, position in reached.items():
        asked.seek(partition, position)


def partition_of(clients: Clients, place: Place) -> TopicPartition:
    """A partition as the client knows it."""
    return TopicPartition(clients.settings.topic(place[0]), place[1])


async def reached(clients: Clients, asked: Any, before: Mapping[Place, Position]) -> dict[Place, Position]:
    """How far a consumer has read, and where partitions ended as of their last fetch.

    Positions are asked for and not counted: a topic may end in markers of transactions.
    """
    found = {}
    for place, one in before.items():
        partition = partition_of(clients, place)
        position = await asked.position(partition)
        end = max(one.end, position, asked.last_stable_offset(partition) or 0)
        found[place] = one if (position, end) == (one.position, one.end) else one._replace(position=position, end=end)
    return found


def records_of(prefix: str, polled: Mapping[TopicPartition, Sequence[ReadRecord]]) -> list[Record]:
    """What was fetched, as records of the view."""
    return [
        Record(
            TopicName(partition.topic.removeprefix(prefix)),
            partition.partition,
            one.offset,
            one.timestamp,
            one.key,
            one.value,
            tuple(one.headers),
            isinstance(one, DamagedRecord) and one.damage is not HEADER_IS_NO_TEXT,
        )
        for partition, records in polled.items()
        for one in records
    ]
