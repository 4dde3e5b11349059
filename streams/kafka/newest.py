"""The newest records of topics, each with the batch that it came in, for whoever wants to know how they were sent.

Batches are fetched as they are, since a consumer does not say how they were compressed or who sent them; records are
made of them as for workers. Nothing is committed, and no group is joined.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError, for_code

from streams.kafka.clients import Clients
from streams.kafka.codecs import name_of
from streams.kafka.compacted import ReadRecord
from streams.kafka.fetched import Batches, PartitionRecords
from streams.library_internals.aiokafka.client import ask
from streams.library_internals.aiokafka.protocol import FetchRequest
from streams.library_internals.aiokafka.records import DefaultRecordBase, DefaultRecordBatch, committed

IDLE_ROUNDS_MAX = 4
"""So often is asked without anything new: a batch that may be damaged is asked for thrice."""

PARTITION_BYTES = 1024 * 1024
ANSWER_BYTES = 32 * 1024 * 1024
READ_COMMITTED = 1
WAIT_MS = 100
_HEADER = DefaultRecordBase.HEADER_STRUCT
_MAGIC_AT = 16


class SentBatch(NamedTuple):
    """One batch. producer_id: -1 without idempotence. stamped: its timestamp is the broker's."""

    first_offset: int
    codec: str
    producer_id: int
    stamped: bool


@dataclass
class Newest:
    """What was read of a partition: records in their order, and the batches that were fetched for them.

    why_not: why there are none, or why there are fewer.
    """

    records: list[ReadRecord] = field(default_factory=list)
    batches: list[SentBatch] = field(default_factory=list)
    why_not: str | None = None

    def batch_of(self, record: ReadRecord) -> SentBatch | None:
        """The batch of a record; None for one of a format of before Kafka 0.11."""
        at = bisect_right(self.batches, record.offset, key=lambda batch: batch.first_offset)
        return self.batches[at - 1] if at else None


@dataclass
class _Reading:
    """Where the reading of a partition stands, and where it ends."""

    leader: int
    offset: int
    end: int
    newest: Newest = field(default_factory=Newest)

    @property
    def goes_on(self) -> bool:
        """Whether there is something to fetch."""
        return self.newest.why_not is None and self.offset < self.end


async def newest(
    clients: Clients, admin: AIOKafkaAdminClient, topics: Iterable[str], count: int
) -> dict[TopicPartition, Newest]:
    """The newest `count` offsets of each partition of topics that are there, by full name, as far as committed.

    Raises KafkaError when the brokers do not answer; what may not be read, and what has no leader, says so.
    """
    leaders = await _leaders(admin, topics)
    readings = {tp: _Reading(leader, 0, 0) for tp, leader in leaders.items()}
    await _find_ends(clients, readings, count)
    idle = 0
    while idle < IDLE_ROUNDS_MAX and (left := {tp: one for tp, one in readings.items() if one.goes_on}):
        before = sum(one.offset for one in left.values())
        for leader in {one.leader for one in left.values()}:
            await _fetch(admin, leader, {tp: one for tp, one in left.items() if one.leader == leader})
        idle = idle + 1 if sum(one.offset for one in left.values()) == before else 0
    for one in readings.values():
        if one.goes_on:
            one.newest.why_not = "the broker gives no more of it"
    return {tp: one.newest for tp, one in readings.items()}


async def _leaders(admin: AIOKafkaAdminClient, topics: Iterable[str]) -> dict[TopicPartition, int]:
    wanted = set(topics)
    # All topics are asked for: to ask for one by name would create it on a broker that creates topics by itself.
    entries = [entry for entry in await admin.describe_topics() if entry["topic"] in wanted]
    return {
        TopicPartition(entry["topic"], part["partition"]): part["leader"]
        for entry in entries
        for part in entry["partitions"]
    }


async def _find_ends(clients: Clients, readings: Mapping[TopicPartition, _Reading], count: int) -> None:
    led = [tp for tp, reading in readings.items() if reading.leader >= 0]
    for tp in readings.keys() - set(led):
        readings[tp].newest.why_not = "it has no leader"
    if not led:
        return
    consumer = clients.consumer(
        group_id=None, isolation_level="read_committed", enable_auto_commit=False,
        auto_offset_reset="earliest", request_timeout_ms=clients.answer_s * 1000,
    )  # fmt: skip
    # So it knows all of them from its start; what is paused is not fetched.
    consumer.assign(led)
    consumer.pause(*led)
    try:
        await consumer.start()
        firsts, ends = await consumer.beginning_offsets(led), await consumer.end_offsets(led)
    finally:
        await consumer.stop()
    for tp in led:
        readings[tp].end = ends[tp]
        readings[tp].offset = max(firsts[tp], ends[tp] - count)


async def _fetch(admin: AIOKafkaAdminClient, leader: int, readings: Mapping[TopicPartition, _Reading]) -> None:
    by_topic: dict[str, list[tuple[int, int, int]]] = {}
    for tp, reading in readings.items():
        by_topic.setdefault(tp.topic, []).append((tp.partition, reading.offset, PARTITION_BYTES))
    request = FetchRequest(WAIT_MS, 1, ANSWER_BYTES, READ_COMMITTED, list(by_topic.items()))
    answer: Any = await ask(admin, request, leader)
    for topic, partitions in answer.topics:
        for number, error, _, *rest in partitions:
            reading = readings[TopicPartition(topic, number)]
            if error:
                reading.newest.why_not = _why_not(for_code(error))
            else:
                # From version 11 on a preferred replica stands between the two.
                aborted = rest[-3] if answer.API_VERSION >= 11 else rest[-2]
                _take(TopicPartition(topic, number), reading, aborted, rest[-1])


def _why_not(error: type[KafkaError]) -> str:
    if error is TopicAuthorizationFailedError:
        return "this user has no right to Read it"
    return f"the broker answers {error.__name__}"


def _take(tp: TopicPartition, reading: _Reading, aborted: Sequence[Any] | None, data: bytes) -> None:
    """Records and batches of an answer, as far as the reading goes. A batch may come again, whole."""
    if not data:
        return
    known = reading.newest.batches
    for batch in _batches(data):
        if batch.first_offset < reading.end and (not known or batch.first_offset > known[-1].first_offset):
            known.append(batch)
    found = committed(PartitionRecords, tp, Batches(data), aborted, reading.offset)
    for record in found:
        if record.offset < reading.end:
            reading.newest.records.append(record)
    reading.offset = max(reading.offset, found.next_fetch_offset)


def _batches(data: bytes) -> Iterable[SentBatch]:
    """What the headers of batches say; one that has none is left out, and markers of transactions are no batches."""
    batches = Batches(data)
    while (raw := batches.next_slice()) is not None:
        if len(raw) < _HEADER.size or raw[_MAGIC_AT] < 2:
            continue
        batch = DefaultRecordBatch(raw)
        if not batch.is_control_batch:
            stamped = batch.timestamp_type == DefaultRecordBase.LOG_APPEND_TIME
            yield SentBatch(batch.base_offset, name_of(batch.compression_type), batch.producer_id, stamped)
