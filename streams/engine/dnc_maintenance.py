"""Maintains the Do Not Call lists of a worker: loads them from disk, merges their runs, writes snapshots.

What takes longer than a moment runs in a thread: only immutable runs are read there.
Source: docs/decisions/0011-dnc-lists-in-sorted-runs.md.
"""

import asyncio
import logging
from math import inf

from streams.base import metrics
from streams.base.clock import Clock
from streams.kafka.clients import Clients
from streams.kafka.source_ends import SourceEnds
from streams.kafka.topic_admin import cluster_id
from streams.logic.configuration.configuration import Configuration
from streams.storage import local_copy
from streams.storage.dnc_snapshot import Snapshots, frozen
from topics.names import TopicName

log = logging.getLogger(__name__)

WRITE_AFTER = 100_000
"""Records after which a snapshot is worth its writing; a restart reads them again in a second or two."""
WRITE_EVERY_S = 60.0
REFRESH_S = 12 * 3600.0
"""After so long it is written again even if little has changed: one that is some days old is not relied on."""


class DncMaintenance:
    """Of one worker's lists. topic: by its full name; snapshots: None writes and loads none."""

    def __init__(
        self,
        clients: Clients,
        clock: Clock,
        snapshots: Snapshots | None,
        topic: str,
        ends: SourceEnds,
        configuration: Configuration,
    ) -> None:
        self._clients = clients
        self._clock = clock
        self._snapshots = snapshots
        self._topic = topic
        self._ends = ends
        self._configuration = configuration
        self._lists = configuration.dnc
        self._source: local_copy.Source | None = None
        self._unwritten = 0
        self._wrote_at = -inf
        self._writing: asyncio.Future[None] | None = None
        self._live = False

    async def load(self, first: int, end: int) -> int:
        """Load the snapshot; returns the offset to read on from. first, end: the offsets that the topic has."""
        if self._snapshots is None:
            return first
        cluster = await cluster_id(self._clients)
        topic_id = self._configuration.topic_ids.get(TopicName.DNC_ENTRIES, "")
        self._source = source = local_copy.Source(cluster, self._topic, 0, first, end, topic_id)
        now = self._clock.now()
        loaded = await asyncio.to_thread(self._snapshots.read, self._configuration, source, now)
        if loaded is None:
            return first
        try:
            await local_copy.check_topic(self._ends, source, loaded.offset + 1, loaded.written_at)
        except local_copy.UnusableState as why:
            await asyncio.to_thread(self._snapshots.quarantine, source, why)
            self._lists.restore((), (), -1)
            return first
        return loaded.offset + 1

    def taken(self, count: int) -> None:
        """So many records were applied. While the lists are loaded nothing else waits, and runs are merged at once."""
        self._unwritten += count
        while not self._live and self._lists.is_overdue():
            self._lists.replace(*self._lists.merge())

    async def maintain(self) -> None:
        """Merge runs and write a snapshot if it is time; called between two batches."""
        self._live = True
        metrics.events.DNC_ENTRIES_HELD.set(len(self._lists))
        if self._lists.is_overdue():
            self._lists.replace(*await asyncio.to_thread(self._lists.merge))
        if self._writing is not None and self._writing.done():
            await self._finish_writing()
        since_s = self._clock.monotonic() - self._wrote_at
        is_due = since_s > REFRESH_S or (self._unwritten >= WRITE_AFTER and since_s > WRITE_EVERY_S)
        if is_due and self._writing is None:
            self._write()

    async def stop(self) -> None:
        """Write what has not been written."""
        await self._finish_writing()
        if self._live and self._unwritten:
            self._write()
            await self._finish_writing()

    async def _finish_writing(self) -> None:
        writing, self._writing = self._writing, None
        if writing is None:
            return
        try:
            await writing
        except OSError as error:
            # Nothing is lost without it, but time at the next start.
            log.warning("could not write a snapshot of the Do Not Call lists to %s: %s", self._snapshots, error)

    def _write(self) -> None:
        self._unwritten, self._wrote_at = 0, self._clock.monotonic()
        if self._snapshots is not None and self._source is not None:
            what, now = frozen(self._configuration), self._clock.now()
            self._writing = asyncio.ensure_future(asyncio.to_thread(self._snapshots.write, what, self._source, now))
