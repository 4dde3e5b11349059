"""Looks after the Do Not Call lists of a worker: takes them up from disk, merges their runs, writes snapshots.

What takes longer than a moment runs in a thread: only immutable runs are read there.
Source: docs/decisions/0011-dnc-lists-in-sorted-runs.md.
"""

import asyncio
import logging
import time
from math import inf

from streams import metrics
from streams.engine import dnc_snapshot
from streams.engine.clock import Clock
from streams.engine.source_ends import SourceEnds
from streams.logic.configuration import Configuration
from streams.logic.dnc_records import DNC_ENTRIES
from streams.settings import Settings
from streams.topic_admin import cluster_id

log = logging.getLogger(__name__)

WRITE_AFTER = 100_000
"""Records after which a snapshot is worth its writing; a restart reads them again in a second or two."""
WRITE_EVERY_S = 60.0
REFRESH_S = 12 * 3600.0
"""After so long it is written anew even if little has changed: one that is some days old is not relied on."""


class DncKeeper:
    """Of one worker's lists. With the state in memory it writes nothing, and takes up nothing."""

    def __init__(self, settings: Settings, clock: Clock, ends: SourceEnds, configuration: Configuration) -> None:
        self._settings = settings
        self._folder = settings.folder
        self._clock = clock
        self._ends = ends
        self._configuration = configuration
        self._lists = configuration.dnc
        self._source: dnc_snapshot.Source | None = None
        self._unwritten = 0
        self._wrote_at = -inf
        self._writing: asyncio.Future[None] | None = None
        self._live = False

    async def take_up(self, first: int, end: int) -> int:
        """Where to read on. first, end: the offsets that the topic has."""
        if self._folder is None:
            return first
        cluster = await cluster_id(self._settings)
        topic_id = self._configuration.topic_ids.get(DNC_ENTRIES, "")
        self._source = source = dnc_snapshot.Source(cluster, self._settings.topic(DNC_ENTRIES), first, end, topic_id)
        now = self._clock.now()
        taken_up = await asyncio.to_thread(dnc_snapshot.read, self._folder, self._configuration, source, now)
        if taken_up is None:
            return first
        younger = await self._ends.first_since(source.topic, taken_up.written_at + dnc_snapshot.CLOCKS_MAX)
        if younger is not None and younger <= taken_up.offset:
            # Somebody has made the topic anew: the same offsets are other records.
            why = f"offset {younger}, which it should hold, is younger than it"
            await asyncio.to_thread(dnc_snapshot.set_aside, self._folder, source, why)
            self._lists.restore((), (), -1)
            return first
        return taken_up.offset + 1

    def taken(self, count: int) -> None:
        """So many records were taken in. While the lists are loaded nothing else waits, and runs are merged at once."""
        self._unwritten += count
        while not self._live and self._lists.is_overdue():
            self._lists.replace(*self._lists.merge())

    async def look_after(self) -> None:
        """Merge and write what is worth it; called between two batches that are followed."""
        self._live = True
        metrics.DNC_ENTRIES_HELD.set(len(self._lists))
        if self._lists.is_overdue():
            self._lists.replace(*await asyncio.to_thread(self._lists.merge))
        if self._writing is not None and self._writing.done():
            await self._finish_writing()
        since_s = time.monotonic() - self._wrote_at
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
            log.warning("no snapshot of the Do Not Call lists could be written to %s: %s", self._folder, error)

    def _write(self) -> None:
        self._unwritten, self._wrote_at = 0, time.monotonic()
        if self._folder is not None and self._source is not None:
            what, now = dnc_snapshot.frozen(self._configuration), self._clock.now()
            self._writing = asyncio.ensure_future(
                asyncio.to_thread(dnc_snapshot.write, self._folder, what, self._source, now)
            )
