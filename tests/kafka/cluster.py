"""What the tests on a real Kafka share: topics under a prefix of their own, workers, a feeder and a reader."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec
import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.base.settings import Settings, make
from streams.dev.local import POLL_S, WORKER, LocalWorker
from streams.kafka import topic_admin
from streams.kafka.clients import Clients, client_options
from streams.kafka.source_ends import SourceEnds
from tests.waiting import until
from topics.catalog import CATALOG, CONFIGURATION_TOPICS
from topics.codec import encode, value_key
from topics.configuration import Campaign, CampaignStatus, DialingMode
from topics.events import ContactRecord
from topics.partitions import partition_for
from topics.rules import Rule, RuleCategory, RuleSet, ScheduleCallback, WrapUpCodeCondition

PARTITIONS = 4
SESSION_TIMEOUT_S = 3
LIST = "L"
CONTACTS = 400


@dataclass
class Cluster:
    """A broker, the topics of one test, and the workers on them; leaving the context ends the workers.

    partitions: of the topics of contacts. protocol: `transaction_protocol` of the workers. session_timeout_s: theirs.
    """

    broker: str
    prefix: str
    folder: Path
    command: tuple[str, ...] = WORKER
    copies: int = 1
    partitions: int = PARTITIONS
    protocol: int = 1
    session_timeout_s: float = SESSION_TIMEOUT_S
    workers: list[LocalWorker] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)

    def __enter__(self) -> "Cluster":
        topic_admin.create(Clients(self.settings()), self.partitions, self.copies)
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.kill()

    def settings(self, **changes: Any) -> Settings:
        """Settings of this cluster's workers."""
        return make(**self._given(changes))

    def _given(self, changes: dict[str, Any]) -> dict[str, Any]:
        given = {"broker": self.broker, "prefix": self.prefix, "app": f"{self.prefix}app"}
        usual = {"session_timeout_s": self.session_timeout_s, "rebalance_timeout_s": 5}
        # A worker of a former version does not know the setting.
        other = {"transaction_protocol": self.protocol} if self.protocol != 1 else {}
        return given | usual | other | changes

    def worker(self, **changes: Any) -> LocalWorker:
        """Start one more worker."""
        self.changes.append(changes)
        self.workers.append(self._started(len(self.workers), self.command))
        return self.workers[-1]

    def replace(self, number: int, command: tuple[str, ...]) -> None:
        """Start another program in the place of a worker that has ended, with its settings, state and log."""
        self.workers[number] = self._started(number, command)

    def _started(self, number: int, command: tuple[str, ...]) -> LocalWorker:
        log = self.folder / f"worker-{number}.log"
        worker = LocalWorker(log, command=command, **self._given(self.changes[number]))
        worker.start()
        return worker

    def revive(self) -> list[int]:
        """Start the workers again that have ended; returns their exit codes."""
        codes = [worker.exit_code for worker in self.workers]
        return [code for worker, code in zip(self.workers, codes, strict=True) if worker.revive() and code is not None]


@dataclass
class Feeder:
    """Writes events to the cluster's topics."""

    cluster: Cluster
    producer: Any

    async def send(self, topic: str, value: msgspec.Struct | bytes, *, key: str | None = None) -> None:
        """One event: a struct, or bytes as they are, which need a `key`."""
        payload = encode(value) if isinstance(value, msgspec.Struct) else value
        if isinstance(value, msgspec.Struct):
            key = key or value_key(topic, cast(Any, value))
        encoded = None if key is None else key.encode()
        partition = partition_for(encoded or b"", CATALOG[topic].partition_count(self.cluster.partitions))
        await self.producer.send(self.cluster.prefix + topic, payload, key=encoded, partition=partition)

    async def flush(self) -> None:
        """Return when everything has been written."""
        await self.producer.flush()


@asynccontextmanager
async def feeder(cluster: Cluster) -> AsyncIterator[Feeder]:
    """A feeder that waits for every write."""
    producer = AIOKafkaProducer(**client_options(cluster.settings()), acks="all", enable_idempotence=True)
    await producer.start()
    try:
        yield Feeder(cluster, producer)
    finally:
        await producer.stop()


