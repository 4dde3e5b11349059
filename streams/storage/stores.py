"""Opens the store of a partition: which kind, where, and whether what is there can be relied on.

Source: docs/decisions/0015-state-on-disk.md.
"""

from pathlib import Path

from streams.base.clock import Clock
from streams.kafka.clients import Clients
from streams.kafka.source_ends import SourceEnds
from streams.kafka.topic_admin import cluster_id
from streams.storage.disk_store import Disk, DiskStore
from streams.storage.local_copy import Source, UnusableState, check_topic
from streams.storage.store import MemoryStore, Store
from streams.tables import CONTACTS


class Stores:
    """Of one worker's partitions of the contacts table.

    prefix: what topic names begin with; folder: where databases are made on `disk`, None to keep the state in memory;
    ends: of all that is written, committed or not.
    """

    def __init__(
        self, clients: Clients, clock: Clock, disk: Disk, prefix: str, folder: Path | None, ends: SourceEnds
    ) -> None:  # fmt: skip
        self._clients = clients
        self._clock = clock
        self._disk = disk
        self._topic = prefix + CONTACTS.changelog
        self._parent = folder
        self._ends = ends
        self._cluster = ""

    async def open(self, number: int) -> Store:
        """The store of a partition; what cannot be relied on is quarantined. Raises OSError if nothing can be kept."""
        if self._parent is None:
            return MemoryStore()
        self._cluster = self._cluster or await cluster_id(self._clients)
        source = Source(self._cluster, self._topic, number, *await self._ends.span(self._topic, number))
        folder = self._folder(number)
        try:
            return await self._checked(DiskStore(folder, source, self._disk), source)
        except UnusableState as why:
            self._disk.quarantine(folder, why)
            return DiskStore(folder, source, self._disk)

    def quarantine(self, number: int, why: UnusableState) -> None:
        """Put the closed store of a partition out of the way: it was found damaged when it was read."""
        self._disk.quarantine(self._folder(number), why)

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
        assert self._parent is not None, "a worker with its state in memory has no folder"
        return self._parent / CONTACTS.folder(number)
