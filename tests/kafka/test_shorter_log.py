"""Logs that end before the committed offset, and logs that begin behind it."""

from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import OffsetAndMetadata

from streams.kafka.clients import client_options
from tests.kafka.cluster import PARTITIONS, Cluster, configure, feeder, reader
from tests.kafka.test_worker import SOON_S, scheduled
from topics.partitions import partition_for

pytestmark = pytest.mark.kafka

PARTITION = partition_for(b"L|c1", PARTITIONS)


async def commit(cluster: Cluster, offset: int) -> None:
    """What an unclean election, a restored backup or a mirror leaves behind: the group has been here."""
    tp = TopicPartition(f"{cluster.prefix}callback-scheduled", PARTITION)
    consumer = AIOKafkaConsumer(
        **client_options(cluster.settings()), group_id=cluster.settings().app, enable_auto_commit=False
    )
    consumer.assign([tp])
    await consumer.start()
    try:
        await consumer.commit({tp: OffsetAndMetadata(offset, "")})
    finally:
        await consumer.stop()


async def test_a_log_that_ends_before_the_committed_offset_is_read_from_its_beginning_and_nothing_twice(
    cluster: Cluster,
) -> None:
    """Five events were read before the log was shortened and come again, five are new; then it starts again."""
    async with feeder(cluster) as feed, reader(cluster, ["dial-preview", "callback-lifecycle"]) as taken:
        await configure(feed)
        worker = cluster.worker()
        worker.wait_ready()
        due = datetime.now(UTC) + timedelta(seconds=1)
        for number in range(5):
            await feed.send("callback-scheduled", scheduled(f"a{number}", "c1", due))
        await taken.until(lambda: len(taken.records["dial-preview"]) >= 5, SOON_S)
        worker.stop()
        await commit(cluster, 100)
        worker.start()
        for number in range(5):
            await feed.send(
                "callback-scheduled", scheduled(f"b{number}", "c1", datetime.now(UTC) + timedelta(seconds=2))
            )
        await taken.until(lambda: len(taken.records["dial-preview"]) >= 10, SOON_S)
        await taken.settle(1.0)
        names = sorted(command["callback_id"] for command in taken.values("dial-preview"))
        assert names == sorted(f"{letter}{number}" for letter in "ab" for number in range(5))
        (line,) = [line for line in worker.log.read_text().splitlines() if "its log is shorter" in line]
        assert f"callback-scheduled-{PARTITION}" in line and "offset 100 was reached" in line
        assert 'ringback_log_gaps_total{kind="shorter",topic="callback-scheduled"} 1.0' in worker.metrics()
        worker.stop()
        worker.start()
        worker.wait_ready()
        assert worker.log.read_text().count("its log is shorter") == 1


async def test_a_commit_at_the_end_of_the_log_is_no_shorter_log(cluster: Cluster) -> None:
    async with feeder(cluster) as feed:
        await configure(feed)
        await commit(cluster, 0)
        worker = cluster.worker()
        worker.wait_ready()
        assert "its log is shorter" not in worker.log.read_text()
        assert 'ringback_log_gaps_total{kind="shorter",topic="callback-scheduled"} 0.0' in worker.metrics()
