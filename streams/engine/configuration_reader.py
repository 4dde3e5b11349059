"""Reads the configuration topics in full before the first event, then follows them.

Every worker knows all campaigns, rule sets, recycles and clears; nothing is committed for these topics. What must be
written about them once is kept in the state of contact partition 0. Source: docs/rules.md, section 8 row 13.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

from aiokafka import TopicPartition

from streams.engine.batch import SourceRecord, arrived
from streams.engine.clock import Clock
from streams.engine.restore import read_to_end, reader
from streams.logic.configuration import Configuration
from streams.settings import Settings
from topics.catalog import CATALOG, CONFIGURATION_TOPICS

log = logging.getLogger(__name__)


class ConfigurationReader:
    """Keeps `configuration` up to date, and calls `changed` after each batch of news."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        changed: Callable[[], Awaitable[None]],
        broken: Callable[[str, BaseException], None],
    ) -> None:
        self.configuration = Configuration()
        self._settings = settings
        self._clock = clock
        self._changed = changed
        self._broken = broken
        self._stack = AsyncExitStack()
        self._consumer: Any = None
        self._following: asyncio.Task[None] | None = None
        self._next: dict[str, int] = {}

    async def start(self) -> None:
        """Read everything there is; the second call does nothing."""
        if self._consumer is not None:
            return
        partitions = [
            TopicPartition(self._settings.topic(name), number)
            for name in CONFIGURATION_TOPICS
            for number in range(CATALOG[name].partitions or 1)
        ]
        self._consumer = await self._stack.enter_async_context(reader(self._settings, partitions))
        count = await read_to_end(self._consumer, self._apply)
        for partition in partitions:
            self._next[partition.topic.removeprefix(self._settings.prefix)] = await self._consumer.position(partition)
        log.info("read %d configuration records", count)
        self._following = asyncio.create_task(self._follow(), name="configuration")

    async def stop(self) -> None:
        """Stop following."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self._stack.aclose()

    def positions(self) -> dict[str, int]:
        """The next offset of each configuration topic that had records, by name without prefix."""
        return dict(self._next)

    async def _follow(self) -> None:
        try:
            while True:
                for records in (await self._consumer.getmany(timeout_ms=1000)).values():
                    for record in records:
                        self._apply(record)
                    await self._changed()
                    for record in records:
                        self._next[self._name(record)] = record.offset + 1
        except Exception as error:
            self._broken("following the configuration", error)

    def _apply(self, record: SourceRecord) -> None:
        self.configuration.apply(arrived(self._name(record), record), self._clock.now())

    def _name(self, record: SourceRecord) -> str:
        return record.topic.removeprefix(self._settings.prefix)
