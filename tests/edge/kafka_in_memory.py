"""A Kafka for one test, given to the code in the place of `Clients`: logs are lists, and nothing goes wrong unasked."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IncompatibleBrokerVersion, KafkaConnectionError, RequestTimedOutError
from aiokafka.structs import OffsetAndTimestamp, RecordMetadata

from streams.base.clock import Clock, SystemClock
from streams.base.settings import Settings, make
from streams.engine.assignment import PausedPartition
from streams.engine.outside import Outside
from streams.engine.pace import PACE, Pace
from streams.kafka.clients import Clients
from streams.kafka.doubts import Doubts
from streams.kafka.topic_ids import TopicMetadata
from streams.storage.disk_store import ROCKS, Disk

CLUSTER = "cluster-1"


class MemoryKafka(Clients):
    """logs: the records of each partition, by offset; ends: where one ends that is not its last record.

    stable: where the oldest open transaction begins, if there is one. topic_ids: ids of topics; None for a broker that
    tells none. producers: makes them, in the place of `MemoryProducer`. per_fetch: most records that are fetched at
    once.
    waits: what has to be set before a producer does what it is asked to, by "start NAME", "commit NAME" or "stop NAME";
    waiting: of these, where a producer waits now;
    errors: what it raises instead, one at a time.
    doubtful: names of producers of which the request to commit has no answer at first.
    """

    def __init__(
        self, settings: Settings | None = None, *, cluster: str = CLUSTER, producers: Callable[..., Any] | None = None
    ) -> None:
        super().__init__(settings or make())
        self.cluster = cluster
        self.logs: defaultdict[TopicPartition, list[Any]] = defaultdict(list)
        self.ends: dict[TopicPartition, int] = {}
        self.stable: dict[TopicPartition, int] = {}
        self.topic_ids: Mapping[str, TopicMetadata] | None = None
        self.waits: dict[str, asyncio.Event] = {}
        self.waiting: set[str] = set()
        self.errors: dict[str, list[Exception]] = {}
        self.doubtful: set[str] = set()
        self.per_fetch = 500
        self.fetched: Callable[[], None] = lambda: None
        self.open = self.read = self.questions = 0
        self.is_away = False
        self.asked: Counter[tuple[TopicPartition, ...]] = Counter()
        self.committed: Counter[str] = Counter()
        self._producers = producers

    def consumer(self, **options: Any) -> "MemoryConsumer":
        return MemoryConsumer(self, **options)

    def producer(self, **options: Any) -> Any:
        return self._producers(**options) if self._producers else MemoryProducer(self, **options)

    def admin(self, **options: Any) -> "MemoryAdmin":
        return MemoryAdmin(self)

    async def abandon(self, producer: Any, doubts: Doubts) -> None:
        doubts.close()

    def end(self, tp: TopicPartition, *, committed: bool) -> int:
        log = self.logs[tp]
        end: int = self.ends.get(tp, log[-1].offset + 1 if log else 0)
        return min(end, self.stable.get(tp, end)) if committed else end

    async def may(self, do: str) -> None:
        if do in self.waits:
            self.waiting.add(do)
            await self.waits[do].wait()
            self.waiting.discard(do)
        if self.errors.get(do):
            raise self.errors[do].pop(0)


class MemoryConsumer:
    """One outside of a group."""

    def __init__(self, kafka: MemoryKafka, *, isolation_level: str, **_: Any) -> None:
        self._kafka = kafka
        self._committed = isolation_level == "read_committed"
        self._at: dict[TopicPartition, int] = {}

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        self._at = dict.fromkeys(partitions, 0)

    def assignment(self) -> set[TopicPartition]:
        return set(self._at)

    async def start(self) -> None:
        self._kafka.open += 1

    async def stop(self) -> None:
        self._kafka.open -= 1

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self._at[tp] = offset

    async def position(self, tp: TopicPartition) -> int:
        return self._at[tp]

    async def getmany(self, *, timeout_ms: int, max_records: int = 500) -> dict[TopicPartition, list[Any]]:
        found, most = {}, min(max_records, self._kafka.per_fetch)
        for tp, at in self._at.items():
            end = self._end(tp)
            records = [record for record in self._kafka.logs[tp] if at <= record.offset < end][:most]
            self._at[tp] = records[-1].offset + 1 if records else max(at, end)
            if records:
                found[tp] = records
        self._kafka.read += sum(map(len, found.values()))
        self._kafka.fetched()
        await asyncio.sleep(0 if found else timeout_ms / 1000)
        return found

    async def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        logs = {tp: self._kafka.logs[tp] for tp in partitions}
        return {tp: log[0].offset if log else 0 for tp, log in logs.items()}

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        asked = tuple(partitions)
        self._kafka.asked[asked] += 1
        return {tp: self._end(tp) for tp in asked}

    async def offsets_for_times(self, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, Any]:
        found = {}
        for tp, at in times.items():
            since = (record for record in self._kafka.logs[tp] if record.timestamp >= at)
            first = next(since, None)
            found[tp] = None if first is None else OffsetAndTimestamp(first.offset, first.timestamp)
        return found

    def last_stable_offset(self, tp: TopicPartition) -> int:
        return self._kafka.end(tp, committed=True)

    def highwater(self, tp: TopicPartition) -> int:
        return self._kafka.end(tp, committed=False)

    def _end(self, tp: TopicPartition) -> int:
        return self._kafka.end(tp, committed=self._committed)


class MemoryProducer:
    """One that is transactional: what it sends is on the broker at once."""

    def __init__(self, kafka: MemoryKafka, *, transactional_id: str, **_: Any) -> None:
        self._kafka = kafka
        self._name = transactional_id
        self.client = SimpleNamespace(ready=None, coordinator_lookup=None, send=self._unanswered)

    async def start(self) -> None:
        await self._kafka.may(f"start {self._name}")

    async def stop(self) -> None:
        await self._kafka.may(f"stop {self._name}")

    async def begin_transaction(self) -> None: ...

    def create_batch(self) -> "MemoryBatch":
        return MemoryBatch()

    async def send_batch(self, batch: "MemoryBatch", topic: str, *, partition: int) -> Any:
        tp, sent = TopicPartition(topic, partition), asyncio.get_running_loop().create_future()
        base = self._kafka.end(tp, committed=False)
        for number, record in enumerate(batch.records):
            self._kafka.logs[tp].append(
                SimpleNamespace(topic=topic, partition=partition, offset=base + number, **record)
            )
        sent.set_result(RecordMetadata(topic, partition, tp, base, None, None, None))
        return sent

    async def send_offsets_to_transaction(self, offsets: Mapping[TopicPartition, int], group: str) -> None: ...

    async def commit_transaction(self) -> None:
        await self._kafka.may(f"commit {self._name}")
        if self._name in self._kafka.doubtful:
            self._kafka.doubtful.remove(self._name)
            with pytest.raises(RequestTimedOutError):
                await self.client.send(0, "EndTxn")
        self._kafka.committed[self._name] += 1

    async def _unanswered(self, node_id: int, request: object, **_: Any) -> None:
        raise RequestTimedOutError


class MemoryBatch:
    """One that is never full."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def append(self, **fields: Any) -> object:
        self.records.append(fields)
        return self

    def record_count(self) -> int:
        return len(self.records)


