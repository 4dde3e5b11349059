"""A transaction that cannot be committed in time ends, and with it the worker; one that waits for a broker does not."""

import asyncio
import time
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, LeaderNotAvailableError, NodeNotReadyError
from aiokafka.producer import message_accumulator

from streams.base.settings import make
from streams.engine.away import is_away
from streams.kafka.clients import Clients
from streams.kafka.transactions import UNREACHABLE_BACKOFF_S, Transaction, Transactions
from tests.edge.kafka_in_memory import MemoryKafka

TRANSACTION = Transaction((), {}, {}, 0)


class Client:
    """One to which there is no connection for so many attempts."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    async def ready(self, node_id: int, **_: Any) -> bool:
        self.failures -= 1
        return self.failures < 0

    async def send(self, node_id: int, request: Any, **_: Any) -> str:
        if isinstance(request, Exception):
            raise request
        return "answered"

    async def coordinator_lookup(self, coordinator_type: int, key: str) -> int:
        self.failures -= 1
        if self.failures >= 0:
            raise KafkaConnectionError("the connection closed")
        return 1


class Producer:
    """One whose coordinator asks to be asked again, for ever, or until `release`."""

    def __init__(self, **_: Any) -> None:
        self.client, self.release = Client(3), asyncio.Event()

    async def begin_transaction(self) -> None:
        """Begin."""

    async def commit_transaction(self) -> None:
        """Wait."""
        await self.release.wait()


def transactions(producer: Producer, **settings: Any) -> Transactions:
    return Transactions(MemoryKafka(producers=lambda **_: producer), make(**settings), 0)


async def test_a_commit_that_is_delayed_for_longer_than_the_transaction_may_last_raises() -> None:
    with pytest.raises(TimeoutError):
        await transactions(Producer(), transaction_timeout_s=1).commit(TRANSACTION)


async def test_a_commit_that_is_delayed_for_less_goes_on_in_place() -> None:
    producer = Producer()
    asyncio.get_running_loop().call_later(0.2, producer.release.set)
    assert await transactions(producer, transaction_timeout_s=60).commit(TRANSACTION) is None


async def test_a_broker_that_cannot_be_reached_is_not_asked_again_at_once() -> None:
    producer = Producer()
    transactions(producer)
    began = asyncio.get_running_loop().time()
    answers = [await producer.client.ready(1) for _ in range(4)]
    assert answers == [False, False, False, True]
    assert asyncio.get_running_loop().time() - began >= 3 * UNREACHABLE_BACKOFF_S


async def test_a_connection_that_breaks_while_a_coordinator_is_looked_up_is_one_that_is_not_there_yet() -> None:
    """aiokafka asks again after that error, and would give up after the other."""
    producer = Producer()
    transactions(producer)
    for _ in range(3):
        with pytest.raises(NodeNotReadyError):
            await producer.client.coordinator_lookup(1, "app-0")
    assert await producer.client.coordinator_lookup(1, "app-0") == 1


async def test_a_record_for_a_partition_without_a_leader_is_kept_for_as_long_as_its_transaction_may_last(monkeypatch):
    """No leader is a broker that is away: the transaction waits, and ends with its transaction, not before."""
    settings = make(transaction_timeout_s=60)
    producer: Any = Transactions(Clients(settings), settings, 0)._producer
    waiting, batch = producer._message_accumulator, producer.create_batch()
    batch.append(key=b"k", value=b"v", timestamp=0)
    producer._txn_manager.set_pid_and_epoch(1, 0)
    producer._txn_manager.begin_transaction()
    waiting._cluster.leader_for_partition = lambda _: -1
    written = await waiting.add_batch(batch, TopicPartition("ringback.dial-preview", 0), 1)
    for passed_s, is_over in ((59.0, False), (61.0, True)):
        monkeypatch.setattr(message_accumulator, "time", Clock(time.monotonic() + passed_s))
        waiting.drain_by_nodes(set())
        await asyncio.sleep(0)
        assert written.done() is is_over
    assert isinstance(written.exception(), LeaderNotAvailableError) and is_away(written.exception())
    producer._closed = True


class Clock:
    """Stands at `at`."""

    def __init__(self, at: float) -> None:
        self.monotonic = lambda: at
