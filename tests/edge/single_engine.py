"""A partition engine by itself: its own code, with a broker that is a list and a clock that stands where it is put."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast

import orjson

from streams.base.clock import SystemClock
from streams.base.settings import make
from streams.engine.batch import Batch, SourceRecord
from streams.engine.partition_engine import PartitionEngine
from streams.engine.tracing import NO_SPANS, Spans
from streams.kafka.transactions import Transaction
from streams.logic.configuration.configuration import Configuration
from streams.logic.contact.exchange import Arrived
from streams.logic.partition.partition import Partition
from streams.storage.changelog import Changelog
from streams.storage.store import MemoryStore, Store
from tests.builders import Json, campaign, key_of, rule, rule_set
from tests.edge.kafka_in_memory import MemoryKafka
from tests.waiting import until

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
TOPICS = ("callback-scheduled", "contacts", "placement-requested", "wrap-up")
PREFIX = "ringback."
SOON_S = 90.0


@dataclass
class ManualClock:
    """A clock that somebody sets. step: it goes on by so much when the engine waits, which then waits no longer."""

    at: datetime = NOW
    step: timedelta = timedelta()

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return time.monotonic()

    def moment(self, due: datetime, now: datetime, last: datetime) -> datetime:
        return now

    def wait_s(self, at: datetime | None) -> float:
        self.at += self.step
        return 0.0 if self.step else 60.0


@dataclass
class Broker:
    """Takes transactions, whole. refuses: the first one that it does not take, from 1. knows: says where rows are."""

    transactions: list[Transaction] = field(default_factory=list)
    refuses: int | None = None
    knows: bool = True
    end: int = 0

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def check(self) -> None: ...

    async def commit(self, transaction: Transaction) -> int | None:
        await asyncio.sleep(0)
        if self.refuses is not None and len(self.transactions) + 1 >= self.refuses:
            raise Refused
        self.transactions.append(transaction)
        if not transaction.rows:
            return None
        self.end += len(transaction.rows) + 1
        return self.end - 1 if self.knows else None

    def rows(self) -> dict[bytes, bytes]:
        """What the changelog comes to."""
        rows: dict[bytes, bytes | None] = {}
        for transaction in self.transactions:
            rows |= transaction.rows
        return {key: row for key, row in rows.items() if row is not None}

    def values(self, topic: str) -> list[Json]:
        """Everything that was committed to a topic."""
        records = (record for transaction in self.transactions for record in transaction.records)
        return [orjson.loads(record.value) for record in records if record.topic == topic and record.value]


class Refused(Exception):
    """The broker does not take the transaction: it has another owner for the partition, or is not there."""


@dataclass
class Record:
    """A record as it was fetched."""

    topic: str
    offset: int
    key: bytes | None
    value: bytes | None
    partition: int = 0
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


@dataclass
class SingleEngine:
    """An engine that has begun. broken: what it ended with."""

    engine: PartitionEngine
    broker: Broker
    clock: Any
    broken: list[BaseException] = field(default_factory=list)
    offsets: dict[str, Any] = field(default_factory=dict)

    async def send(self, topic: str, values: Iterable[Json], **headers: str) -> None:
        """Hand events over, as one batch, each with these headers."""
        name, offsets = PREFIX + topic, self.offsets.setdefault(topic, count())
        brought = [(one, value.encode()) for one, value in headers.items()]
        records: list[SourceRecord] = [
            Record(name, next(offsets), key_of(value), orjson.dumps(value), headers=brought) for value in values
        ]
        follows = self.engine.handed.note(name, records)
        await self.engine.work(Batch(name, 0, records, self.engine.epoch, follows))

    async def set_clock(self, at: datetime) -> None:
        """Put the clock somewhere, have it noticed, and return when there is nothing to do."""
        self.clock.at = at
        self.engine.wake()
        await self.idle()

    async def idle(self) -> None:
        """Return when there is nothing to do."""
        await until(lambda: not self.engine.busy and not self.engine.inbox)


def configuration(**changes: Any) -> Configuration:
    """One campaign P with a rule set, as a worker has read them."""
    known = Configuration()
    told = (("campaigns", campaign(rule_set_ids=["R"], **changes), b"P"), ("rule-sets", rule_set(rule()), b"R"))
    for offset, (topic, value, key) in enumerate(told):
        known.apply(Arrived(topic, 0, offset, key, orjson.dumps(value), int(NOW.timestamp() * 1000)), NOW)
    return known


def engine_of(
    broker: Any, core: Partition, store: Store | None = None, clock: Any = None, broken: Any = None,
    kafka: MemoryKafka | None = None, spans: Spans = NO_SPANS, **settings: Any,
) -> PartitionEngine:  # fmt: skip
    """An engine that writes to `broker`, and reads its state from `kafka`; `broken` raises unless it is given."""
    changelog = Changelog(kafka or MemoryKafka(), f"{PREFIX}contact-state")
    return PartitionEngine(
        make(**settings), core, store or MemoryStore(), cast(Any, broker), changelog, clock or SystemClock(),
        broken or _raise, epochs=count(1), spans=spans,
    )  # fmt: skip


def _raise(what: str, error: BaseException) -> None:
    raise AssertionError(what) from error


@asynccontextmanager
async def begun(
    broker: Broker, store: Store | None = None, clock: Any = None, ends: dict[str, int] | None = None,
    spans: Spans = NO_SPANS, **settings: Any,
) -> AsyncIterator[SingleEngine]:  # fmt: skip
    """An engine over the rows of its store, at work; it is given up with the context."""
    clock, store = clock or ManualClock(), store or MemoryStore()
    core = Partition(0, 1, configuration(), store.rows, shelf=store.shelf)
    broken: list[BaseException] = []
    engine = engine_of(broker, core, store, clock, lambda _, error: broken.append(error), spans=spans, **settings)
    core.ready(clock.now())
    engine.begin({PREFIX + topic: 0 for topic in TOPICS}, ends or {})
    try:
        yield SingleEngine(engine, broker, clock, broken)
    finally:
        await engine.close()
