"""Reads the configuration topics in full before the first event, then follows them.

Every worker knows all campaigns, rule sets, recycles and clears; nothing is committed for these topics. What must be
written about them once is kept in the state of contact partition 0. Source: docs/rules.md, section 8 row 13.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiokafka import TopicPartition

from streams.engine.batch import SourceRecord, arrived
from streams.engine.clock import Clock
from streams.engine.restore import read_to_end, reader
from streams.logic.configuration import Configuration
from streams.settings import Settings
from topics.catalog import CATALOG, CONFIGURATION_TOPICS

log = logging.getLogger(__name__)

POLL_MS = 1000
READ = CONFIGURATION_TOPICS


class ConfigurationReader:
    """Keeps `configuration` up to date, and calls `changed` after each batch of news."""

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
        self._changed = changed
        self._broken = broken
        self._next: dict[str, int] = {}
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

    async def _run(self) -> None:
        partitions = [
            TopicPartition(self._settings.topic(name), number)
            for name in READ
            for number in range(CATALOG[name].partitions or 1)
        ]
        try:
            async with reader(self._settings, partitions) as consumer:
                count = await read_to_end(consumer, self._apply)
                for tp in partitions:
                    self._next[tp.topic.removeprefix(self._settings.prefix)] = await consumer.position(tp)
                log.info("read %d configuration records", count)
                self._read.set()
                await self._follow(consumer)
        except Exception as error:
            self._broken("reading the configuration", error)

    async def _follow(self, consumer: Any) -> None:
        while True:
            for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
                for record in records:
                    self._apply(record)
                self._changed()
                self._next[self._name(records[-1])] = records[-1].offset + 1

    def positions(self) -> dict[str, int]:
        """The next offset of each configuration topic that had records, by name without prefix."""
        return dict(self._next)

    def _apply(self, record: SourceRecord) -> None:
        self.configuration.apply(arrived(self._name(record), record), self._clock.now())

    def _name(self, record: SourceRecord) -> str:
        return record.topic.removeprefix(self._settings.prefix)
