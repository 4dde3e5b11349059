"""Transactions v2 on a real Kafka: what arrives late of a transaction that is over is refused, whenever it comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import ProducerFenced
from aiokafka.protocol.transaction import EndTxnRequest, InitProducerIdRequest

from streams.library_internals.aiokafka.requests_v2 import EndTxnV5, ProduceV12, TxnOffsetCommitV5
from streams.library_internals.aiokafka.transactions_v2 import speak_v2
from tests.shared_kafka import SharedKafka
from tests.waiting import until

pytestmark = pytest.mark.kafka

SOON_S = 60.0
FENCED = {47, 90}
"""INVALID_PRODUCER_EPOCH, PRODUCER_FENCED."""
CONCURRENT = 51
INVALID_PRODUCER_ID_MAPPING = 49
LAST_EPOCH = 32_766
KINDS = (ProduceV12, TxnOffsetCommitV5, EndTxnV5)


class Moment(Enum):
    """How far things are when it comes: at first the markers of its own transaction may be missing still."""

    IS_DECIDED = auto()
    IS_ENDED = auto()
    NEXT_HAS_OFFSETS = auto()
    NEXT_HAS_RECORDS = auto()
    NEXT_IS_BEING_ENDED = auto()
    NEXT_IS_DECIDED = auto()


def allowed(kind: type, moment: Moment) -> set[int]:
    """The error codes with which a late copy may be answered: 0 only where the answer is that of before."""
    if moment is Moment.IS_DECIDED:
        return FENCED | {0, CONCURRENT}
    if kind is EndTxnV5:
        return {0} if moment is Moment.IS_ENDED else FENCED | {CONCURRENT}
    return FENCED


class Sender:
    """A transactional producer, and what it sent last of each kind, to be sent once more. topic: out and in are one."""

    def __init__(self, kafka: SharedKafka, name: str, protocol: int, timeout_ms: int) -> None:
        self.name, self.group, self.tp = name, f"{name}-group", TopicPartition(f"{name}-topic", 0)
        self.last: dict[type, tuple[int, Any, dict[str, Any]]] = {}
        self.producer: Any = AIOKafkaProducer(
            bootstrap_servers=kafka.bootstrap,
            transactional_id=name,
            retry_backoff_ms=5,
            transaction_timeout_ms=timeout_ms,
        )
        self._send = self.producer.client.send
        self.producer.client.send = self._noted
        if protocol == 2:
            speak_v2(self.producer)

    async def _noted(self, node_id: int, request: Any, **connection: Any) -> Any:
        self.last[type(request)] = node_id, request, connection
        return await self._send(node_id, request, **connection)

    async def late(self, copy: tuple[int, Any, dict[str, Any]]) -> int:
        """Have a request arrive once more; the error code that it is answered with."""
        node_id, request, connection = copy
        answer = await self._send(node_id, request, **connection)
        if hasattr(answer, "error_code"):
            return int(answer.error_code)
        topics = answer.topics if isinstance(request, ProduceV12) else answer.errors
        return int(topics[0][1][0][1])

    async def begin(self, number: int) -> None:
        """A transaction that has its offsets."""
        await self.producer.begin_transaction()
        await self.producer.send_offsets_to_transaction({self.tp: number}, self.group)

    async def write(self, number: int) -> None:
        """Its record, which stands in the log when this returns."""
        await self.producer.send_and_wait(self.tp.topic, str(number).encode(), partition=0)

    async def whole(self, number: int) -> None:
        """A transaction from its beginning to its end."""
        await self.begin(number)
        await self.write(number)
        await self.producer.commit_transaction()

    @property
    def epoch(self) -> tuple[int, int]:
        """Producer id and epoch of the transaction that is next, or is open."""
        manager = self.producer._txn_manager
        return manager.producer_id, manager.producer_epoch


class Seen:
    """What others see of a sender."""

    def __init__(self, of: Sender, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer) -> None:
        self._of, self._admin, self._consumer = of, admin, consumer
        self._records: list[int] = []

    async def offset(self) -> int:
        """The committed offset of the group."""
        found = await self._admin.list_consumer_group_offsets(self._of.group)
        return int(found[self._of.tp].offset)

    async def offset_of(self, number: int) -> int:
        """The same, when it is `number` or more."""
        async with asyncio.timeout(SOON_S):
            while (offset := await self.offset()) < number:
                await asyncio.sleep(0.01)
        return offset

    def has_open(self) -> bool:
        """Whether a transaction was open when the topic was last looked at: again and again, once all was read."""
        stable, end = self._consumer.last_stable_offset(self._of.tp), self._consumer.highwater(self._of.tp)
        return stable is not None and end is not None and bool(stable < end)

    async def records(self, last: int) -> list[int]:
        """Numbers of the records that are committed, up to the one of `last`."""
        async with asyncio.timeout(SOON_S):
            while last not in self._records:
                fetched = await self._consumer.getmany(timeout_ms=100)
                self._records += [int(record.value) for records in fetched.values() for record in records]
        return self._records


@asynccontextmanager
async def sending(
    kafka: SharedKafka, name: str, protocol: int = 2, timeout_ms: int = 60_000
) -> AsyncIterator[tuple[Sender, Seen]]:
    """A sender with a topic of its own."""
    sender = Sender(kafka, name, protocol, timeout_ms)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(sender.tp.topic, 1, 1)])
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    consumer.assign([sender.tp])
    await sender.producer.start()
    try:
        yield sender, Seen(sender, admin, consumer)
    finally:
        await asyncio.gather(sender.producer.stop(), return_exceptions=True)
        await consumer.stop()
        await admin.close()


@pytest.mark.parametrize("moment", Moment, ids=lambda moment: moment.name.lower())
@pytest.mark.parametrize("kind", KINDS)
async def test_what_arrives_late_of_a_transaction_is_refused_and_changes_nothing(
    kafka: SharedKafka, prefix: str, kind: type, moment: Moment
) -> None:
    codes: list[int] = []
    async with sending(kafka, prefix) as (sender, seen):
        await sender.whole(1)
        copy = sender.last[kind]

        async def come(now: Moment) -> None:
            if now is moment:
                codes.append(await sender.late(copy))

        await come(Moment.IS_DECIDED)
        assert (await seen.records(1), await seen.offset_of(1)) == ([1], 1)
        await come(Moment.IS_ENDED)
        await sender.begin(2)
        await come(Moment.NEXT_HAS_OFFSETS)
        await sender.write(2)
        await come(Moment.NEXT_HAS_RECORDS)
        assert await seen.offset() == 1
        await asyncio.gather(sender.producer.commit_transaction(), come(Moment.NEXT_IS_BEING_ENDED))
        await come(Moment.NEXT_IS_DECIDED)
        await sender.whole(3)
        assert await seen.records(3) == [1, 2, 3]
        assert await seen.offset_of(3) == 3
    (code,) = codes
    assert code in allowed(kind, moment)


async def test_in_transactions_v1_the_same_ends_the_next_transaction(kafka: SharedKafka, prefix: str) -> None:
    """What the guard in `streams/kafka/doubts.py` is for."""
    async with sending(kafka, prefix, protocol=1) as (sender, seen):
        await sender.whole(1)
        copy = sender.last[EndTxnRequest]
        await sender.begin(2)
        while (code := await sender.late(copy)) == CONCURRENT:
            await asyncio.sleep(0.01)
        assert code == 0
        assert await seen.offset_of(2) == 2, "offsets without records"


async def test_a_late_copy_of_the_request_for_an_id_fences_its_own_producer_in_v2_too(
    kafka: SharedKafka, prefix: str
) -> None:
    """It names no id, since a producer that starts has none: nothing tells it from the request of a new owner."""
    async with sending(kafka, prefix) as (sender, seen):
        copy = sender.last[InitProducerIdRequest]
        await sender.whole(1)
        await sender.begin(2)
        await sender.write(2)
        await sender.late(copy)
        with pytest.raises(ProducerFenced):
            await sender.producer.commit_transaction()
        async with sending(kafka, prefix) as (heir, _):
            await heir.whole(3)
        assert await seen.records(3) == [1, 3]


async def to_epoch(sender: Sender, epoch: int) -> None:
    """End transactions that are empty, each of which takes an epoch."""
    node_id, _, connection = sender.last[EndTxnV5]
    while sender.epoch[1] < epoch:
        request = EndTxnV5(EndTxnRequest(sender.name, *sender.epoch, False))
        answer = await sender.producer.client.send(node_id, request, **connection)
        assert answer.error_code in (0, CONCURRENT)
        if answer.error_code == 0:
            sender.producer._txn_manager.go_on_as(answer.producer_id, answer.producer_epoch)


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_after_the_last_epoch_comes_another_id_and_late_copies_are_refused_still(
    kafka: SharedKafka, prefix: str
) -> None:
    async with sending(kafka, prefix) as (sender, seen):
        await sender.whole(0)
        await to_epoch(sender, LAST_EPOCH - 2)
        before, codes = sender.epoch, dict[tuple[int, type], int]()
        for number in range(1, 7):
            copies = dict(sender.last)
            await sender.begin(number)
            for kind in KINDS:
                codes[number, kind] = await sender.late(copies[kind])
            await sender.write(number)
            await sender.producer.commit_transaction()
        assert sender.epoch == (sender.epoch[0], 3) and sender.epoch[0] != before[0]
        assert await seen.records(6) == [*range(7)]
        assert set(codes.values()) <= FENCED | {INVALID_PRODUCER_ID_MAPPING}, codes


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_transaction_that_times_out_in_its_last_epoch_leaves_nothing_open(
    kafka: SharedKafka, prefix: str
) -> None:
    async with sending(kafka, prefix, timeout_ms=1000) as (sender, seen):
        await sender.whole(0)
        assert await seen.records(0) == [0]
        await to_epoch(sender, LAST_EPOCH)
        await sender.begin(1)
        await sender.write(1)
        await until(seen.has_open)
        await until(lambda: not seen.has_open())
        with pytest.raises(ProducerFenced):
            await sender.producer.commit_transaction()
        async with sending(kafka, prefix) as (heir, _):
            await heir.whole(2)
        assert await seen.records(2) == [0, 2]
        assert await seen.offset_of(2) == 2


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_who_is_fenced_in_its_last_epoch_leaves_nothing_open(kafka: SharedKafka, prefix: str) -> None:
    async with sending(kafka, prefix) as (sender, seen):
        await sender.whole(0)
        await to_epoch(sender, LAST_EPOCH)
        await sender.begin(1)
        await sender.write(1)
        async with sending(kafka, prefix) as (heir, _):
            await heir.whole(2)
            with pytest.raises(ProducerFenced):
                await sender.producer.commit_transaction()
            await heir.whole(3)
        assert await seen.records(3) == [0, 2, 3]
        assert await seen.offset_of(3) == 3
