"""The transactional producer of one partition: a transaction is written whole, or no reader sees any of it.

It does not decide what is written, and it does not recover: after an error past `begin` it must not be used again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import (
    InvalidProducerIdMapping,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    NodeNotReadyError,
    ProducerFenced,
    RequestTimedOutError,
    UnknownError,
)
from aiokafka.structs import RecordMetadata

from streams.base.settings import Settings
from streams.kafka.clients import Clients
from streams.kafka.doubts import Doubts, InDoubt
from streams.library_internals.aiokafka.producer import collect_refusals, intercept, wait_between_transactions
from streams.logic.contact.exchange import Record
from streams.logic.partition.fitting import CATALOG_LIMITS, SizeLimits, portions
from streams.tables import CONTACTS
from topics.catalog import CATALOG
from topics.cloud_events import Attributes

# aiokafka waits a fixed 20 ms whenever the markers of the last transaction are still being written, which is most of
# a short transaction: docs/decisions/0006-two-millisecond-transaction-backoff.md.
TRANSACTION_BACKOFF_S = 0.002
# The broker asks for a retry while it verifies a transaction; aiokafka's 100 ms would be most of the latency.
RETRY_BACKOFF_MS = 5
# Only a broker that answers is asked again so soon.
UNREACHABLE_BACKOFF_S = 0.1
TELLS_NOTHING = (RequestTimedOutError, UnknownError)
"""Answers by which nobody knows whether a request was carried out; a broker that is shutting down gives the second."""
BATCH_BYTES = 256 * 1024
REQUEST_BYTES = 3 * 1024 * 1024  # A dead letter carries its original whole, up to 1 MB, and headers.

_NONE: list[tuple[str, bytes]] = []

wait_between_transactions(TRANSACTION_BACKOFF_S)


@dataclass(frozen=True, slots=True)
class Transaction:
    """The content of one transaction: records in order, changed rows, and the next input offsets.

    notes: what is committed with the offset of a topic, by its full name.
    """

    records: Iterable[Record]
    rows: Mapping[bytes, bytes | None]
    offsets: Mapping[TopicPartition, int]
    timestamp_ms: int
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose transactions they are. group: whose offsets are committed; changelog: where rows go, without prefix."""

    transactional_id: str
    group: str
    changelog: str


class LimitLowered(Exception):
    """The broker takes smaller records than it said at the start: somebody has lowered `max.message.bytes`."""


