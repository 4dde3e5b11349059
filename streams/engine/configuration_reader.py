"""Reads the configuration topics in full before the first event, then follows them.

Every worker knows all campaigns, rule sets, recycles, clears and Do Not Call entries; nothing is committed for these
topics. What must be written about them once is kept in the state of contact partition 0.
Source: docs/rules.md, section 8 rows 13 and 22.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition

from streams.engine.configuration_intake import Intake
from streams.engine.dnc_maintenance import DncMaintenance
from streams.engine.outside import Outside
from streams.engine.recall import Recall
from streams.engine.topic_watch import Led, TopicWatch
from streams.engine.waits import Waits
from streams.kafka.compacted import ReadRecord, batches_to_end, reader
from streams.kafka.source_ends import SourceEnds
from streams.logic.configuration.configuration import Configuration
from streams.logic.partition.partition import Partition
from topics.catalog import CATALOG, CONFIGURATION_TOPICS
from topics.names import TopicName

log = logging.getLogger(__name__)

RECORDS_MAX = 500
"""Taken in at once when following: a millisecond of the loop, so that timers stay on time."""


async def nobody(leader_epochs: Mapping[tuple[str, int], int]) -> None:
    """Does nothing, for a reader beside which nothing else is read."""


class ConfigurationReader:
    """Keeps `configuration` up to date, and calls `changed` after each batch with news for partitions.

    prefix: what topic names begin with. ends, written_ends: of what is committed, and of all that is written. led: see
    `TopicWatch`.
    """

    def __init__(
        self,
        outside: Outside,
        prefix: str,
        ends: SourceEnds,
        written_ends: SourceEnds,
        changed: Callable[[], None],
        broken: Callable[[str, BaseException], None],
        led: Led = nobody,
    ) -> None:
        self.configuration = Configuration()
        self._clients, self._clock, self._pace = clients, clock, pace = outside.clients, outside.clock, outside.pace
        self._tables, self._prefix = outside.tables, prefix
        self._dnc = TopicPartition(prefix + TopicName.DNC_ENTRIES, 0)
        self._ends, self._written_ends = ends, written_ends
        self._broken, self._led = broken, led
        self._maintenance = DncMaintenance(
            clients, clock, outside.snapshots, self._dnc.topic, self._ends, self.configuration
        )  # fmt: skip
        self._recall = Recall(clients, prefix, pace, self.configuration, changed, broken)
        self._intake = Intake(self.configuration, self._maintenance, clock, pace, changed)
        self._topics = TopicWatch(clients, clock, prefix)
        self._watching: asyncio.Task[None] | None = None
        self.held_back = Waits(clock)
        """The topics on which somebody has a transaction open: what was written after it cannot be read yet."""
        self._dnc_position = 0
        self._awaited = 0
        self._moved = asyncio.Event()
        self._next: dict[str, int] = {}
        self.lags: dict[str, int] = {}
        """How many records of each topic have not been read, by name without prefix."""
        self.read_count = 0
        """Records that were there at the start; read_s: how long they took, took_up_s: a snapshot before them."""
        self.read_s = self.took_up_s = 0.0
        self._read = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return when everything there is has been read. It is read once, whoever asks and gives up waiting."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._run(), name="configuration")
        await self._read.wait()

    @property
    def topic_ids(self) -> dict[str, str]:
        """Of all topics of the worker, by full name; none before the configuration has been read."""
        return self._topics.ids

    async def stop(self) -> None:
        """Stop following."""
        tasks = [task for task in (self._reading, self._watching) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._recall.stop()
        await self._maintenance.stop()

    async def caught_up(self, core: Partition, note_wait: Callable[[str], None]) -> None:
        """Return when a partition that has changed hands knows all Do Not Call entries that its former owners knew.

        What these had read is committed by now, and is read here to its end. What they wrote and had not read back is
        among the rows of the partition, and holds until everything has been read that had been written by now.
        """
        taken_over, recreated = core.take_over()
        for name in recreated:
            log.warning("partition %d: topic %s was recreated, none of it has been applied here", core.number, name)
        if taken_over:
            _, written = await self._written_ends.span(self._dnc.topic)
            self.configuration.dnc.appended.until(core.number, written)
        _, end = await self._ends.span(self._dnc.topic)
        note_wait(f"{self._dnc.topic} to be read up to offset {end}")
        self._awaited += 1
        try:
            while self._dnc_position < end:
                self._moved.clear()
                await self._moved.wait()
        finally:
            self._awaited -= 1

    async def _run(self) -> None:
        partitions = [
            TopicPartition(self._prefix + name, number)
            for name in CONFIGURATION_TOPICS
            for number in range(CATALOG[name].partitions or 1)
        ]
        try:
            if self._tables is not None:
                await asyncio.shield(self._tables)
            self.configuration.topic_ids = await self._topics.begin()
            self._watching = asyncio.create_task(self._topics.watch(self._broken, self._led), name="topics")
            first, end = await self._ends.span(self._dnc.topic)
            async with reader(self._clients, partitions) as consumer:
                began = self._clock.monotonic()
                consumer.seek(self._dnc, await self._maintenance.load(first, end))
                took_up_at = self._clock.monotonic()
                async for tp, records in batches_to_end(consumer):
                    await self._take(tp, records)
                    self.read_count += len(records)
                self.took_up_s, self.read_s = took_up_at - began, self._clock.monotonic() - took_up_at
                for tp in partitions:
                    self._next[self._name(tp)] = await consumer.position(tp)
                self._dnc_position = self._next[TopicName.DNC_ENTRIES]
                await self._maintenance.maintain()
                log.info("read %d configuration records in %.2f s", self.read_count, self.read_s)
                self._read.set()
                await self._follow(consumer)
        except Exception as error:
            self._broken("reading the configuration", error)

    async def _follow(self, consumer: Any) -> None:
        while True:
            timeout_ms = self._pace.awaited_follow_ms if self._awaited else self._pace.follow_ms
            polled = await consumer.getmany(timeout_ms=timeout_ms, max_records=RECORDS_MAX)
            for tp, records in polled.items():
                if records[0].offset < self._next[self._name(tp)]:
                    await self._topics.look()
                # A recreated topic may have grown beyond what was read of the former one: nothing else shows that.
                await self._topics.look_lately()
                await self._take(tp, records)
                self._next[self._name(tp)] = records[-1].offset + 1
            await self._note_positions(consumer)
            self._dnc_position = self._next[TopicName.DNC_ENTRIES]
            self.configuration.dnc.appended.read_to(self._dnc_position)
            self._moved.set()
            self._recall.look()
            await self._maintenance.maintain()

    async def _note_positions(self, consumer: Any) -> None:
        """As of the last fetch: how far topics are read, and of which the rest is behind an open transaction."""
        for tp in consumer.assignment():
            # Asked for, not counted: a topic may end in markers of transactions.
            self._next[self._name(tp)] = position = await consumer.position(tp)
            stable, written = consumer.last_stable_offset(tp), consumer.highwater(tp)
            self.lags[self._name(tp)] = 0 if written is None else max(0, written - position)
            if stable is not None and written is not None and stable < written:
                self.held_back.started(
                    tp.topic, f"the end of a transaction that somebody has open since offset {stable}"
                )
            else:
                self.held_back.ended(tp.topic)

    def records(self) -> dict[str, int]:
        """How many records of each configuration topic stand, by name without prefix."""
        known = self.configuration
        return {
            TopicName.CAMPAIGNS: len(known.campaigns),
            TopicName.RULE_SETS: len(known.rule_sets),
            TopicName.CALLABLE_TIME_SETS: len(known.times),
            TopicName.CONTACT_LIST_CLEARED: len(known.clears),
            TopicName.CAMPAIGN_RECYCLE: len(known.recycles.campaign_ids()),
            TopicName.HOLDS: len(known.holds),
            TopicName.DNC_ENTRIES: len(known.dnc),
        }

    def positions(self) -> dict[str, int]:
        """The next offset of each configuration topic, by name without prefix."""
        return {**self._next, TopicName.DNC_ENTRIES: self._dnc_position}

    async def _take(self, tp: TopicPartition, records: Sequence[ReadRecord]) -> None:
        await self._intake.take(self._name(tp), records)

    def _name(self, tp: TopicPartition) -> str:
        return str(tp.topic).removeprefix(self._prefix)
