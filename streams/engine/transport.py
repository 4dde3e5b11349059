"""Our Kafka transport for Faust: whole batches, no event dropped at a rebalance, seeks that the engines know of.

Three things differ from Faust's own driver. A fetched batch of a contact topic goes to its agent as one message, whose
value is a `Batch`: the framework's cost is then paid once a batch. Source partitions are held back until flow control
has cleared the agents' queues, because what Faust fetches before that is lost. And every seek begins a new epoch:
batches fetched before it are recognised and left alone, so that none is taken over a gap.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, cast

import aiokafka
from aiokafka import ConsumerRecord
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.transports import ConsumerT

from streams.engine.engines import Engines

FETCH_TIMEOUT_S = 0.2  # A fetch that finds nothing ends after this long; a seek waits for it.
FETCH_WAIT_MS = 500  # Faust's 1,500 ms would be the wait for the first record after a seek.

SourceRecord = ConsumerRecord[bytes | None, bytes | None]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The records of one partition that one fetch returned; `epoch` counts the seeks before the fetch."""

    topic: str
    partition: int
    records: list[SourceRecord]
    epoch: int


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Reads committed records only, and does not wait long for the first of them."""

    def _create_worker_consumer(self, transport: driver.Transport) -> "aiokafka.AIOKafkaConsumer[Any, Any]":
        consumer = super()._create_worker_consumer(transport)
        # Faust offers neither as a setting; both are read when the consumer starts.
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer


class Consumer(driver.Consumer):
    """Faust's consumer with batches, hold-back and epochs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._held: frozenset[TP] = frozenset()
        # A fetch and a seek never overlap: each record is known to be fetched before a seek or after it.
        self._fetch_or_seek = asyncio.Lock()
        self._fetched_in = 0

    @property
    def engines(self) -> Engines:
        """The partition engines of this worker."""
        return cast(Engines, self.app.engines)  # type: ignore[attr-defined]

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def _is_source(self, tp: TP) -> bool:
        return tp.topic in self.engines.topics

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:
        """One message for each fetched batch of a source partition."""
        await self._report_idle()
        fetched, _ = await self._wait_next_records(min(timeout, FETCH_TIMEOUT_S))
        epoch = self._fetched_in
        for tp, records in (fetched or {}).items():
            if records and self._is_source(tp) and not self.should_stop:
                self.engines.handed_over(tp.topic, tp.partition, records[-1].offset + 1)
                message = self._to_message(tp, records[-1])
                message.key, message.value = None, Batch(tp.topic, tp.partition, records, epoch)
                # Faust drops a message below the last offset it noted, and may note an old one after a seek.
                self._read_offset[tp] = None
                yield tp, message

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:
        async with self._fetch_or_seek:
            records = await super()._getmany(active_partitions, timeout)
            self._fetched_in = self.engines.epoch
            return records

    async def _report_idle(self) -> None:
        """Tell closed gates how far we have read: a topic may end in markers, which are never delivered.

        Asked before the next fetch, when all that the last one returned has been handed over.
        """
        epoch = self.engines.epoch
        for topic, partition in self.engines.gated():
            tp = TP(topic, partition)
            if self.flow_active and tp in self._get_active_partitions():
                position = await self._thread.position(tp)
                if position is not None and epoch == self.engines.epoch:
                    self.engines.read_to(topic, partition, position)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Hold source partitions back: Faust resumes them before it clears the agents' queues."""
        source = frozenset(tp for tp in tps if self._is_source(tp))
        self._held |= source
        super().resume_partitions(set(tps) - source)

    def resume_flow(self) -> None:
        """Let the held partitions go: the queues have been cleared, and every position has been sought."""
        super().resume_flow()
        held, self._held = self._held & self.assignment(), frozenset()
        super().resume_partitions(held)

    async def perform_seek(self) -> None:
        """Seek to the committed offsets; everything fetched before it is over belongs to an older epoch."""
        async with self._fetch_or_seek:
            self.engines.new_epoch()
            await super().perform_seek()
            for tp in self.assignment():
                if self._is_source(tp):
                    self.engines.sought(tp.topic, tp.partition, self._read_offset.get(tp) or 0)


class Transport(driver.Transport):
    """Faust's aiokafka transport with our consumer."""

    Consumer: type[ConsumerT] = Consumer
