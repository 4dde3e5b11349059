"""Makes the engines of a worker: each owns its partition and has its state when it is handed out."""

import asyncio
from collections.abc import Callable
from functools import partial

from streams.engine.clock import Clock
from streams.engine.disk_rows import UnusableState
from streams.engine.partition import Partition
from streams.engine.partition_engine import PartitionEngine
from streams.engine.refusals import check_rows
from streams.engine.store import Store
from streams.engine.stores import Stores
from streams.logic.configuration import Configuration
from streams.logic.outputs import Outlet
from streams.settings import Settings

Say = Callable[[str], None]


class NewEngines:
    """Of one worker. partitions: how many the contact topics have. failed: told when an engine cannot go on."""

    def __init__(
        self,
        settings: Settings,
        partitions: int,
        clock: Clock,
        configuration: Configuration,
        outlet: Outlet,
        failed: Callable[[int, str, BaseException], None],
    ) -> None:
        self._settings = settings
        self._partitions = partitions
        self._clock = clock
        self._configuration = configuration
        self._outlet = outlet
        self._failed = failed
        self._stores = Stores(settings, clock)
        self._checking: asyncio.Task[None] | None = None

    async def make(self, number: int, say: Say) -> PartitionEngine:
        """The engine of a partition. say: told what is waited for. Raises KeysMoved, and whatever Kafka answers."""
        say("its store to be opened")
        try:
            return await self._acquired(number, await self._stores.open(number), say)
        except UnusableState as why:
            self._stores.set_aside(number, why)
            return await self._acquired(number, await self._stores.open(number), say)

    async def rows_fit(self) -> None:
        """Return when rows of all partitions were found where they belong; looked at once. Raises KeysMoved."""
        if self._checking is None or (self._checking.done() and self._checking.exception() is not None):
            self._checking = asyncio.create_task(check_rows(self._settings, self._partitions), name="rows-fit")
        await asyncio.shield(self._checking)

    async def close(self) -> None:
        """Disconnect."""
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)
        await self._stores.close()

    async def _acquired(self, number: int, store: Store, say: Say) -> PartitionEngine:
        """An engine that has its state. Raises UnusableState when the store is found damaged."""
        core = Partition(number, self._partitions, self._configuration, store.rows, outlet=self._outlet)
        engine = PartitionEngine(self._settings, core, store, self._clock, partial(self._failed, number))
        try:
            await engine.acquire(say)
        except BaseException:
            await asyncio.shield(engine.close())
            raise
        return engine
