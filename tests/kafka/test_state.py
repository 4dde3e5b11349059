"""State on disk: a restart reads only what is newer, what cannot be relied on is made anew, one worker has a folder."""

import asyncio
import json
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from streams.dev.local import LocalWorker
from tests.kafka.cluster import PARTITIONS, Cluster, Feeder, configure, feeder, reader
from tests.kafka.counted import counted
from tests.kafka.test_worker import SOON_S, cancelled, scheduled, settled

pytestmark = pytest.mark.kafka

CALLBACKS = 300


def messages(worker: LocalWorker) -> list[str]:
    return [json.loads(line)["message"] for line in worker.log.read_text().splitlines() if line.startswith("{")]


async def fill(cluster: Cluster, feed: Feeder) -> None:
    """Callbacks that are due in a day, all of them taken in."""
    due = datetime.now(UTC) + timedelta(days=1)
    await settled(cluster, feed, *(scheduled(f"k{number}", f"c{number % 50}", due) for number in range(CALLBACKS)))


async def idle(worker: LocalWorker) -> None:
    """Return when everything has been taken in and nothing is under way."""
    seen = None
    while True:
        status = worker.status() or {}
        partitions = status.get("partitions", {"none": {"busy": True}}).values()
        offsets = [partition.get("next_offsets") for partition in partitions]
        if offsets == seen and not any(partition["busy"] for partition in partitions):
            return
        seen = offsets
        await asyncio.sleep(0.5)


async def ready(worker: LocalWorker) -> None:
    await asyncio.to_thread(worker.wait_ready, SOON_S)


async def cancel_all(cluster: Cluster, feed: Feeder) -> None:
    """Every callback is known, and can be called off."""
    async with reader(cluster, ["callback-lifecycle"]) as taken:
        for number in range(CALLBACKS):
            await feed.send("callback-scheduled", cancelled(f"k{number}", f"c{number % 50}"))
        await feed.flush()
        await taken.until(lambda: len(taken.records["callback-lifecycle"]) >= 2 * CALLBACKS, SOON_S)
        steps = [record["transition"] for record in taken.values("callback-lifecycle")]
        assert steps.count("scheduled") == steps.count("cancelled") == CALLBACKS


async def jumps(worker: LocalWorker, count: int) -> None:
    """Return when the worker has noticed so many."""
    while counted(worker, "ringback_clock_jumps_total") < count:
        await asyncio.sleep(0.1)
    assert counted(worker, "ringback_clock_jumps_total") == count


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
async def test_a_restart_reads_only_what_is_newer_than_its_state(cluster: Cluster, end: signal.Signals) -> None:
    async with feeder(cluster) as feed:
        await configure(feed)
        worker = cluster.worker()
        await fill(cluster, feed)
        await idle(worker)
        worker.signal(end)
        worker.wait_ended(SOON_S)
        worker.start()
        await ready(worker)
        assert counted(worker, "ringback_restored_rows") < CALLBACKS / 10, "the rest was there"
        assert counted(worker, "ringback_callbacks_outstanding") == CALLBACKS
        await cancel_all(cluster, feed)


async def test_what_another_worker_did_meanwhile_is_read_from_the_changelog(cluster: Cluster) -> None:
    """The second worker takes over and cancels; the first comes back to its old state and knows of it."""
    async with feeder(cluster) as feed:
        await configure(feed)
        first = cluster.worker()
        await fill(cluster, feed)
        first.stop()
        second = cluster.worker()
        await ready(second)
        await cancel_all(cluster, feed)
        second.stop()
        first.start()
        await ready(first)
        assert counted(first, "ringback_callbacks_outstanding") == 0
        assert counted(first, "ringback_restored_rows") > 0


def scribble(folder: Path) -> None:
    for manifest in folder.glob("contacts-*/MANIFEST-*"):
        manifest.write_bytes(b"scribble")


def flip(folder: Path) -> None:
    for table in folder.glob("contacts-*/*.sst"):
        content = bytearray(table.read_bytes())
        content[len(content) // 4] ^= 0xFF
        table.write_bytes(content)


@pytest.mark.parametrize("damage", [scribble, flip])
async def test_a_damaged_state_is_quarantined_with_a_line_in_the_log_and_nothing_is_lost(
    cluster: Cluster, damage: Callable[[Path], None]
) -> None:
    """Found when the folder is opened, and found when its rows are read."""
    async with feeder(cluster) as feed:
        await configure(feed)
        worker = cluster.worker()
        await fill(cluster, feed)
        worker.stop()
        folder = worker.log.with_suffix(".state")
        damage(folder)
        worker.start()
        await ready(worker)
        said = [line for line in messages(worker) if "is quarantined as" in line]
        assert len(said) == PARTITIONS == counted(worker, "ringback_state_quarantined_total")
        assert counted(worker, "ringback_callbacks_outstanding") == CALLBACKS
        assert sorted(path.name for path in folder.glob("*.bad")) == [f"contacts-{n}.bad" for n in range(PARTITIONS)]
        await cancel_all(cluster, feed)


async def test_a_second_worker_on_one_folder_ends_at_once_and_says_why(cluster: Cluster, tmp_path: Path) -> None:
    first = cluster.worker(state_dir=tmp_path / "shared")
    await ready(first)
    second = cluster.worker(state_dir=tmp_path / "shared")
    assert await asyncio.to_thread(second.wait_ended, SOON_S) == 1
    assert "another worker has its state in" in second.last_words(1)
    assert first.exit_code is None


async def test_with_the_state_in_memory_nothing_is_on_disk_and_a_restart_reads_everything(cluster: Cluster) -> None:
    async with feeder(cluster) as feed:
        await configure(feed)
        worker = cluster.worker(store="memory")
        await fill(cluster, feed)
        worker.kill()
        worker.start()
        await ready(worker)
        assert counted(worker, "ringback_restored_rows") >= 50
        assert not worker.log.with_suffix(".state").exists()
        await cancel_all(cluster, feed)


async def test_a_worker_with_an_instance_id_leaves_the_group_when_it_is_told_that_it_stops_for_good(
    cluster: Cluster,
) -> None:
    """Its session would last for longer than the test; the others have its partitions long before."""
    names = ("one", "two")
    workers = [cluster.worker(instance_id=name, session_timeout_s=240) for name in names]
    for worker in workers:
        await ready(worker)
    workers[0].signal(signal.SIGUSR1)
    await asyncio.sleep(0.5)
    assert workers[0].status() is not None, "the signal alone stops nothing"
    workers[0].stop()
    assert workers[0].exit_code == 0
    held = 0.0
    while held < PARTITIONS:
        await asyncio.sleep(0.1)
        held = counted(workers[1], "ringback_partitions_held")
    await ready(workers[1])


async def test_a_clock_that_is_set_is_counted_and_what_is_due_by_it_goes_out(cluster: Cluster) -> None:
    offset = cluster.folder / "offset"
    async with feeder(cluster) as feed, reader(cluster, ["dial-preview"]) as taken:
        await configure(feed)
        worker = cluster.worker(clock_offset_file=offset)
        await settled(cluster, feed, scheduled("k1", "c1", datetime.now(UTC) + timedelta(hours=1)))
        offset.write_text("3700")
        await taken.until(lambda: len(taken.records["dial-preview"]) == 1, SOON_S)
        await jumps(worker, 1)
        offset.write_text("0")
        await jumps(worker, 2)
        await taken.settle(1.0)
        assert len(taken.records["dial-preview"]) == 1
