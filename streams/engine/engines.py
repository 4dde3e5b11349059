"""The partition engines that this worker holds, acquired and given up with the group's assignments.

It is the one place that knows which partition is held, since which generation of the group, and how often the source
positions have been sought.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aiokafka import TopicPartition

from streams import metrics
from streams.engine.clock import Clock
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.gate import AcquireGate
from streams.engine.partition import Partition
from streams.engine.partition_engine import PartitionEngine
from streams.engine.restore import reader
from streams.settings import Settings
from streams.tables import CONTACTS

log = logging.getLogger(__name__)


class Engines:
    """Partition number -> engine, for the contact partitions assigned to this worker."""

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        partitions: int,
        clock: Clock,
        broken: Callable[[str, BaseException], None],
    ) -> None:
        """topics: full names of the contact topics; partitions: how many each of them has; broken: ends the process."""
        self.topics = frozenset(topics)
        self.epoch = 0
        self._settings = settings
        self._partitions = partitions
        self._clock = clock
        self._broken = broken
        self._held: dict[int, PartitionEngine] = {}
        self._acquiring: set[asyncio.Task[PartitionEngine]] = set()
        self._generation = -1
        self._suspensions = 0
        self._reader = ConfigurationReader(settings, clock, self._configured, broken)

    async def acquire(self, partitions: Iterable[int], generation: int) -> None:
        """Hold exactly `partitions`. An engine that was held in the generation just before keeps its state.

        With a generation missed in between, another worker may have held the partition: the state is read anew.
        """
        suspensions = self._suspensions
        await self._reader.start()
        wanted = set(partitions)
        kept = wanted & self._held.keys() if generation == self._generation + 1 else set()
        await self._close(self._held.keys() - kept)
        self._generation = generation
        tasks = [asyncio.create_task(self._acquire(number)) for number in sorted(wanted - kept)]
        self._acquiring.update(tasks)
        done = await asyncio.gather(*tasks, return_exceptions=True)
        self._acquiring.difference_update(tasks)
        for result in done:
            if isinstance(result, PartitionEngine):
                self._held[result.number] = result
            elif not isinstance(result, asyncio.CancelledError):
                self._broken("acquiring a partition", result)
        if suspensions == self._suspensions:  # Otherwise the group is sharing out again already.
            await self._resume()

    async def _acquire(self, number: int) -> PartitionEngine:
        core = Partition(number, self._partitions, self._reader.configuration, CONTACTS.open())
        changelog = self._settings.topic(CONTACTS.changelog)
        engine = PartitionEngine(self._settings, core, changelog, sorted(self.topics), self._clock, self._broken)
        try:
            await engine.acquire()
        except asyncio.CancelledError:
            await engine.close()
            raise
        return engine

    async def _resume(self) -> None:
        """Close each gate over what its topics hold now, and let the engines work."""
        numbers = sorted(self._held)
        sources = [TopicPartition(topic, number) for topic in sorted(self.topics) for number in numbers]
        if sources:
            async with reader(self._settings, sources) as consumer:
                ends = await consumer.end_offsets(sources)
                starts = await consumer.beginning_offsets(sources)
            for number in numbers:
                gate = AcquireGate(
                    {tp.topic: end for tp, end in ends.items() if tp.partition == number and end > starts[tp]}
                )
                await self._held[number].resume(gate)
        metrics.PARTITIONS_HELD.set(len(self._held))
        log.info("holding partitions %s of %d, generation %d", numbers, self._partitions, self._generation)

    async def suspend(self) -> None:
        """The group is sharing out anew: finish the units in flight, give up what is still being acquired."""
        self._suspensions += 1
        for task in self._acquiring:
            task.cancel()
        await asyncio.gather(*(engine.suspend() for engine in self._held.values()))

    async def close(self) -> None:
        """Give everything up."""
        await self._reader.stop()
        await self.suspend()
        await self._close(set(self._held))

    async def _close(self, numbers: Iterable[int]) -> None:
        await asyncio.gather(*(self._held.pop(number).close() for number in list(numbers)))

    async def work(self, batch: Any) -> None:
        """Have the engine of the batch's partition process it; a batch that is not ours any more is left alone."""
        engine = self._held.get(batch.partition)
        if engine is not None:
            await engine.work(batch.topic, batch.records, lambda: batch.epoch == self.epoch)

    async def _configured(self) -> None:
        for engine in list(self._held.values()):
            await engine.configure()

    def new_epoch(self) -> None:
        """The source positions are being sought: nothing fetched before counts."""
        self.epoch += 1
        for engine in self._held.values():
            engine.handed.clear()

    def sought(self, topic: str, partition: int, offset: int) -> None:
        """Reading of a source partition goes on at `offset`, which is what has been committed."""
        engine = self._held.get(partition)
        if engine is not None:
            engine.next[topic] = max(offset, engine.next.get(topic, 0))
            engine.reached(topic, offset)

    def gated(self) -> list[tuple[str, int]]:
        """The source partitions that closed gates wait for."""
        return [(topic, n) for n, engine in self._held.items() for topic in engine.gate.waiting()]

    def handed_over(self, topic: str, partition: int, offset: int) -> None:
        """Records before `offset` are on their way to the agent."""
        engine = self._held.get(partition)
        if engine is not None:
            engine.handed[topic] = offset

    def read_to(self, topic: str, partition: int, position: int) -> None:
        """The consumer stands at `position`, and all that it returned has been handed over."""
        engine = self._held.get(partition)
        if engine is not None and engine.next.get(topic, 0) >= engine.handed.get(topic, 0):
            engine.reached(topic, position)

    def not_ready(self) -> str | None:
        """Why this worker cannot be relied on yet, or None."""
        if not self._held:
            return "no partition is assigned yet"
        waiting = [number for number, engine in list(self._held.items()) if not engine.ready]
        return f"partitions {waiting} have not caught up yet" if waiting else None

    def status(self) -> dict[str, object]:
        """What each engine is doing, for people and tests."""
        return {
            "generation": self._generation,
            "configuration": self._reader.positions(),
            "partitions": {
                str(number): {
                    "ready": engine.ready,
                    "waits_for": engine.gate.waiting(),
                    "next_offsets": dict(engine.next),
                    "outstanding": engine.core.outstanding,
                    "next_timer": engine.core.next_at(),
                }
                for number, engine in sorted(self._held.items())
            },
        }
