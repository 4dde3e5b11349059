"""How a simulation has to end: everything read is committed, each partition has one owner, who has the right rows."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aiokafka import TopicPartition

from streams.engine.partition_engine import PartitionEngine
from streams.storage.disk_store import DiskStore
from streams.storage.entries import DERIVED, DERIVED_END
from streams.storage.local_copy import Source
from tests.simulation.disk import Disks
from tests.simulation.sender import PREFIX
from tests.simulation.worker import CONSUMED

if TYPE_CHECKING:
    from tests.simulation.scenario import Simulation


def offsets(simulation: "Simulation") -> Iterator[str]:
    """Each transaction went further than the one before it, and the last went to the end."""
    for tp in simulation.broker.stood_still:
        yield f"repeated: records of {tp.topic}-{tp.partition} before its committed offset were processed"
    for topic in CONSUMED:
        for number in range(simulation.partitions):
            tp = TopicPartition(PREFIX + topic, number)
            records = simulation.broker.log(tp).records
            end = max((r.offset + 1 for r in records if r.is_committed and not r.is_marker), default=0)
            committed = simulation.broker.committed.get(tp, 0)
            if committed < end:
                yield f"behind: {topic}-{number} is committed to {committed} and goes to {end}"


def owners(simulation: "Simulation") -> Iterator[str]:
    """Each partition has one owner, whose rows, and those on its disk, are what the changelog says."""
    for number in range(simulation.partitions):
        log = simulation.broker.log(TopicPartition(f"{PREFIX}contact-state", number))
        rows: dict[bytes, bytes] = {}
        for record in log.records:
            if record.is_committed and not record.is_marker and record.key is not None:
                if record.value is None:
                    rows.pop(record.key, None)
                else:
                    rows[record.key] = record.value
        held = [worker.engines.held.engines[number] for worker in simulation.workers
                if worker.engines is not None and number in worker.engines.held.engines]  # fmt: skip
        if len(held) != 1 or not held[0].ready:
            yield f"owners: partition {number} has {len(held)}, ready: {[engine.ready for engine in held]}"
        for engine in held:
            if dict(engine.core.table.items()) != rows:
                yield f"rows: those of partition {number} are not what the changelog says"
            elif _has_other_entries(engine, rows):
                yield f"shelf: that of partition {number} is not what its rows say"


@dataclass
class _Read:
    offset: int
    key: bytes
    value: bytes | None


def _has_other_entries(engine: PartitionEngine, rows: dict[bytes, bytes]) -> bool:
    """Whether what was derived from rows as they changed is not what is derived from all of them at once."""
    store = engine._store
    if not isinstance(store, DiskStore) or store._rows.changes:
        return False
    anew = DiskStore(Path("anew"), Source("", "", 0, 0, 1), Disks())
    if rows:
        anew.restore([_Read(0, key, row) for key, row in rows.items()], engine._clock.now())
    deque(anew.shelf.prepared(1000), maxlen=0)
    return _entries(store) != _entries(anew)


def _entries(store: DiskStore) -> dict[bytes, bytes]:
    return dict(store._rows.read(DERIVED, DERIVED_END))