class MemoryAdmin:
    """Says what the cluster and the ids of its topics are."""

    def __init__(self, kafka: MemoryKafka) -> None:
        self._kafka = kafka

    async def start(self) -> None:
        self._kafka.questions += 1
        if self._kafka.is_away:
            raise KafkaConnectionError

    async def close(self) -> None: ...

    async def describe_cluster(self) -> dict[str, str]:
        return {"cluster_id": self._kafka.cluster}

    async def _send_request(self, request: object, node_id: int | None = None) -> Any:
        topic_ids = self._kafka.topic_ids
        if topic_ids is None:
            raise IncompatibleBrokerVersion
        return SimpleNamespace(
            topics=[(0, name, one.topic_id, False, _partitions(one), 0) for name, one in topic_ids.items()]
        )


def _partitions(topic: TopicMetadata) -> list[tuple[int, int, int, int]]:
    return [(0, number, 1, topic.leader_epochs.get(number, 0)) for number in range(topic.partitions)]


async def _seek(_: Mapping[str, int]) -> None: ...


def from_start(topic: str) -> PausedPartition:
    """A partition of which nothing has been committed; seeking it does nothing."""
    return PausedPartition({topic: 0}, _seek)


async def stays() -> None:
    """A group that is asked to share out anew, and does not."""


def around(
    kafka: Clients | None = None, clock: Clock | None = None, *, pace: Pace = PACE, disk: Disk = ROCKS
) -> Outside:  # fmt: skip
    """What engines are given in a test: this Kafka, no snapshots, and else what the product has."""
    return Outside(kafka or MemoryKafka(), clock or SystemClock(), disk, None, pace)