class Transactions:
    """Commits transactions for one partition; starting it fences every former owner. identity: None is a worker's."""

    def __init__(
        self, clients: Clients, settings: Settings, partition: int, limits: SizeLimits = CATALOG_LIMITS,
        identity: Identity | None = None,
    ) -> None:  # fmt: skip
        own = identity or Identity(f"{settings.app}-{partition}", settings.app, CONTACTS.changelog)
        self._group, self._changelog = own.group, own.changelog
        self._prefix = settings.prefix
        self._partition = partition
        self._limits = limits
        self._attributes = Attributes(settings.app)
        self._timeout_s = settings.transaction_timeout_s
        self._has_epochs = settings.transaction_protocol == 2
        self._clients = clients
        self._producer = clients.producer(
            transactional_id=own.transactional_id,
            transaction_timeout_ms=int(settings.transaction_timeout_s * 1000),
            acks="all",
            retry_backoff_ms=RETRY_BACKOFF_MS,
            # A broker that is gone is retried for as long as the transaction may stay open.
            request_timeout_ms=int(settings.transaction_timeout_s * 1000),
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
        )
        # Have it bear with brokers that go away.
        intercept(self._producer.client, "ready", _ready)
        intercept(self._producer.client, "coordinator_lookup", _coordinator_lookup)
        self._doubts = Doubts(self._producer.client)
        self._refusals: list[BaseException] = []
        self._fenced = False
        # Why a transaction cannot go on, such as a right that was taken away.
        collect_refusals(self._producer, self._refusals.append)

    async def start(self) -> None:
        """Take the transactional id: the former owner is fenced and its open transaction aborted."""
        await self._producer.start()

    async def stop(self) -> None:
        """Close the producer; an open transaction is left to be aborted by the next owner."""
        if self._doubts.unanswered is None and not self._fenced:
            await self._producer.stop()
        else:
            await self._clients.abandon(self._producer, self._doubts)

    def check(self) -> None:
        """Raise InDoubt if what was committed must be the last transaction: a copy of a request may still arrive."""
        if self._doubts.unanswered is not None:
            raise InDoubt(self._doubts.unanswered)

    async def commit(self, transaction: Transaction) -> int | None:
        """Write and commit `transaction`; returns the offset at which the changelog goes on after its rows.

        None when there were no rows, or when the broker had written them already and does not say where.
        Raises TimeoutError: the client would try for ever, but by then the broker has given the transaction up;
        LimitLowered: after the next start records are cut to what the topic takes then; ProducerFenced: another
        producer has the transactional id; InDoubt when it cannot be known whether the transaction stands, and the
        broker can be asked.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                written, last_count = await self._written(transaction)
        except LimitLowered:
            raise
        except ProducerFenced:
            self._fenced = True
            raise
        except Exception as error:
            if self._refusals:
                raise self._refusals[0] from error
            if isinstance(error.__cause__, InvalidProducerIdMapping):
                raise InDoubt("the broker has forgotten its transactional id") from error
            if isinstance(error, TELLS_NOTHING) or isinstance(error.__cause__, TELLS_NOTHING):
                raise InDoubt(f"the broker's answer says nothing: {error.__cause__ or error!r}") from error
            if self._doubts.unanswered is None or not isinstance(error, KafkaError):
                raise
            raise InDoubt(f"{self._doubts.unanswered}, then {error!r}") from error
        return written[-1].offset + last_count if transaction.rows and written[-1].offset >= 0 else None

    async def _written(self, transaction: Transaction) -> tuple[list[RecordMetadata], int]:
        """The transaction: where its batches stand, and how many records the last one has."""
        await self._producer.begin_transaction()
        # While the transaction before is being ended, a broker keeps such records waiting for 20 ms; offsets are
        # refused at once, and sent again after two.
        if self._has_epochs:
            await self._send_offsets(transaction)
        delivered, last_count = await self._send(transaction)
        if not self._has_epochs:
            await self._send_offsets(transaction)
        try:
            written = await asyncio.gather(*delivered)
        except MessageSizeTooLargeError as error:
            names = ", ".join(sorted({self._prefix + record.topic for record in transaction.records}))
            raise LimitLowered(f"max.message.bytes was lowered since the start, of one of {names}") from error
        await self._producer.commit_transaction()
        if self._has_epochs:
            # The transaction has an epoch of its own, which is over: Kafka refuses whatever still arrives of it.
            self._doubts.settle()
        return written, last_count

    async def _send_offsets(self, transaction: Transaction) -> None:
        if transaction.offsets:
            notes = transaction.notes
            offsets = {tp: (offset, notes.get(tp.topic, "")) for tp, offset in transaction.offsets.items()}
            await self._producer.send_offsets_to_transaction(offsets, self._group)

    async def _send(self, transaction: Transaction) -> "tuple[list[asyncio.Future[RecordMetadata]], int]":
        """Rows last. Returns what is on its way, a future a batch, and how many records the last batch has."""
        by_place: dict[tuple[str, int | None], list[Record]] = defaultdict(list)
        for record in transaction.records:
            by_place[record.topic, record.partition].append(record)
        if transaction.rows:
            rows = [Record(self._changelog, *row) for row in transaction.rows.items()]
            by_place[self._changelog, None] = rows
        delivered: list[asyncio.Future[RecordMetadata]] = []
        last_count = 0
        for (topic, partition), records in by_place.items():
            # A batch has the limit that its topic sets, and it is one by itself if that is lower than ours.
            together = [records] if self._limits[topic] >= BATCH_BYTES else portions(records, self._limits[topic])
            for portion in together:
                to = self._partition_of(topic) if partition is None else partition
                last_count = await self._send_to(topic, to, portion, transaction.timestamp_ms, delivered)
        return delivered, last_count

    def _partition_of(self, topic: str) -> int:
        """What is for every worker has one partition, which gives all writers one order."""
        return 0 if topic in CATALOG and CATALOG[topic].partitions == 1 else self._partition

    async def _send_to(
        self, name: str, partition: int, records: list[Record], timestamp_ms: int,
        delivered: list["asyncio.Future[RecordMetadata]"],
    ) -> int:  # fmt: skip
        """Send whole batches: several times cheaper than a send for each record."""
        topic, written_at = self._prefix + name, datetime.fromtimestamp(timestamp_ms / 1000, UTC)
        batch, headers_of = self._producer.create_batch(), self._attributes.headers
        for record in records:
            key, value, event, at_ms = record.key, record.value, record.event, record.timestamp_ms
            # A row has none. The client takes a list alone, and leaves it as it is.
            if event is not None:
                headers = headers_of(event, written_at, value is not None, record.headers)
            else:
                headers = list(record.headers) if record.headers else _NONE
            at_ms = timestamp_ms if at_ms is None else at_ms
            if batch.append(timestamp=at_ms, key=key, value=value, headers=headers) is None:
                delivered.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
                batch.append(timestamp=at_ms, key=key, value=value, headers=headers)
        count: int = batch.record_count()
        delivered.append(await self._producer.send_batch(batch, topic, partition=partition))
        return count


async def _ready(is_ready: Callable[..., Awaitable[bool]], node_id: int, **connection: Any) -> bool:
    """Whether there is a connection to a broker; one to which there is none is not tried again at once."""
    if await is_ready(node_id, **connection):
        return True
    await asyncio.sleep(UNREACHABLE_BACKOFF_S)
    return False


async def _coordinator_lookup(look_up: Callable[..., Awaitable[Any]], coordinator_type: int, key: str) -> Any:
    """A connection that breaks meanwhile counts as one that is not there yet: of that alone aiokafka would give up."""
    try:
        return await look_up(coordinator_type, key)
    except KafkaConnectionError as error:
        raise NodeNotReadyError(str(error)) from error
