"""Our Kafka transport for Faust: whole batches, and source partitions held back until their engine has them.

Two things differ from Faust's own driver. A fetched batch of a contact topic goes to its agent as one message, whose
value is a `Batch`: the framework's cost is then paid once a batch. And Faust never resumes a source partition: it is
held back from its assignment until its engine has restored the state, and is then sought to what has been committed.
What is fetched before that would be dropped, and offsets committed later would pass over it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import Any, ClassVar, cast

import aiokafka
from aiokafka.consumer import subscription_state
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.transports import ConsumerT

from streams.engine.beginning import Beginning
from streams.engine.engines import Engines
from streams.engine.partition_engine import REQUESTS

IDLE_S = 0.5  # How often is looked again while there is no partition to fetch.
MARKERS_EVERY_S = 2.0  # How often the offsets of topics that end in markers of transactions are committed.
FETCH_WAIT_MS = 500  # Faust's 1,500 ms would be the wait for the first record after a seek.


class _PartitionState(subscription_state.TopicPartitionState):  # type: ignore[misc]
    """aiokafka sets a position that is outside of the log to its beginning, and tells nobody."""

    was_reset = False

    def await_reset(self, strategy: Any) -> None:
        self.was_reset = self.has_valid_position
        super().await_reset(strategy)

    def seek(self, position: int) -> None:
        self.was_reset = False
        super().seek(position)


subscription_state.TopicPartitionState = _PartitionState


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """Reads committed records only, does not wait long for the first of them, and keeps an idle member in its group."""

    def _create_worker_consumer(self, transport: driver.Transport) -> "aiokafka.AIOKafkaConsumer[Any, Any]":
        consumer = super()._create_worker_consumer(transport)
        # Faust offers neither as a setting; both are read when the consumer starts.
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer

    async def idle(self) -> None:
        """Count as alive while there is nothing to fetch: a restore that takes long, a worker without a partition.

        aiokafka takes a consumer that asks for nothing for a hung one; it leaves the group and does not come back.
        """
        consumer = self._ensure_consumer()
        consumer._coordinator.check_errors()
        with consumer._subscription.fetch_context():
            pass

    def ends_beside(self, tp: TP, topics: Iterable[str]) -> dict[str, int]:
        """How far the other topics of the partition go, as the last fetch of each told; nothing is asked.

        0 for one that is read to its end, whatever markers it ends in, or that nothing is known of.
        """
        ends = {}
        for topic in topics:
            state = self._state(TP(topic, tp.partition))
            if topic == tp.topic or state is None:
                continue
            is_read = not state.has_valid_position or state.lso is None or state.position >= state.lso
            ends[topic] = 0 if is_read else state.lso
        return ends

    def jumped(self, tp: TP) -> bool:
        """Whether the position was outside of the log, and was set to its beginning; True once."""
        state = self._state(tp)
        if not (isinstance(state, _PartitionState) and state.was_reset):
            return False
        state.was_reset = False
        return True

    def position_of(self, tp: TP) -> int | None:
        """The next offset to be fetched, all before which has been returned; nothing is asked. None if not known."""
        state = self._state(tp)
        return state.position if state is not None and state.has_valid_position else None

    def _state(self, tp: TP) -> Any:
        """What the client knows of a partition; None of one that is not assigned."""
        assignment = self._ensure_consumer()._subscription.subscription.assignment
        return assignment.state_value(tp) if assignment is not None and tp in assignment.tps else None

    def refused(self) -> BaseException | None:
        """What the group answered instead of taking this member; nothing else asks while it has no partition."""
        coordinator = getattr(self._consumer, "_coordinator", None)
        return getattr(coordinator, "_pending_exception", None)

    async def rejoin(self) -> None:
        """Have the group share out anew."""
        self._ensure_consumer()._coordinator.request_rejoin()

    def leave_for_good(self) -> None:
        """Have the group told when this member stops, though it has an instance id: it is not coming back."""
        self._ensure_consumer()._coordinator._group_instance_id = None

    async def starts(self, tps: list[TP]) -> dict[TP, int]:
        """The committed offsets, and 0 where there are none."""
        consumer = self._ensure_consumer()
        committed = await asyncio.gather(*(consumer.committed(tp) for tp in tps))
        return {tp: offset or 0 for tp, offset in zip(tps, committed, strict=True)}


class Consumer(driver.Consumer):
    """Faust's consumer with batches and hold-back."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A fetch and a seek never overlap: each record is known to be fetched before a seek or after it.
        self._fetch_or_seek = asyncio.Lock()
        self._fetched_in: dict[int, int] = {}
        self._passed_at = 0.0

    @property
    def engines(self) -> Engines:
        """The partition engines of this worker."""
        return cast(Engines, self.app.engines)  # type: ignore[attr-defined]

    @property
    def thread(self) -> ConsumerThread:
        """The thread that owns the connection."""
        return cast(ConsumerThread, self._thread)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109  (Faust's signature)
        """One message for each fetched batch of a source partition."""
        pace = self.engines.pace
        if held_back := self.engines.held_back():
            self.pause_partitions({TP(topic, number) for topic in self.engines.topics for number in held_back})
        if not self._get_active_partitions():
            await self.thread.call_thread(self.thread.idle)
            await asyncio.sleep(pace.acquiring_s if self.engines.acquiring else IDLE_S)
            return
        await self._report_positions()
        self._pass_markers()
        fetched, _ = await self._wait_next_records(pace.acquiring_s if self.engines.acquiring else pace.fetch_s)
        epochs = self._fetched_in
        # Requests last: what the same fetch returned arrived before them, as far as anybody can tell.
        for tp, records in sorted((fetched or {}).items(), key=lambda item: self._is_request(item[0])):
            if not records or self.should_stop:
                continue
            ends = self.thread.ends_beside(tp, self.engines.topics) if self._is_request(tp) else None
            batch = self.engines.batch(tp.topic, tp.partition, records, epochs.get(tp.partition), ends)
            if batch is None:
                continue
            message = self._to_message(tp, records[-1])
            message.key, message.value = None, cast(Any, batch)
            # Faust drops a message below the last offset it noted, and may note an old one after a seek.
            self._read_offset[tp] = None
            yield tp, message

    def _is_request(self, tp: TP) -> bool:
        return tp.topic.endswith(REQUESTS)

    async def _getmany(self, active_partitions: Any, timeout: float) -> Any:  # noqa: ASYNC109  (Faust's signature)
        async with self._fetch_or_seek:
            records = await super()._getmany(active_partitions, timeout)
            self._fetched_in = self.engines.epochs(tp.partition for tp in records)
            for tp in [tp for tp in records if self.thread.jumped(tp)]:
                self.engines.jumped(tp.topic, tp.partition, records[tp][0].offset)
            return records

    async def _report_positions(self) -> None:
        """Tell closed gates how far we have read: a topic may end in markers, which are never delivered.

        Asked between two fetches, when all that the last one returned has been handed over.
        """
        for topic, partition in self.engines.gated():
            tp, epochs = TP(topic, partition), self.engines.epochs([partition])
            if self.flow_active and tp in self._get_active_partitions():
                with suppress(IllegalStateError):  # A rebalance has taken the partition away meanwhile.
                    position = await self._thread.position(tp) or 0
                    # A release in between has sought the partition: what stands before this may be read once more.
                    if self.engines.epochs([partition]) == epochs:
                        self.engines.read_to(topic, partition, position)

    def _pass_markers(self) -> None:
        """Tell engines how far topics go that end in markers, now and then."""
        if (now := asyncio.get_running_loop().time()) < self._passed_at + MARKERS_EVERY_S:
            return
        self._passed_at = now
        for tp in self._get_active_partitions():
            if tp.topic in self.engines.topics and (position := self.thread.position_of(tp)) is not None:
                self.engines.pass_markers(tp.topic, tp.partition, position)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Hold source partitions back; only `release` lets them go."""
        super().resume_partitions({tp for tp in tps if tp.topic not in self.engines.topics})

    async def perform_seek(self) -> None:
        """Nothing yet: each source partition is sought when it is released."""

    async def rejoin(self) -> None:
        """Have the group say anew which partitions are ours."""
        await self.thread.call_thread(self.thread.rejoin)

    async def release(self, partition: int, begin: Beginning) -> None:
        """Have an engine `begin` where its partition is to be read on, and let it be fetched from there."""
        tps = [TP(topic, partition) for topic in sorted(self.engines.topics)]
        committed = await self.thread.call_thread(self.thread.starts, tps)
        async with self._fetch_or_seek:
            starts = begin.starts({tp.topic: offset for tp, offset in committed.items()})
            await self._thread.seek_wait({tp: starts[tp.topic] for tp in tps})
            begin(starts)
            super().resume_partitions(tps)


class Transport(driver.Transport):
    """Faust's aiokafka transport with our consumer."""

    Consumer: ClassVar[type[ConsumerT]] = Consumer
