"""Makes the engines of a worker: each owns its partition and has its state when it is handed out."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial

from streams.base.settings import Settings
from streams.engine.outside import Outside
from streams.engine.partition_engine import PartitionEngine
from streams.engine.refusals import check_rows
from streams.engine.slices import Slices, Turn
from streams.kafka.source_ends import SourceEnds
from streams.kafka.transactions import Transactions
from streams.logic.configuration.configuration import Configuration
from streams.logic.partition.outputs import Outlet
from streams.logic.partition.partition import Partition
from streams.storage.changelog import Changelog
from streams.storage.local_copy import UnusableState
from streams.storage.store import Store
from streams.storage.stores import Stores
from streams.tables import CONTACTS

NoteWait = Callable[[str], None]


class NewEngines:
    """Of one worker. partitions: how many the contact topics have. failed: called when an engine cannot go on.

    written_ends: see `ConfigurationReader`; epochs: see `PartitionEngine`.
    """

    def __init__(
        self,
        settings: Settings,
        partitions: int,
        outside: Outside,
        written_ends: SourceEnds,
        configuration: Configuration,
        outlet: Outlet,
        failed: Callable[[int, str, BaseException], None],
        epochs: Iterator[int],
    ) -> None:
        self._settings = settings
        self._partitions = partitions
        self._outside = outside
        self._configuration = configuration
        self._outlet = outlet
        self._failed = failed
        self._epochs = epochs
        self._changelog = Changelog(outside.clients, settings.topic(CONTACTS.changelog))
        self._stores = Stores(
            outside.clients, outside.clock, outside.disk, settings.prefix, settings.folder, written_ends
        )
        self._checking: asyncio.Task[None] | None = None
        self._turn = Turn(outside.pace.rounds_between)

    async def make(self, number: int, note_wait: NoteWait) -> PartitionEngine:
        """The engine of a partition. note_wait: gets what it waits for. Raises KeysMoved, and what Kafka answers."""
        note_wait("its store to be opened")
        try:
            return await self._acquired(number, await self._stores.open(number), note_wait)
        except UnusableState as why:
            self._stores.quarantine(number, why)
            return await self._acquired(number, await self._stores.open(number), note_wait)

    async def rows_fit(self) -> None:
        """Return when rows of all partitions were found where they belong; looked at once. Raises KeysMoved."""
        if self._checking is None or (self._checking.done() and self._checking.exception() is not None):
            checking = check_rows(self._outside.clients, self._changelog.topic, self._partitions)
            self._checking = asyncio.create_task(checking, name="rows-fit")
        await asyncio.shield(self._checking)

    async def close(self) -> None:
        """Look at nothing any more."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)

    async def _acquired(self, number: int, store: Store, note_wait: NoteWait) -> PartitionEngine:
        """An engine that has its state. Raises UnusableState when the store is found damaged."""
        core = Partition(
            number, self._partitions, self._configuration, store.rows, outlet=self._outlet,
            campaigns=self._settings.metrics_campaigns, shelf=store.shelf, reach=self._outside.pace.reach,
        )  # fmt: skip
        outside, failed = self._outside, partial(self._failed, number)
        transactions = Transactions(outside.clients, self._settings, number, self._outlet.limits)
        engine = PartitionEngine(
            self._settings, core, store, transactions, self._changelog, outside.clock, failed,
            epochs=self._epochs, slices=Slices(outside.clock, outside.pace, self._turn),
            spans=outside.tracing.of_partition(number),
        )  # fmt: skip
        try:
            await engine.acquire(note_wait)
        except BaseException:
            await asyncio.shield(engine.close())
            raise
        return engine
