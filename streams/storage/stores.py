"""Opens the store of a partition: which kind, where, and whether what is there can be relied on.

Source: docs/decisions/0015-state-on-disk.md.
"""

from pathlib import Path

from streams.base.clock import Clock
from streams.base.settings import Settings
from streams.kafka.source_ends import SourceEnds
from streams.kafka.topic_admin import cluster_id
from streams.storage.disk_store import DiskStore, quarantine
from streams.storage.local_copy import Source, UnusableState, check_topic
from streams.storage.store import MemoryStore, Store
from streams.tables import CONTACTS


class Stores:
    """Of one worker's partitions of the contacts table."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._topic = settings.topic(CONTACTS.changelog)
        self._ends = SourceEnds(settings, committed=False)
        self._cluster = ""

    async def open(self, number: int) -> Store:
        """The store of a partition; what cannot be relied on is quarantined. Raises OSError if nothing can be kept."""
        if self._settings.folder is None:
            return MemoryStore()
        self._cluster = self._cluster or await cluster_id(self._settings)
        source = Source(self._cluster, self._topic, number, *await self._ends.span(self._topic, number))
        folder = self._folder(number)
        try:
            return await self._checked(DiskStore(folder, source), source)
        except UnusableState as why:
            quarantine(folder, why)
            return DiskStore(folder, source)

    def quarantine(self, number: int, why: UnusableState) -> None:
        """Put the closed store of a partition out of the way: it was found damaged when it was read."""
        quarantine(self._folder(number), why)

    async def close(self) -> None:
        """Disconnect."""
        await self._ends.close()

    async def _checked(self, store: DiskStore, source: Source) -> DiskStore:
        try:
            store.check(self._clock.now())
            if store.header is not None:
                await check_topic(self._ends, source, store.header.next_offset, store.header.written_at)
        except BaseException:
            store.close()
            raise
        return store

    def _folder(self, number: int) -> Path:
        assert self._settings.folder is not None, "a worker with its state in memory has no folder"
        return self._settings.folder / f"{CONTACTS.name}-{number}"
