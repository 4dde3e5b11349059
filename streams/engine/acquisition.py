"""Acquires partitions: each is fenced and restored, and its sources are sought and resumed.

It does so in the background of a rebalance, concurrently, and in place after a transaction in doubt. Source:
docs/engine.md, "Acquiring a partition".
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from streams.base import metrics
from streams.base.log import about
from streams.base.settings import Settings
from streams.engine.assignment import Assignment
from streams.engine.away import retried
from streams.engine.beginning import Beginning, LogGaps
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.held import HeldEngines
from streams.engine.new_engines import NewEngines
from streams.engine.outside import Outside
from streams.engine.partition_engine import Broken, PartitionEngine
from streams.engine.reacquisitions import Reacquisitions
from streams.engine.refusals import refusal_of
from streams.engine.waits import Waits
from streams.kafka.source_ends import SourceEnds
from streams.storage.local_copy import UnusableState

log = logging.getLogger(__name__)


class Acquisition:
    """Of one worker. It puts engines from `new` into `held`. ends: how far the contact topics go, as committed.

    reacquisitions: the partitions that are reacquired in place; waits: what is waited for, by partition; common: what
    all of them wait for.
    """

    def __init__(
        self, settings: Settings, outside: Outside, assignment: Assignment, held: HeldEngines, log_gaps: LogGaps,
        new: NewEngines, reader: ConfigurationReader, ends: SourceEnds, broken: Broken,
    ) -> None:  # fmt: skip
        self._settings, self._pace = settings, outside.pace
        self._assignment, self._held, self._log_gaps = assignment, held, log_gaps
        self._new, self._reader, self._ends = new, reader, ends
        self._broken = broken
        self._running: asyncio.Task[None] | None = None
        self.reacquisitions = Reacquisitions(self._owned, broken, settings.transaction_timeout_s, outside.pace)
        self.waits, self.common = Waits(outside.clock), Waits(outside.clock)

    def start(self, kept: set[int]) -> None:
        """Acquire the assigned partitions. kept: partitions whose engines keep their state."""
        self._log_gaps.keep(kept)
        name = f"acquisition-{self._assignment.generation}"
        self._running = asyncio.create_task(self._acquire(kept), name=name)

    async def stop(self) -> None:
        """Acquire and reacquire nothing more."""
        await self.reacquisitions.stop()
        await self._log_gaps.stop()
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None
            self.waits.clear()
            self.common.clear()

    @property
    def runs(self) -> bool:
        """Whether partitions are still being acquired."""
        return bool(self.reacquisitions.numbers()) or (self._running is not None and not self._running.done())

    async def begin(self, engine: PartitionEngine, awaited: Mapping[str, int] | None = None) -> None:
        """Resume the sources of a partition, from where it is read on. awaited: see `Beginning`."""
        resume = self._assignment.resume
        if resume is None:  # It was about to be cancelled, by a rebalance.
            raise asyncio.CancelledError
        while True:
            spans, went_back = await self._ends.of(engine.number), self._log_gaps.went_back(engine.number)
            async with resume(engine.number) as paused:
                beginning = Beginning(engine, spans, self._settings.prefix, went_back, awaited, paused.kept)
                starts = beginning.starts(paused.committed)
                await paused.seek(starts)
                beginning.begin(starts)
            if self._log_gaps.begun(engine.number, went_back):
                return
            await engine.suspend()  # Another topic has gone back meanwhile.

    async def kept(self, number: int, notes: Mapping[str, str]) -> dict[str, int]:
        """How far logs of a held partition are those that were read, as their leaders say, by full topic name.

        notes: what was noted with their committed offsets. Leaders that cannot be asked are waited for.
        """
        engine, kept = self._held.engines.get(number), dict[str, int]()
        if engine is None:  # It has been given up meanwhile.
            return kept
        epochs = engine.leader_epochs
        epochs.open(notes, self._reader.topic_ids)

        async def ask(topic: str, leader_epoch: int) -> None:
            end = await self._ends.end_of_epoch(topic, number, leader_epoch)
            if end is not None:
                kept[topic] = end

        known = {topic: epoch for topic in notes if (epoch := epochs.of(topic)) is not None}
        await asyncio.gather(*(self._patiently(partial(ask, *one), f"partition {number}") for one in known.items()))
        return kept

    async def _acquire(self, kept: set[int]) -> None:
        wanted, generation = sorted(self._assignment.wanted), self._assignment.generation
        told = about("assigned", partitions=wanted, generation=generation)
        of = self._assignment.partitions
        log.info("assigned partitions %s of %d, generation %d", wanted, of, generation, extra=told)
        metrics.engine.PARTITIONS_HELD.set(len(wanted))
        metrics.engine.REBALANCES.inc()
        try:
            given_up = self._held.give_up_all_but(kept)
            closing = asyncio.gather(*(engine.close() for engine in given_up))
            async with asyncio.TaskGroup() as group:
                self._create(group, self._closed(closing), "former partitions", "their engines to be closed")
                self._create(group, self._reader.start(), "configuration", "its topics to be read")
                rows_fit = self._patiently(self._new.rows_fit, "rows")
                self._create(group, rows_fit, "changelog", "each of its rows to be found in its partition")
                for number in wanted:
                    group.create_task(self._acquired(number, closing), name=f"acquire-{number}")
        except (Exception, UnusableState, BaseExceptionGroup) as error:
            self._broken("acquiring partitions", refusal_of(error, self._settings))

    def _create(self, group: asyncio.TaskGroup, work: Coroutine[Any, Any, None], who: str, what: str) -> None:
        """Have the work done whose end `who` waits for."""
        self.common.started(who, what)
        group.create_task(work, name=who).add_done_callback(lambda _: self.common.ended(who))

    async def _closed(self, closing: "asyncio.Future[list[None]]") -> None:
        """Engines that are given up are closed to the end, whatever comes of this acquisition."""
        await asyncio.shield(closing)

    async def _acquired(self, number: int, closing: "asyncio.Future[list[None]]") -> None:
        """Acquire a partition and begin; engines that were given up are closed before a new one is made."""
        if number not in self._held.engines:
            self.waits.started(f"partition {number}", "the partitions that are given up to be closed")
            await self._closed(closing)
        await self._patiently(partial(self._owned, number), f"partition {number}")

    async def _patiently(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        await retried(work, self._settings.transaction_timeout_s, f"{what} cannot be acquired yet", self._pace)

    async def _owned(self, number: int, awaited: Mapping[str, int] | None = None) -> None:
        """Acquire a partition, unless it is held, and begin. awaited: see `Beginning`."""
        note_wait = partial(self.waits.started, f"partition {number}")
        if number not in self._held.engines:
            self._held.engines[number] = await self._new.make(number, note_wait)
        await self._started(self._held.engines[number], awaited, note_wait)

    async def _started(
        self, engine: PartitionEngine, awaited: Mapping[str, int] | None, note_wait: Callable[[str], None]
    ) -> None:  # fmt: skip
        """Find the ends of the topics of a partition, and only then resume its sources."""
        note_wait("the configuration topics to be read")
        await self._reader.start()
        await self._new.rows_fit()
        if not engine.knows_lists:
            await self._reader.caught_up(engine.core, note_wait)
            engine.knows_lists = True
        note_wait("its committed offsets")
        await self.begin(engine, awaited)
        self.waits.ended(f"partition {engine.number}")
