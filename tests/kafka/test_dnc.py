"""Do Not Call entries reach every worker, and a restart reads only those that are newer than its snapshot."""

import asyncio
import re
import time
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.dev.local import LocalWorker
from streams.kafka.clients import client_options
from tests.kafka.cluster import Cluster, Feeder, feeder, reader
from topics.codec import encode
from topics.configuration import DncEntry

pytestmark = pytest.mark.kafka


async def append(feed: Feeder, numbers: range) -> None:
    for number in numbers:
        await feed.send("dnc-entries", DncEntry(dnc_list_id="D", phone_number=f"+1212555{number:04d}"))
    await feed.flush()


async def test_a_restart_reads_only_what_is_newer_than_the_snapshot(cluster: Cluster) -> None:
    async with feeder(cluster) as feed:
        await append(feed, range(1000))
        worker = cluster.worker(state_dir=cluster.folder / "state")
        worker.wait_ready()
        worker.stop()
        await append(feed, range(1000, 1010))
        worker.start()
        worker.wait_ready()
    log = worker.log.read_text()
    read = [int(count) for count in re.findall(r"read (\d+) configuration records", log)]
    assert read == [1000, 10]
    assert "loaded 1000 entries" in log
    status = worker.status()
    assert status is not None and status["configuration"]["dnc-entries"] == 1010


async def test_a_restart_from_a_snapshot_repeats_no_dead_letter_and_forgets_none(cluster: Cluster) -> None:
    state_dir = cluster.folder / "state"
    async with feeder(cluster) as feed, reader(cluster, ["dead-letter"]) as read:
        await append(feed, range(10))
        await feed.send("dnc-entries", b"{", key="D|+12125550101")
        worker = cluster.worker(state_dir=state_dir)
        worker.wait_ready()
        await read.until(lambda: len(read.records["dead-letter"]) == 1, 20)
        worker.stop()
        worker.start()
        worker.wait_ready()
        await feed.send("dnc-entries", b"[", key="D|+12125550101")
        await read.until(lambda: len(read.records["dead-letter"]) == 2, 20)
        await read.settle(1)
    assert [record.value for record in read.records["dead-letter"]] == [b"{", b"["]
    assert "loaded 11 entries" in worker.log.read_text(), "the one that cannot be read blocks by its key"


async def test_a_snapshot_that_is_older_than_what_it_should_hold_is_quarantined(cluster: Cluster) -> None:
    """As after the topic was made anew: its offsets are those of other records."""
    async with feeder(cluster) as feed:
        later_ms = int(time.time() * 1000) + 3_600_000
        for number in range(10):
            entry = DncEntry(dnc_list_id="D", phone_number=f"+1212555{number:04d}")
            key = f"D|{entry.phone_number}".encode()
            topic = cluster.settings().topic("dnc-entries")
            await feed.producer.send(topic, encode(entry), key=key, partition=0, timestamp_ms=later_ms)
        await feed.flush()
        worker = cluster.worker(state_dir=cluster.folder / "state")
        worker.wait_ready()
        worker.stop()
        worker.start()
        worker.wait_ready()
    log = worker.log.read_text()
    assert [int(count) for count in re.findall(r"read (\d+) configuration records", log)] == [10, 10]
    assert log.count("quarantined") == 1


async def test_what_stands_behind_an_open_transaction_is_read_when_that_ends_and_holds_up_nobody(
    cluster: Cluster,
) -> None:
    topic = cluster.settings().topic("dnc-entries")
    options: dict[str, Any] = {**client_options(cluster.settings()), "transactional_id": f"{cluster.prefix}other"}
    async with feeder(cluster) as feed, AIOKafkaProducer(**options) as other:
        await append(feed, range(5))
        await other.begin_transaction()
        await other.send_and_wait(topic, b"{}", key=b"D|+12125550101", partition=0)
        await append(feed, range(5, 10))
        worker = cluster.worker()
        worker.wait_ready()
        assert position(worker) == 5
        await other.abort_transaction()
        deadline = time.monotonic() + 30
        while position(worker) != 12:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


def position(worker: LocalWorker) -> int:
    status = worker.status()
    assert status is not None
    return int(status["configuration"]["dnc-entries"])
