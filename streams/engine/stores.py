"""Opens the store of a partition: which kind, where, and whether what is there can be relied on.

Source: docs/decisions/0015-state-on-disk.md.
"""

from datetime import datetime
from pathlib import Path

from streams.engine.clock import Clock
from streams.engine.disk_rows import UnusableState
from streams.engine.disk_store import CLOCKS_MAX, DiskStore, Source, set_aside
from streams.engine.source_ends import SourceEnds
from streams.engine.store import MemoryStore, Store
from streams.settings import Settings
from streams.tables import CONTACTS
from streams.topic_admin import cluster_id


class Stores:
    """Of one worker's partitions of the contacts table."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._topic = settings.topic(CONTACTS.changelog)
        self._ends = SourceEnds(settings, committed=False)
        self._cluster = ""

    async def open(self, number: int) -> Store:
        """The store of a partition; what cannot be relied on is set aside. Raises OSError if nothing can be kept."""
        if self._settings.folder is None:
            return MemoryStore()
        self._cluster = self._cluster or await cluster_id(self._settings)
        source = Source(self._cluster, self._topic, number, *await self._ends.span(self._topic, number))
        folder = self._folder(number)
        try:
            return await self._checked(DiskStore(folder, source), source)
        except UnusableState as why:
            set_aside(folder, why)
            return DiskStore(folder, source)

    def set_aside(self, number: int, why: UnusableState) -> None:
        """Put the closed store of a partition out of the way: it was found damaged when it was read."""
        set_aside(self._folder(number), why)

    async def close(self) -> None:
        """Disconnect."""
        await self._ends.close()

    async def _checked(self, store: DiskStore, source: Source) -> DiskStore:
        try:
            store.check(self._clock.now())
            if store.header is not None:
                await self._check_topic(source, store.header.next_offset, store.header.written_at)
        except BaseException:
            store.close()
            raise
        return store

    async def _check_topic(self, source: Source, next_offset: int, written_at: datetime) -> None:
        """Somebody may have made the topic anew: then the same offsets are other records."""
        younger = await self._ends.first_since(source.topic, written_at + CLOCKS_MAX, source.partition)
        if younger is not None and younger < next_offset:
            raise UnusableState(f"offset {younger}, which it should hold, is younger than it")

    def _folder(self, number: int) -> Path:
        assert self._settings.folder is not None, "a worker with its state in memory has no folder"
        return self._settings.folder / f"{CONTACTS.name}-{number}"
