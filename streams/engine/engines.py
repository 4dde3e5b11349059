"""The partition engines that this worker holds, acquired and given up with the group's assignments.

It is the one place that knows which partition is held, and since which generation of the group.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence

from streams import metrics
from streams.engine.batch import Batch
from streams.engine.clock import Clock
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.partition import Partition
from streams.engine.partition_engine import PartitionEngine
from streams.settings import Settings
from streams.tables import CONTACTS

log = logging.getLogger(__name__)

Release = Callable[[PartitionEngine], Awaitable[None]]


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
        self._settings = settings
        self._partitions = partitions
        self._clock = clock
        self._broken = broken
        self._held: dict[int, PartitionEngine] = {}
        self._generation = -1
        self._acquisition: asyncio.Task[None] | None = None
        self._reader = ConfigurationReader(settings, clock, self._reconfigured, broken)

    def acquire(self, partitions: Iterable[int], generation: int, release: Release) -> None:
        """Hold exactly `partitions`, in the background; `release` lets a partition's records come.

        An engine that was held in the generation just before keeps its state. With a generation missed in between,
        another worker may have held the partition: then the state is read anew.
        """
        kept = self._held.keys() if generation == self._generation + 1 else set[int]()
        self._generation = generation
        work = self._acquire(set(partitions), set(kept), release)
        self._acquisition = asyncio.create_task(work, name="acquisition")

    async def _acquire(self, wanted: set[int], kept: set[int], release: Release) -> None:
        try:
            await self._reader.start()
            await self._close(self._held.keys() - (wanted & kept))
            metrics.PARTITIONS_HELD.set(len(wanted))
            log.info("assigned partitions %s of %d, generation %d", sorted(wanted), self._partitions, self._generation)
            async with asyncio.TaskGroup() as group:
                for number in sorted(wanted):
                    group.create_task(self._take_up(number, release), name=f"acquire-{number}")
        except Exception as error:
            self._broken("acquiring partitions", error)

    async def _take_up(self, number: int, release: Release) -> None:
        """Own a partition, bring it up to the configuration, and only then let its records come."""
        engine = self._held.get(number)
        if engine is None:
            engine = await self._new_engine(number)
            self._held[number] = engine
        await engine.configure()
        await release(engine)

    async def _new_engine(self, number: int) -> PartitionEngine:
        core = Partition(
            number, self._partitions, self._reader.configuration, CONTACTS.open(), topic_prefix=self._settings.prefix
        )
        changelog = self._settings.topic(CONTACTS.changelog)
        engine = PartitionEngine(self._settings, core, changelog, self._clock, self._broken)
        try:
            await engine.acquire()
        except BaseException:
            await engine.close()
            raise
        return engine

    @property
    def acquiring(self) -> bool:
        """Whether partitions are still being acquired."""
        return self._acquisition is not None and not self._acquisition.done()

    async def suspend(self) -> None:
        """The group is sharing out anew: finish the units in flight, give up what is still being acquired."""
        if self._acquisition is not None:
            self._acquisition.cancel()
            await asyncio.gather(self._acquisition, return_exceptions=True)
            self._acquisition = None
        await asyncio.gather(*(engine.suspend() for engine in self._held.values()))

    async def close(self) -> None:
        """Give everything up."""
        await self.suspend()
        await self._reader.stop()
        await self._close(set(self._held))

    async def _close(self, numbers: Iterable[int]) -> None:
        await asyncio.gather(*(self._held.pop(number).close() for number in list(numbers)))

    async def work(self, batch: Batch) -> None:
        """Have the engine of the batch's partition process it; a batch that is not ours any more is left alone."""
        engine = self._held.get(batch.partition)
        if engine is not None:
            await engine.work(batch)

    async def _reconfigured(self) -> None:
        for engine in list(self._held.values()):
            await engine.reconfigure()

    def epochs(self, partitions: Iterable[int]) -> dict[int, int]:
        """How often each of the partitions that are held has been released."""
        return {number: self._held[number].epoch for number in partitions if number in self._held}

    def gated(self) -> list[tuple[str, int]]:
        """The source partitions that closed gates wait for."""
        return [(topic, number) for number, engine in self._held.items() for topic in engine.gate.waiting()]

    def handed_over(self, batch: Batch) -> None:
        """The records of `batch` are on their way to the agent."""
        engine = self._held.get(batch.partition)
        if engine is not None and engine.epoch == batch.epoch:
            engine.handed[batch.topic] = batch.records[-1].offset + 1

    def read_to(self, topic: str, partition: int, position: int) -> None:
        """The consumer stands at `position`, and all that it returned has been handed over."""
        engine = self._held.get(partition)
        if engine is not None and engine.next.get(topic, 0) >= engine.handed.get(topic, 0):
            engine.reached(topic, position)

    def not_ready(self) -> str | None:
        """Why this worker cannot be relied on yet, or None."""
        held = list(self._held.items())
        if not held:
            return "no partition is held yet"
        waiting = [number for number, engine in held if not engine.ready]
        return f"partitions {waiting} have not caught up yet" if waiting else None

    def status(self) -> dict[str, object]:
        """What each engine is doing, for people and tests."""
        return {
            "generation": self._generation,
            "configuration": self._reader.positions(),
            "partitions": {
                str(number): {
                    "ready": engine.ready,
                    "busy": engine.busy,
                    "waits_for": engine.gate.waiting(),
                    "next_offsets": dict(engine.next),
                    "outstanding": engine.core.outstanding,
                    "next_timer": engine.core.next_at(),
                }
                for number, engine in sorted(self._held.items())
            },
        }
