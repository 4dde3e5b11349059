"""Reads the configuration topics in full before the first event, then follows them.

Every worker knows all campaigns, rule sets, recycles, clears and Do Not Call entries; nothing is committed for these
topics. What must be written about them once is kept in the state of contact partition 0.
Source: docs/rules.md, section 8 rows 13 and 22.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

from aiokafka import TopicPartition

from streams import metrics
from streams.engine.batch import arrived
from streams.engine.clock import Clock
from streams.engine.dnc_keeper import DncKeeper
from streams.engine.fetched import DamagedRecord
from streams.engine.restore import ReadRecord, read_batches_to_end, reader
from streams.engine.source_ends import SourceEnds
from streams.logic.configuration import Configuration
from streams.logic.dnc_records import DNC_ENTRIES
from streams.settings import Settings
from topics.catalog import CATALOG, CONFIGURATION_TOPICS

log = logging.getLogger(__name__)

POLL_MS = 100
AWAITED_POLL_MS = 10
"""The same while somebody waits for what was written last."""
RECORDS_MAX = 500
"""Taken in at once when following: a millisecond of the loop, so that timers stay on time."""


class ConfigurationReader:
    """Keeps `configuration` up to date, and calls `changed` after each batch with news for partitions."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        changed: Callable[[], None],
        broken: Callable[[str, BaseException], None],
    ) -> None:
        self.configuration = Configuration()
        self._settings = settings
        self._clock = clock
        # With transactions that are still open: what comes after the oldest of them may be committed.
        self._ends = SourceEnds(settings, committed=False)
        self._changed = changed
        self._broken = broken
        self._keeper = DncKeeper(settings, clock, self._ends, self.configuration)
        self._dnc = TopicPartition(settings.topic(DNC_ENTRIES), 0)
        self._dnc_position = 0
        self._awaited = 0
        self._moved = asyncio.Event()
        self._next: dict[str, int] = {}
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

    async def stop(self) -> None:
        """Stop following."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._keeper.stop()
        await self._ends.close()

    async def caught_up(self) -> None:
        """Return when all Do Not Call entries there are now have been taken in.

        A partition that changes hands must not forget the entries that its former owner wrote.
        """
        _, end = await self._ends.span(self._dnc.topic)
        self._awaited += 1
        try:
            while self._dnc_position < end:
                self._moved.clear()
                await self._moved.wait()
        finally:
            self._awaited -= 1

    async def _run(self) -> None:
        partitions = [
            TopicPartition(self._settings.topic(name), number)
            for name in CONFIGURATION_TOPICS
            for number in range(CATALOG[name].partitions or 1)
        ]
        try:
            first, end = await self._ends.span(self._dnc.topic)
            async with reader(self._settings, partitions) as consumer:
                began = time.monotonic()
                consumer.seek(self._dnc, await self._keeper.take_up(first, end))
                took_up_at = time.monotonic()
                self.read_count = await read_batches_to_end(consumer, self._take)
                self.took_up_s, self.read_s = took_up_at - began, time.monotonic() - took_up_at
                for tp in partitions:
                    self._next[self._name(tp)] = await consumer.position(tp)
                self._dnc_position = self._next[DNC_ENTRIES]
                await self._keeper.look_after()
                log.info("read %d configuration records in %.2f s", self.read_count, self.read_s)
                self._read.set()
                await self._follow(consumer)
        except Exception as error:
            self._broken("reading the configuration", error)

    async def _follow(self, consumer: Any) -> None:
        while True:
            timeout_ms = AWAITED_POLL_MS if self._awaited else POLL_MS
            polled = await consumer.getmany(timeout_ms=timeout_ms, max_records=RECORDS_MAX)
            for tp, records in polled.items():
                version = self.configuration.version
                self._take(tp, records)
                if self.configuration.version != version:  # A good Do Not Call entry is nobody's business.
                    self._changed()
                self._next[self._name(tp)] = records[-1].offset + 1
            # Asked for, not counted: the topic may end in markers of transactions.
            self._dnc_position = await consumer.position(self._dnc)
            self._moved.set()
            await self._keeper.look_after()

    def positions(self) -> dict[str, int]:
        """The next offset of each configuration topic, by name without prefix."""
        return {**self._next, DNC_ENTRIES: self._dnc_position}

    def _take(self, tp: TopicPartition, records: Sequence[ReadRecord]) -> None:
        name = self._name(tp)
        if name == DNC_ENTRIES:
            self._take_dnc(records)
            return
        for record in records:
            self.configuration.apply(arrived(name, record), self._clock.now())

    def _take_dnc(self, records: Sequence[ReadRecord]) -> None:
        """There may be millions, so that good ones take the shortest way."""
        if DamagedRecord not in set(map(type, records)):
            self._take_entries(records)
        else:
            for is_damaged, group in groupby(records, lambda record: isinstance(record, DamagedRecord)):
                if not is_damaged:
                    self._take_entries(list(group))
                    continue
                for record in group:
                    self.configuration.apply(arrived(DNC_ENTRIES, record), self._clock.now())
        metrics.DNC_READ.inc(len(records))
        self._keeper.taken(len(records))

    def _take_entries(self, records: Sequence[ReadRecord]) -> None:
        for record, fault in self.configuration.dnc.take_all(records):
            self.configuration.report(arrived(DNC_ENTRIES, record), fault)

    def _name(self, tp: TopicPartition) -> str:
        return str(tp.topic).removeprefix(self._settings.prefix)
