"""A worker reads the state of every version before it, and ends when it meets a newer one.

A rolling restart under load is one of the faults of `tests/faults`.
"""

import asyncio
from pathlib import Path

import pytest

from streams.logic.contact.upgrades import ROW_VERSION
from streams.logic.partition.own_rows import is_contact
from streams.worker.ending import EXIT_BROKEN
from tests.kafka.cluster import PARTITIONS, Cluster, feeder
from tests.kafka.counted import counted
from tests.kafka.test_worker import SOON_S
from tests.logic.test_stored_state import CHANGELOGS, NOW, contacts, stored
from topics.partitions import partition_for

pytestmark = pytest.mark.kafka

NEXT = ("-m", "tests.kafka.next_version")


async def changelog(cluster: Cluster, rows: dict[bytes, bytes]) -> None:
    """Write rows as a worker has written them, each to the partition of its contact."""
    async with feeder(cluster) as feed:
        for key, row in rows.items():
            partition = partition_for(key, PARTITIONS) if is_contact(key) else 0
            await feed.producer.send(f"{cluster.prefix}contact-state", row, key=key, partition=partition)
        await feed.flush()


@pytest.mark.parametrize("path", CHANGELOGS, ids=lambda path: path.stem)
async def test_a_worker_of_the_next_version_takes_up_the_stored_changelog_of_each_version(
    cluster: Cluster, path: Path
) -> None:
    """On the clock of when it was stored, so that nothing falls due: every callback is outstanding, every row read."""
    clock, rows = cluster.folder / "clock", stored(path)
    clock.write_text(NOW.isoformat())
    await changelog(cluster, rows)
    cluster.command = NEXT
    worker = cluster.worker(clock_file=clock)
    await asyncio.to_thread(worker.wait_ready, SOON_S)
    assert counted(worker, "ringback_restored_rows") == len(rows)
    expected = sum(len(contact.callbacks) for contact in contacts(rows))
    assert 0 < counted(worker, "ringback_callbacks_outstanding") <= expected
    assert counted(worker, "ringback_internal_errors_total") == 0 and worker.exit_code is None


async def test_a_worker_that_meets_a_row_of_the_next_version_ends_and_says_which(cluster: Cluster) -> None:
    """It must not guess: the next version has to come back."""
    rows = stored(CHANGELOGS[-1])
    key = next(key for key in rows if is_contact(key))
    newer = rows[key].replace(b'"version":%d,' % ROW_VERSION, b'"version":%d,' % (ROW_VERSION + 1), 1)
    await changelog(cluster, {**rows, key: newer})
    worker = cluster.worker()
    assert await asyncio.to_thread(worker.wait_ended, SOON_S) == EXIT_BROKEN
    assert f"A row of version {ROW_VERSION + 1}; this program reads version {ROW_VERSION}" in worker.log.read_text()
