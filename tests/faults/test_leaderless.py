"""Partitions that have no leader for longer than Kafka's client asks for one."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.brokers import Brokers
from tests.kafka.cluster import PARTITIONS, Cluster, configure, feeder, reader
from tests.kafka.test_worker import scheduled

AIOKAFKAS_OWN_S = 40
PATIENCE_S = 300
SOON_S = 180.0


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[Brokers]:
    """Three."""
    with Brokers(tmp_path, 3) as made:
        yield made


@pytest.fixture
def cluster(brokers: Brokers, prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    """Topics of which there is one copy, while groups and transactions have three."""
    with Cluster(brokers.direct, prefix, tmp_path) as made:
        yield made


@pytest.mark.kafka
@pytest.mark.long
@pytest.mark.timeout(600)
async def test_a_worker_that_starts_while_partitions_have_no_leader_waits_for_one(
    brokers: Brokers, cluster: Cluster
) -> None:
    """One of the brokers is down."""
    names = {f"k{number}" for number in range(3 * PARTITIONS)}
    async with feeder(cluster) as feed, reader(cluster, ["dial-preview"]) as read:
        await configure(feed)
        for name in sorted(names):
            due = datetime.now(UTC) + timedelta(seconds=1)
            await feed.send("callback-scheduled", scheduled(name, f"c{name[1:]}", due))
        await feed.flush()
        brokers.kill(2)
        worker = cluster.worker(broker=brokers.proxied(), transaction_timeout_s=PATIENCE_S)
        await asyncio.sleep(AIOKAFKAS_OWN_S + 12)
        assert worker.exit_code is None, worker.last_words()
        assert (worker.status() or {})["acquiring"], "all partitions have a leader: nothing is shown"
        brokers.start(2)
        await asyncio.to_thread(brokers.await_started, 2)
        await read.until(lambda: {one["callback_id"] for one in read.values("dial-preview")} >= names, SOON_S)
        assert worker.exit_code is None
