"""What the engines of a worker have around them: Kafka, the clock and the disk, given when they are made."""

from asyncio import Future
from dataclasses import dataclass

from streams.base.clock import Clock
from streams.base.settings import Settings
from streams.engine.pace import PACE, Pace
from streams.engine.tracing import NO_TRACING, Tracing, tracing_for
from streams.kafka.clients import Clients
from streams.storage.disk_store import ROCKS, Disk
from streams.storage.dnc_snapshot import SnapshotFolder, Snapshots


@dataclass(frozen=True, slots=True)
class Outside:
    """Of one worker. disk: where stores are opened; snapshots: of Do Not Call lists, None to keep none.

    tables: done when zones and numbering plans have been read, before which nothing is decided; None if they have been.
    tracing: where spans go.
    """

    clients: Clients
    clock: Clock
    disk: Disk
    snapshots: Snapshots | None
    pace: Pace = PACE
    tables: Future[None] | None = None
    tracing: Tracing = NO_TRACING

    @classmethod
    def of(
        cls, settings: Settings, clock: Clock, clients: Clients | None = None, tables: Future[None] | None = None
    ) -> "Outside":
        """The product's: aiokafka's clients, unless others are given, and RocksDB and files below `state_dir`.

        Raises OperatorError if spans are to be exported, and what exports them is not installed.
        """
        snapshots = None if settings.folder is None else SnapshotFolder(settings.folder)
        return cls(clients or Clients(settings), clock, ROCKS, snapshots, tables=tables, tracing=tracing_for(settings))
