"""Reads partitions from an instant on to the ends they have, and says how much of each log that was."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from streams.base.errors import OperatorError
from streams.kafka.clients import Clients
from streams.kafka.compacted import POLL_MS, BatchHandler, reader
from streams.kafka.diagnosis import RIGHTS
from streams.kafka.source_ends import Span


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is to be read of one partition. begin, end: of its log, as committed; read_from: where reading begins."""

    begin: int
    end: int
    read_from: int


Stretches = Mapping[TopicPartition, Stretch]
Known = Callable[[TopicPartition], Span | None]


async def read_since(
    clients: Clients, partitions: Sequence[TopicPartition], since: datetime | None, handler: BatchHandler, known: Known
) -> Stretches:
    """Hand the records of partitions of one topic to `handler`, from the first that is no older than `since`.

    since: None for all. known: how far a partition is to be read, if it was read before: what came meanwhile would not
    fit to the rest. Raises OperatorError when the broker does not answer or a topic may not be read.
    """
    if not partitions:
        return {}
    try:
        async with reader(clients, partitions) as consumer:
            stretches = await _stretches(consumer, partitions, since, known)
            for partition, stretch in stretches.items():
                consumer.seek(partition, stretch.read_from)
            await _read(consumer, stretches, handler)
            return stretches
    except TopicAuthorizationFailedError:
        raise OperatorError(f"this user has no right to Read topic {partitions[0].topic}. {RIGHTS}") from None
    except KafkaError as error:
        raise OperatorError(f"{partitions[0].topic} cannot be read: {error or type(error).__name__}") from None


async def _stretches(
    consumer: Any, partitions: Sequence[TopicPartition], since: datetime | None, known: Known
) -> dict[TopicPartition, Stretch]:
    begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    found = {}
    since_ms = None if since is None else max(0, int(since.timestamp() * 1000))
    at = {} if since_ms is None else await consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
    for partition in partitions:
        span = known(partition) or Span(begins[partition], ends[partition])
        first = at.get(partition)
        # Without a record of that age, or a later one, what is there is older: nothing is to be read.
        begin = span.first if since_ms is None else span.end if first is None else int(first.offset)
        read_from = min(max(begin, begins[partition]), span.end)
        found[partition] = Stretch(span.first, span.end, read_from)
    return found


async def _read(consumer: Any, stretches: Stretches, handler: BatchHandler) -> None:
    """Up to the ends, which a partition reaches by its position: its last offsets may be ends of transactions."""
    left = {partition for partition, stretch in stretches.items() if stretch.read_from < stretch.end}
    consumer.pause(*(set(stretches) - left))
    while left:
        for partition, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
            end = stretches[partition].end
            within = records if records[-1].offset < end else [one for one in records if one.offset < end]
            if within and partition in left:
                handler(partition, within)
        for partition in list(left):
            if await consumer.position(partition) >= stretches[partition].end:
                left.discard(partition)
                consumer.pause(partition)
