"""A stand-in for aiokafka's transactional producer, with its order of requests: what the engine uses, and no more.

Partitions are added to a transaction before anything is sent to them, one request to the coordinator at a time. Batches
of different partitions are on their way at once, those of one partition one after the other.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import (
    InvalidProducerEpoch,
    InvalidTxnState,
    KafkaTimeoutError,
    ProducerFenced,
    RequestTimedOutError,
)
from aiokafka.structs import RecordMetadata

from tests.simulation.broker import Again
from tests.simulation.log import Content
from tests.simulation.wire import BACKOFF_MOST_S, BACKOFF_S, this_machine

BATCH_SIZES = (1, 2, 3, 500)


@dataclass(frozen=True)
class Request:
    """What is sent to the broker. action: what it does when it arrives."""

    name: str
    action: Callable[[], Any]


class BatchBuilder:
    """Records of one batch."""

    def __init__(self, size: int) -> None:
        self.contents: list[Content] = []
        self._size = size

    def append(
        self, *, timestamp: int, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]]
    ) -> object | None:  # fmt: skip
        """None when the batch is full."""
        if len(self.contents) >= self._size:
            return None
        self.contents.append(Content(key, value, timestamp, tuple(headers)))
        return self

    def record_count(self) -> int:
        """How many there are."""
        return len(self.contents)


Queue = deque[tuple[BatchBuilder, "asyncio.Future[RecordMetadata]"]]


class AIOKafkaProducer:
    """Transactional, and of the process that makes it."""

    def __init__(
        self, *, transactional_id: str, transaction_timeout_ms: int, request_timeout_ms: int, protocol: int, **_: Any
    ) -> None:
        self._wire = this_machine().wire
        # How patient it is with a broker that is away is not modelled.
        self.client = SimpleNamespace(ready=None, coordinator_lookup=None, send=self._send)
        self._name, self._is_v2 = transactional_id, protocol == 2
        self._timeout_s = transaction_timeout_ms / 1000
        self._request_timeout_s = request_timeout_ms / 1000
        self._size = self._wire.chance.random.choice(BATCH_SIZES)
        self._epoch = -1
        self._coordinator = asyncio.Lock()
        self._queues: dict[TopicPartition, Queue] = {}
        self._senders: dict[TopicPartition, asyncio.Task[None]] = {}
        self._sequences: dict[TopicPartition, int] = {}
        self._to_add: dict[TopicPartition, None] = {}
        self._broken: Exception | None = None

    async def start(self) -> None:
        """Take the transactional id."""
        broker, machine = self._wire.broker, this_machine()
        held_since = machine.in_doubt.get(self._name)
        _, self._epoch = await self._wire.call(
            f"InitProducerId {self._name}",
            lambda: broker.init_producer_id(self._name, self._timeout_s, held_since, machine.name),
        )

    async def stop(self) -> None:
        """Send what is left; a transaction that is open stays open."""
        await asyncio.gather(*self._senders.values(), return_exceptions=True)

    def abandon(self) -> None:
        """Stop where it is."""
        self._wire.chance.counts["producers in doubt"] += 1
        this_machine().in_doubt[self._name] = self._wire.broker.ids[self._name].taken_at.get(self._epoch, 0.0)
        for sender in self._senders.values():
            sender.cancel()

    async def begin_transaction(self) -> None:
        """Nothing is sent yet."""
        self._check()
        self._queues.clear()
        self._senders.clear()

    def create_batch(self) -> BatchBuilder:
        """An empty batch."""
        return BatchBuilder(self._size)

    async def send_batch(
        self, batch: BatchBuilder, topic: str, *, partition: int
    ) -> "asyncio.Future[RecordMetadata]":  # fmt: skip
        """Put a batch on its way; the future is done when the broker has it."""
        self._check()
        tp = TopicPartition(topic, partition)
        delivered: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        if tp not in self._queues:
            self._queues[tp] = deque()
            if not self._is_v2:
                self._to_add[tp] = None
        self._queues[tp].append((batch, delivered))
        if tp not in self._senders or self._senders[tp].done():
            self._senders[tp] = asyncio.create_task(self._send_all(tp))
        return delivered

    async def send_offsets_to_transaction(
        self, offsets: dict[TopicPartition, tuple[int, str]], group_id: str
    ) -> None:  # fmt: skip
        """Input offsets, as part of the transaction."""
        self._check()
        ordered = {tp: offset for tp, (offset, _) in sorted(offsets.items())}
        notes = {tp: note for tp, (_, note) in offsets.items()}
        broker, name, epoch = self._wire.broker, self._name, self._epoch
        async with self._coordinator:
            if self._is_v2:
                await self._ask("TxnOffsetCommit", lambda: broker.commit_offsets_v2(name, epoch, ordered, notes))
                return
            await self._ask("AddOffsetsToTxn", lambda: self._wire.broker.add_offsets(self._name, self._epoch))
            await self._ask("TxnOffsetCommit", lambda: broker.commit_offsets(name, self._epoch, ordered, notes))

    async def commit_transaction(self) -> None:
        """Send what is left, then decide."""
        await asyncio.gather(*self._senders.values())
        self._check()
        broker, epoch = self._wire.broker, self._epoch
        async with self._coordinator:
            if self._is_v2:
                self._epoch = await self._ask("EndTxn", lambda: broker.end_v2(self._name, epoch))
                self._sequences.clear()
            else:
                await self._ask("EndTxn", lambda: broker.end(self._name, epoch))

    async def _send_all(self, tp: TopicPartition) -> None:
        queue = self._queues[tp]
        try:
            async with self._coordinator:
                if self._to_add:
                    added, self._to_add = list(self._to_add), {}
                    await self._ask(
                        "AddPartitionsToTxn", lambda: self._wire.broker.add_partitions(self._name, self._epoch, added)
                    )
            while queue:
                batch, delivered = queue[0]
                offset = await self._produce(tp, batch)
                delivered.set_result(RecordMetadata(tp.topic, tp.partition, tp, offset, None, None, None))
                queue.popleft()
        except Exception as error:
            self._broken = self._broken or error
            for _, delivered in queue:
                if not delivered.done():
                    delivered.set_exception(error)

    async def _produce(self, tp: TopicPartition, batch: BatchBuilder) -> int:
        sequence, epoch = self._sequences.get(tp, 0), self._epoch
        produce = self._wire.broker.produce_v2 if self._is_v2 else self._wire.broker.produce
        offset: int = await self._ask(
            f"Produce {tp.topic.partition('.')[2]}",
            lambda: produce(self._name, epoch, tp, sequence, batch.contents),
            self._request_timeout_s,
        )
        self._sequences[tp] = sequence + batch.record_count()
        return offset

    async def _ask(self, what: str, action: Any, timeout_s: float | None = None) -> Any:
        """As aiokafka's sender: asked again until there is an answer, through a client that others may watch."""
        began, backoff_s = self._wire.loop.time(), BACKOFF_S
        while True:
            try:
                return await self.client.send(0, Request(f"{what} {self._name}", action))
            except Again:
                await asyncio.sleep(backoff_s)
                backoff_s = min(2 * backoff_s, BACKOFF_MOST_S)
            except (InvalidProducerEpoch, InvalidTxnState) as error:
                if isinstance(error, InvalidTxnState) and not self._is_v2:
                    raise
                self._broken = ProducerFenced()
                raise self._broken from None
            except RequestTimedOutError:
                pass
            if timeout_s is not None and self._wire.loop.time() - began > timeout_s:
                self._broken = KafkaTimeoutError(what)
                raise self._broken

    async def _send(self, node_id: int, request: Request) -> Any:
        return await self._wire.once(request.name, request.action, fenceable=self._name)

    def _check(self) -> None:
        if self._broken is not None:
            raise self._broken
