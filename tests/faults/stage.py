"""What faults are made to: brokers, workers with a supervisor, the clocks of these, and a load that goes on."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from streams.dev.local import LocalWorker
from tests.faults.brokers import NETWORKS, Brokers
from tests.faults.load import PARTITIONS, Load
from tests.kafka.cluster import Cluster

POLL_S = 0.02
AGAIN_S = 0.2
"""A supervisor looks so often, and starts again what has ended."""
RECOVERY_MAX_S = 150.0
"""Longer than a transaction may stay open: a partition that does not work by then never will."""


@dataclass
class Ended:
    """A worker that ended by itself: with which code, and what it said last."""

    at: datetime
    code: int
    words: str


@dataclass
class Stage:
    """One run. down: workers that are not to be started again for now."""

    brokers: Brokers
    cluster: Cluster
    load: Load
    folder: Path
    down: list[LocalWorker] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    clock_faults: list[tuple[datetime, datetime]] = field(default_factory=list)
    all_named: bool = False

    @property
    def workers(self) -> list[LocalWorker]:
        """Those of the present size."""
        return self.cluster.workers

    def add_worker(self) -> None:
        """Start one more, with a clock of its own, on the next network and, at least every other one, with a name."""
        number = len(self.cluster.changes)
        name = f"w{number}" if number % 2 or self.all_named else None
        broker = self.brokers.proxied(number % NETWORKS)
        self.cluster.worker(broker=broker, clock_offset_file=self.offset_file(number), instance_id=name)

    def offset_file(self, number: int) -> Path:
        """Seconds by which the clock of a worker is wrong."""
        return self.folder / f"offset-{number}"

    def remove_worker(self) -> LocalWorker:
        """Take the last one out of the supervisor's hands; the caller ends it."""
        self.cluster.changes.pop()
        return self.cluster.workers.pop()

    async def supervise(self) -> None:
        """Start again whatever has ended, on and on."""
        while True:
            for worker in self.workers:
                if worker.exit_code is not None and worker not in self.down:
                    self.start_again(worker)
            await asyncio.sleep(AGAIN_S)

    def start_again(self, worker: LocalWorker) -> None:
        """Start one that has ended, and note it when neither a signal nor a request was the reason."""
        code = worker.exit_code
        if code is not None and code > 0:
            self.ended.append(Ended(datetime.now(UTC), code, worker.last_words(1)))
        worker.start()

    async def works_since(self, since: datetime) -> float:
        """Wait until each partition has had a command that fell due after `since`; returns seconds from then.

        Raises TimeoutError.
        """
        async with asyncio.timeout(RECOVERY_MAX_S):
            while True:
                first: dict[int, datetime] = {}
                for command in reversed(self.load.received):
                    if command.at < since:
                        break
                    if command.due > since:
                        first[command.partition] = command.at
                if len(first) == PARTITIONS:
                    return (max(first.values()) - since).total_seconds()
                await asyncio.sleep(POLL_S)

    async def until_shared(self, without: LocalWorker | None = None) -> None:
        """Wait until every worker but `without` has partitions, each one has one owner, and all are ready.

        Raises TimeoutError.
        """
        async with asyncio.timeout(RECOVERY_MAX_S):
            while True:
                ready = [self._ready(worker) for worker in self.workers if worker is not without]
                if all(ready) and sorted(itertools.chain(*ready)) == list(range(PARTITIONS)):
                    return
                await asyncio.sleep(AGAIN_S)

    async def until_heard(self) -> None:
        """Wait until the workers have processed every event; what they never do is for the verdict to say."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RECOVERY_MAX_S):
                await self.load.until_heard(self.cluster.settings().app, self.brokers.direct)

    def _ready(self, worker: LocalWorker) -> list[int]:
        held = (worker.status() or {"partitions": {}})["partitions"]
        return [int(number) for number, partition in held.items() if partition["ready"]]

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """The pages for machines that answer before answer afterwards, too. Raises AssertionError."""
        up = {worker: worker.pid for worker in self.workers if worker.status() is not None}
        yield
        silent = [worker.last_words() for worker, pid in up.items() if worker.pid == pid and worker.status() is None]
        assert not silent, silent

    async def until_ended(self, worker: LocalWorker) -> None:
        """Wait until a worker has ended; whoever supervises it must not start it."""
        while worker.exit_code is None:
            await asyncio.sleep(POLL_S)
