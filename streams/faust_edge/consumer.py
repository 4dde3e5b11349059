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
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from faust.types.transports import ConsumerT

from streams.engine.assignment import PausedPartition
from streams.engine.batch import Batch
from streams.engine.deciding import REQUESTS
from streams.engine.engines import Engines
from streams.faust_edge.consumer_thread import ConsumerThread
from streams.library_internals.faust.consumer import OpenConsumer

IDLE_S = 0.5  # How often is looked again while there is no partition to fetch.
MARKERS_EVERY_S = 2.0  # How often the offsets of topics that end in markers of transactions are committed.


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
            latest = {tp: self.thread.leader_epoch_of(tp) for tp in records if records[tp]}
            for tp in sorted(await self.engines.handover.compare(latest)):
                with suppress(IllegalStateError):  # A rebalance has taken the partition away meanwhile.
                    await self.thread.seek_wait({tp: records.pop(tp)[0].offset})
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
        # In one order, so that a simulation can be run again.
        sources = sorted(tp for tp in self.active_partitions if tp.topic in self.engines.topics)
        unknown = await self.engines.handover.compare({tp: self.thread.leader_epoch_of(tp) for tp in sources})
        for tp in sources:
            if tp not in unknown and (position := self.thread.position_of(tp)) is not None:
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
