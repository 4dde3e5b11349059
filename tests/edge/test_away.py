"""A broker that is away, or a partition without a leader, is waited for; any other error ends at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    LeaderNotAvailableError,
    NotLeaderForPartitionError,
    ProducerFenced,
    TopicAuthorizationFailedError,
)
from aiokafka.protocol.offset import OffsetResponse_v1

from streams.base.settings import Settings, make
from streams.engine.assignment import PausedPartition
from streams.engine.away import is_away, retried
from streams.engine.engines import Engines
from streams.engine.pace import Pace
from streams.kafka.clients import Clients
from streams.kafka.compacted import reader
from streams.kafka.source_ends import SourceEnds
from tests.edge.kafka_in_memory import MemoryKafka, around, from_start, stays

TOPIC, NODE, NOBODY = "ringback.wrap-up", 1, -1
PARTITION = TopicPartition(TOPIC, 0)

Ask = Callable[[Settings], Awaitable[object]]


async def ask_ends(settings: Settings) -> object:
    ends = SourceEnds(Clients(settings), [TOPIC])
    try:
        return await ends.of(0)
    finally:
        await ends.close()


async def ask_restore(settings: Settings) -> object:
    async with reader(Clients(settings), [PARTITION]) as consumer:
        return await consumer.end_offsets([PARTITION])


@pytest.fixture
def leader(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The node that leads the partition, for clients that reach their brokers; they tell of empty logs."""
    led_by = [NOBODY]

    async def start(consumer: Any) -> None:
        client, updated = consumer._client, asyncio.get_running_loop().create_future()
        updated.set_result(True)
        client.force_metadata_update, client._md_update_fut = lambda: updated, None
        client.cluster.leader_for_partition = lambda _: led_by[0]
        consumer._fetcher = Fetcher(client, consumer._subscription, auto_offset_reset="earliest")

        async def send(node: int, request: Any, **_: Any) -> Any:
            return OffsetResponse_v1([(TOPIC, [(0, 0, -1, 0)])])

        client.send = send

    monkeypatch.setattr(AIOKafkaConsumer, "start", start)
    yield led_by


@pytest.mark.parametrize("ask", [ask_ends, ask_restore])
async def test_a_partition_without_a_leader_is_asked_about_for_as_long_as_a_transaction_may_last(
    leader: list[int], ask: Ask
) -> None:
    with pytest.raises(KafkaTimeoutError, match="in 1000 ms"):
        await ask(make(transaction_timeout_s=1))


@pytest.mark.parametrize("ask", [ask_ends, ask_restore])
async def test_a_partition_that_has_a_leader_again_is_asked_about_where_it_is(leader: list[int], ask: Ask) -> None:
    asyncio.get_running_loop().call_later(0.3, leader.__setitem__, 0, NODE)
    async with asyncio.timeout(30):
        await ask(make(transaction_timeout_s=60))


PASSING = [LeaderNotAvailableError(), NotLeaderForPartitionError(), KafkaTimeoutError(), KafkaConnectionError()]
FOR_GOOD = [ProducerFenced(), TopicAuthorizationFailedError(), KeyError("a bug"), OSError("no room")]


def test_what_passes_is_told_from_what_does_not() -> None:
    assert all(map(is_away, [*PASSING, TimeoutError(), KafkaError("looking for a coordinator")]))
    assert not any(map(is_away, FOR_GOOD))


class Work:
    """Fails with these errors, one after the other, and then no more."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.tried = 0

    async def __call__(self, *_: object) -> None:
        self.tried += 1
        if self.errors:
            raise self.errors.pop(0)


AT_ONCE = Pace(again_s=0)


async def test_what_a_broker_that_is_away_holds_up_is_tried_until_it_is_done_and_told_once(caplog: Any) -> None:
    work = Work(*PASSING)
    await retried(work, 60.0, "it cannot be done", AT_ONCE)
    assert work.tried == len(PASSING) + 1
    assert len(caplog.messages) == 1


@pytest.mark.parametrize(("error", "retry_s"), [*((one, 60.0) for one in FOR_GOOD), (LeaderNotAvailableError(), -1.0)])
async def test_any_other_error_and_the_last_error_in_time_are_raised(error: Exception, retry_s: float) -> None:
    work = Work(error)
    with pytest.raises(type(error)):
        await retried(work, retry_s, "it cannot be done", AT_ONCE)
    assert work.tried == 1


class Acquiring:
    """Two partitions that are taken over; the producer of the first meets `errors` when it is started."""

    def __init__(self, *errors: Exception) -> None:
        self.broken: list[BaseException] = []
        self.taken: list[int] = []
        kafka = MemoryKafka()
        kafka.errors["start ringback-0"] = list(errors)
        self.engines = Engines(
            make(store="memory"), [TOPIC], 2, around(kafka, pace=AT_ONCE), lambda _, error: self.broken.append(error)
        )

    @asynccontextmanager
    async def _resume(self, number: int) -> AsyncIterator[PausedPartition]:
        yield from_start(TOPIC)
        self.taken.append(number)

    async def over(self) -> None:
        await self.engines.assign([0, 1], 1, self._resume, stays)
        async with asyncio.timeout(30):
            while self.engines.acquiring:
                await asyncio.sleep(0.001)
        await self.engines.close()


async def test_a_partition_that_cannot_be_acquired_for_now_ends_no_worker_and_holds_up_no_other() -> None:
    acquiring = Acquiring(*PASSING)
    await acquiring.over()
    assert (acquiring.taken, acquiring.broken) == ([1, 0], [])


async def test_a_partition_that_can_never_be_acquired_ends_the_worker() -> None:
    acquiring = Acquiring(ProducerFenced())
    await acquiring.over()
    assert len(acquiring.broken) == 1
