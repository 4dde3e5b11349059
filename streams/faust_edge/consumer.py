"""Our Kafka transport for Faust: whole batches, and source partitions held back until their engine has them.

Two things differ from Faust's own driver. A fetched batch of a contact topic goes to its agent as one message, whose
value is a `Batch`: the framework's cost is then paid once a batch. And Faust never resumes a source partition: it is
held back from its assignment until its engine has restored the state, and is then sought to what has been committed.
What is fetched before that would be dropped, and offsets committed later would pass over it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, ClassVar, cast

from aiokafka.errors import IllegalStateError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from faust.types.transports import ConsumerT

from streams.engine.assignment import PausedPartition
from streams.engine.batch import Batch
from streams.engine.deciding import REQUESTS
from streams.engine.engines import Engines
from streams.kafka.clients import Clients
from streams.kafka.fetched import leader_epoch_of
from streams.library_internals.aiokafka import group_member
from streams.library_internals.faust.consumer import OpenConsumer, OpenThread

IDLE_S = 0.5  # How often is looked again while there is no partition to fetch.
NO_OFFSET = OffsetAndMetadata(0, "")
MARKERS_EVERY_S = 2.0  # How often the offsets of topics that end in markers of transactions are committed.
FETCH_WAIT_MS = 500  # Faust's 1,500 ms would be the wait for the first record after a seek.


class ConsumerThread(OpenThread):
    """Reads committed records only, does not wait long for the first of them, and keeps an idle member in its group."""

    def make_client(self) -> Any:
        """The member of the group, as the app is configured; beside that, what Faust has no setting for."""
        conf = self.app.conf
        return cast(Clients, self.app.clients).consumer(  # type: ignore[attr-defined]
            client_id=conf.broker_client_id,
            group_id=conf.id,
            group_instance_id=conf.consumer_group_instance_id,
            partition_assignment_strategy=[self.app.assignor],
            enable_auto_commit=False,
            auto_offset_reset=conf.consumer_auto_offset_reset,
            isolation_level="read_committed",
            max_poll_records=conf.broker_max_poll_records,
            max_poll_interval_ms=int(conf.broker_max_poll_interval * 1000),
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            metadata_max_age_ms=conf.consumer_metadata_max_age_ms,
            connections_max_idle_ms=conf.consumer_connections_max_idle_ms,
            check_crcs=conf.broker_check_crcs,
        )

    async def idle(self) -> None:
        """Count as alive while there is nothing to fetch: a restore that takes long, a worker without a partition.

        aiokafka takes a consumer that asks for nothing for a hung one; it leaves the group and does not come back.
        """
        group_member.count_as_alive(self.client)

    def ends_beside(self, tp: TP, topics: Iterable[str]) -> dict[str, int]:
        """How far the other topics of the partition go, as of the last fetch of each; nothing is asked.

        0 for one that is read to its end, whatever markers it ends in, or that nothing is known of.
        """
        ends = {}
        for topic in topics:
            state = group_member.state_of(self.client, TP(topic, tp.partition))
            if topic == tp.topic or state is None:
                continue
            is_read = not state.has_valid_position or state.lso is None or state.position >= state.lso
            ends[topic] = 0 if is_read else state.lso
        return ends

    def jumped(self, tp: TP) -> bool:
        """Whether the position was outside of the log, and was set to its beginning; True once."""
        state = group_member.state_of(self.client, tp)
        if not (isinstance(state, group_member.PartitionState) and state.was_reset):
            return False
        state.was_reset = False
        return True

    def end_of(self, topic: str, partition: int) -> int | None:
        """The offset after the last record, as of the last fetch; nothing is asked. None if not known."""
        state = group_member.state_of(self.client_if_started, TP(topic, partition))
        return None if state is None else state.highwater

    def position_of(self, tp: TP) -> int | None:
        """The next offset to be fetched, all before which has been returned; nothing is asked. None if not known."""
        state = group_member.state_of(self.client, tp)
        return state.position if state is not None and state.has_valid_position else None

    def refused(self) -> BaseException | None:
        """What the group answered instead of taking this member; nothing else asks while it has no partition."""
        return group_member.refused(self.client_if_started)

    async def rejoin(self) -> None:
        """Join the group again, so that it assigns the partitions again."""
        group_member.rejoin(self.client)

    def leave_for_good(self) -> None:
        """Leave the group when this member stops, though it has an instance id: it is not coming back."""
        group_member.leave_when_stopped(self.client)

    async def starts(self, tps: list[TP]) -> dict[TP, OffsetAndMetadata]:
        """The committed offsets and what was noted with them; 0 and nothing where there are none."""
        committed: Mapping[Any, OffsetAndMetadata] = await group_member.committed(self.client, tps)
        return {tp: committed.get(tp, NO_OFFSET) for tp in tps}


class Consumer(OpenConsumer):
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
        return cast(ConsumerThread, super().thread)

    def make_thread(self) -> ConsumerThread:
        """The thread, made with the consumer."""
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, Any]]:  # noqa: ASYNC109  (Faust's signature)
        """One message for each fetched batch of a source partition."""
        pace = self.engines.pace
        if held_back := self.engines.held_back():
            self.pause_partitions({TP(topic, number) for topic in self.engines.topics for number in held_back})
        if not self.active_partitions:
            await self.thread.call_thread(self.thread.idle)
            await asyncio.sleep(pace.acquiring_s if self.engines.acquiring else IDLE_S)
            return
        await self._report_positions()
        await self._pass_markers()
        fetched = await self._fetched(pace.acquiring_s if self.engines.acquiring else pace.fetch_s)
        epochs = self._fetched_in
        # Requests last: what the same fetch returned counts as arrived before them.
        for tp, records in sorted(fetched.items(), key=lambda item: self._is_request(item[0])):
            if not records or self.should_stop:
                continue
            ends = self.thread.ends_beside(tp, self.engines.topics) if self._is_request(tp) else None
            batch = self.engines.handover.batch(tp.topic, tp.partition, records, epochs.get(tp.partition), ends)
            if batch is None:
                continue
            self.deliver_again(tp)
            yield tp, self._message(tp, records[-1], batch)

    def _message(self, tp: TP, last: Any, batch: Batch) -> ConsumerMessage:
        """What Faust hands to the agent: `batch` under the offset of its last record."""
        return ConsumerMessage(
            last.topic, last.partition, last.offset, last.timestamp / 1000, last.timestamp_type, last.headers,
            None, cast(Any, batch), last.checksum, last.serialized_key_size, last.serialized_value_size, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    def _is_request(self, tp: TP) -> bool:
        return tp.topic.endswith(REQUESTS)

    async def _fetched(self, wait_s: float) -> Any:
        """What a fetch returns of the active partitions, once Faust lets records flow."""
        if not self.flow_active:
            await self.wait(cast(Any, self.can_resume_flow))
        active_partitions = self.active_partitions
        if not active_partitions:
            await self.sleep(1)
            return {}
        async with self._fetch_or_seek:
            records: dict[TP, Any] = dict(await self.thread.getmany(active_partitions, wait_s))
            self._fetched_in = self.engines.handover.epochs(tp.partition for tp in records)
            for tp in [tp for tp in records if self.thread.jumped(tp)]:
                self.engines.handover.jumped(tp.topic, tp.partition, records[tp][0].offset)
            latest = {tp: leader_epoch_of(*tp) for tp in records if records[tp]}
            if unknown := await self.engines.handover.compare(latest):
                await self.thread.seek_wait({tp: records.pop(tp)[0].offset for tp in sorted(unknown)})
            return records

    async def _report_positions(self) -> None:
        """Note for closed gates how far we have read: a topic may end in markers, which are never delivered.

        Asked between two fetches, when all that the last one returned has been handed over.
        """
        for topic, partition in self.engines.handover.awaited_sources():
            tp, epochs = TP(topic, partition), self.engines.handover.epochs([partition])
            if self.flow_active and tp in self.active_partitions:
                with suppress(IllegalStateError):  # A rebalance has taken the partition away meanwhile.
                    position = await self.thread.position(tp) or 0
                    # A resumption in between has sought the partition: what stands before this may be read once more.
                    if self.engines.handover.epochs([partition]) == epochs:
                        self.engines.handover.read_to(topic, partition, position)

    async def _pass_markers(self) -> None:
        """Note for engines how far topics go that end in markers, now and then."""
        if (now := asyncio.get_running_loop().time()) < self._passed_at + MARKERS_EVERY_S:
            return
        self._passed_at = now
        sources = [tp for tp in self.active_partitions if tp.topic in self.engines.topics]
        unknown = await self.engines.handover.compare({tp: leader_epoch_of(*tp) for tp in sources})
        for tp in sorted(set(sources) - unknown):  # In one order, so that a simulation can be run again.
            if (position := self.thread.position_of(tp)) is not None:
                self.engines.handover.pass_markers(tp.topic, tp.partition, position)

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Hold source partitions back; only `resume_source` resumes them."""
        super().resume_partitions({tp for tp in tps if tp.topic not in self.engines.topics})

    async def perform_seek(self) -> None:
        """Nothing yet: each source partition is sought when it is resumed."""

    async def rejoin(self) -> None:
        """Join the group again, so that it assigns the partitions again."""
        await self.thread.call_thread(self.thread.rejoin)

    @asynccontextmanager
    async def resume_source(self, partition: int) -> AsyncIterator[PausedPartition]:
        """A partition of which nothing is fetched; when the block ends, it is fetched from where it was sought."""
        tps = [TP(topic, partition) for topic in sorted(self.engines.topics)]
        committed = await self.thread.call_thread(self.thread.starts, tps)

        async def seek(starts: Mapping[str, int]) -> None:
            await self.thread.seek_wait({tp: starts[tp.topic] for tp in tps})

        kept = await self.engines.kept(partition, {tp.topic: found.metadata for tp, found in committed.items()})
        async with self._fetch_or_seek:
            yield PausedPartition({tp.topic: found.offset for tp, found in committed.items()}, seek, kept)
            super().resume_partitions(tps)


class Transport(driver.Transport):
    """Faust's aiokafka transport with our consumer."""

    Consumer: ClassVar[type[ConsumerT]] = Consumer
