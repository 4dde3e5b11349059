"""A worker with one safeguard taken out, to show that the suite would notice: broken_worker.py SAFEGUARD.

Some safeguards guard against what is rare. Then it is made frequent first, and `hardships` alone shows that this harms
nothing while the safeguards stand.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiokafka import AIOKafkaProducer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.base.settings import load
from streams.engine import inbox, partition_engine
from streams.engine.assignment import PausedPartition
from streams.engine.gate import AcquireGate
from streams.faust_edge.consumer import Consumer
from streams.kafka.clients import Clients
from streams.kafka.transactions import Transactions
from streams.worker.main import run

AGAIN = 20
"""Records of each topic that come once more after each acquisition."""
COMMIT_S = 0.2


def hold_back() -> None:
    """Source partitions are resumed and sought when Faust does it, whether their engine has been acquired or not."""

    async def not_sought(starts: Mapping[str, int]) -> None: ...

    @asynccontextmanager
    async def resume_source(consumer: Consumer, partition: int) -> AsyncIterator[PausedPartition]:
        yield PausedPartition(dict.fromkeys(consumer.engines.topics, 0), not_sought)

    Consumer.resume_partitions = driver.Consumer.resume_partitions  # type: ignore[method-assign]
    Consumer.perform_seek = driver.Consumer.perform_seek  # type: ignore[method-assign]
    Consumer.resume_source = resume_source  # type: ignore[method-assign,assignment]


def fencing() -> type[Clients]:
    """Each worker has transactional ids of its own, so that no owner of a partition is fenced by the next."""

    class Unfenced(Clients):
        def producer(self, **options: Any) -> Any:
            return super().producer(**options | {"transactional_id": f"{options['transactional_id']}-{os.getpid()}"})

    return Unfenced


def offset_check() -> None:
    """What comes once more is processed once more."""
    _records_come_again()
    inbox.is_next = lambda record, expected: True


def read_committed() -> type[Clients]:
    """What was written in a transaction that was given up is restored, too."""
    _commits_are_slow()

    class Uncommitted(Clients):
        def consumer(self, **options: Any) -> Any:
            # Of what is read, not of how far topics go: with those ends a gate would wait for what never comes.
            is_reader = "max_partition_fetch_bytes" in options and options["group_id"] is None
            return super().consumer(**options | ({"isolation_level": "read_uncommitted"} if is_reader else {}))

    return Uncommitted


def acquire_gate() -> None:
    """Timers fire at once, whatever waits to be heard."""
    partition_engine.AcquireGate = partial(_gate, AcquireGate)  # type: ignore[assignment,attr-defined]


def doubts() -> None:
    """A producer goes on after a request that had no answer."""
    Transactions.check = lambda transactions: None  # type: ignore[method-assign,assignment]


def hardships() -> None:
    """Every safeguard stands, against all that is made frequent for the others."""
    _records_come_again()
    _commits_are_slow()


def _gate(gate: Callable[[dict[str, int]], object], ends: dict[str, int]) -> object:
    return gate({})


def _records_come_again() -> None:
    @asynccontextmanager
    async def resume_source(consumer: Consumer, partition: int) -> AsyncIterator[PausedPartition]:
        tps = [TP(topic, partition) for topic in sorted(consumer.engines.topics)]
        starts = await consumer.thread.call_thread(consumer.thread.starts, tps)

        async def seek(_: Mapping[str, int]) -> None:
            await consumer.thread.seek_wait({tp: max(0, found.offset - AGAIN) for tp, found in starts.items()})

        async with consumer._fetch_or_seek:
            yield PausedPartition({tp.topic: found.offset for tp, found in starts.items()}, seek)
            driver.Consumer.resume_partitions(consumer, tps)

    Consumer.resume_source = resume_source  # type: ignore[method-assign,assignment]


def _commits_are_slow() -> None:
    commit = AIOKafkaProducer.commit_transaction

    async def slow(producer: AIOKafkaProducer) -> None:
        await asyncio.sleep(COMMIT_S)
        await commit(producer)

    AIOKafkaProducer.commit_transaction = slow


SAFEGUARDS: dict[str, Callable[[], type[Clients] | None]] = {
    safeguard.__name__: safeguard
    for safeguard in (hold_back, fencing, offset_check, read_committed, acquire_gate, doubts, hardships)
}

if __name__ == "__main__":
    settings, clients = load(), SAFEGUARDS[sys.argv[1]]() or Clients
    sys.exit(run(settings, clients(settings)))