async def configure(feed: Feeder) -> None:
    """One power campaign that calls back a minute after a wrap-up with the code CB."""
    rule = Rule(
        rule_id="again",
        order=1,
        category=RuleCategory.WRAP_UP,
        conditions=(WrapUpCodeCondition(codes=("CB",)),),
        actions=(ScheduleCallback(offset_minutes=1),),
    )
    await feed.send("rule-sets", RuleSet(rule_set_id="R", rules=(rule,)))
    campaign = Campaign(
        campaign_id="P",
        dialing_mode=DialingMode.POWER,
        status=CampaignStatus.ON,
        contact_list_id=LIST,
        rule_set_ids=("R",),
    )
    await feed.send("campaigns", campaign)
    for number in range(CONTACTS):
        await feed.send("contacts", ContactRecord(contact_list_id=LIST, contact_id=f"c{number}", callable=True))
    await feed.flush()


async def configured(cluster: Cluster, timeout_s: float = 60.0) -> None:
    """Return when the workers have read the configuration: Kafka gives it and the events, on other topics, no order."""
    source = SourceEnds(Clients(cluster.settings()))
    ends = {str(topic): (await source.span(cluster.prefix + topic))[1] for topic in CONFIGURATION_TOPICS}
    await source.close()
    deadline = time.monotonic() + timeout_s
    for worker in cluster.workers:
        while not has_read(worker.status(), ends):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{ends} is not read: {worker.status()}")
            await asyncio.sleep(POLL_S)


def has_read(status: dict[str, Any] | None, ends: Mapping[str, int]) -> bool:
    """Whether a worker that shows this status has read each configuration topic to its end."""
    read = {} if status is None else status["configuration"]
    return all(int(read.get(topic, 0)) >= end for topic, end in ends.items())


async def contacts_read(cluster: Cluster, worker: LocalWorker, count: int) -> None:
    """Return when a worker has read so many records of contacts: one that it does not know is not dialed."""

    def read() -> int:
        status = worker.status() or {"partitions": {}}
        offsets = (one["next_offsets"].get(cluster.prefix + "contacts", 0) for one in status["partitions"].values())
        return sum(map(int, offsets))

    await until(lambda: read() >= count)


@dataclass
class Reader:
    """Everything committed on some output topics, as it comes; `records` by topic without prefix."""

    cluster: Cluster
    consumer: Any
    records: dict[str, list[Any]]

    async def poll(self, wait_s: float = 0.2) -> int:
        """Take in what has come; returns how many records."""
        count = 0
        for tp, records in (await self.consumer.getmany(timeout_ms=int(wait_s * 1000))).items():
            self.records[tp.topic.removeprefix(self.cluster.prefix)] += records
            count += len(records)
        return count

    async def until(self, done: Callable[[], bool], timeout_s: float, each: Callable[[], object] = bool) -> None:
        """Poll until `done()`; raises TimeoutError. `each` runs after every poll."""
        deadline = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError({topic: len(records) for topic, records in self.records.items()})
            await self.poll()
            each()

    async def settle(self, quiet_s: float, each: Callable[[], object] = bool) -> None:
        """Poll until nothing has come for `quiet_s`: what should not come has then had its chance."""
        last = time.monotonic()
        while time.monotonic() - last < quiet_s:
            if await self.poll():
                last = time.monotonic()
            each()

    def values(self, topic: str) -> list[dict[str, Any]]:
        """The values of a topic's records as plain data, tombstones left out."""
        return [orjson.loads(record.value) for record in self.records[topic] if record.value is not None]


@asynccontextmanager
async def reader(cluster: Cluster, topics: Iterable[str]) -> AsyncIterator[Reader]:
    """A read_committed reader of `topics`, from their beginning."""
    names = list(topics)
    consumer = AIOKafkaConsumer(
        **client_options(cluster.settings()), isolation_level="read_committed", auto_offset_reset="earliest"
    )
    consumer.assign(
        [TopicPartition(cluster.prefix + name, number) for name in names for number in range(_count(name, cluster))]
    )
    await consumer.start()
    try:
        yield Reader(cluster, consumer, {name: [] for name in names})
    finally:
        await consumer.stop()


def _count(topic: str, cluster: Cluster) -> int:
    if topic not in CATALOG:  # Those of adapters.
        return cluster.partitions
    return CATALOG[topic].partition_count(cluster.partitions)
