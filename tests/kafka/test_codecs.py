"""Every codec of Kafka is read: from a producer, set on a topic and set on the broker, and after a restart."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from streams.dev.broker import EmbeddedKafka
from tests.kafka.cluster import Cluster, configure, feeder, reader
from tests.kafka.strange import send, set_topics
from tests.kafka.test_worker import SOON_S, cancelled, scheduled, settled
from topics.catalog import NEEDED_TOPICS
from topics.codec import encode

pytestmark = pytest.mark.kafka

CODECS = ("gzip", "snappy", "lz4", "zstd")


async def works_before_and_after_a_restart(cluster: Cluster) -> None:
    """Configuration, contacts and events are read, and the changelog by a worker that keeps nothing on its disk."""
    now = datetime.now(UTC)
    async with feeder(cluster) as feed, reader(cluster, ["dial-preview", "callback-lifecycle"]) as taken:
        await configure(feed)
        worker = cluster.worker(store="memory")
        await settled(cluster, feed, scheduled("now", "c1", now, now), scheduled("then", "c2", now + timedelta(days=1)))
        await taken.until(lambda: bool(taken.records["dial-preview"]), SOON_S)
        worker.kill()
        worker.start()
        worker.wait_ready()
        assert sum(one["outstanding"] for one in (worker.status() or {})["partitions"].values()) == 2
        await feed.send("callback-scheduled", cancelled("then", "c2"))
        await feed.flush()
        steps = taken.records["callback-lifecycle"]
        await taken.until(lambda: any(orjson.loads(one.value)["transition"] == "cancelled" for one in steps), SOON_S)
        assert worker.exit_code is None and len(taken.records["dial-preview"]) == 1


async def test_what_producers_compress_is_read_whatever_the_codec_on_contact_and_configuration_topics(
    cluster: Cluster,
) -> None:
    now = datetime.now(UTC)
    async with feeder(cluster) as feed, reader(cluster, ["dial-preview", "dead-letter"]) as taken:
        await configure(feed)
        worker = cluster.worker()
        worker.wait_ready()
        for codec in CODECS:
            campaign = {"campaign_id": codec, "dialing_mode": "preview", "status": "on", "contact_list_id": "L"}
            await send(cluster, "campaigns", codec.encode(), campaign, codec)
            event = encode(scheduled(codec, f"c-{codec}", now, now)).replace(
                b'"campaign_id":"P"', b'"campaign_id":"%s"' % codec.encode()
            )
            await send(cluster, "callback-scheduled", f"L|c-{codec}".encode(), event, codec)
        await taken.until(lambda: len(taken.records["dial-preview"]) == len(CODECS), SOON_S)
        assert {one["campaign_id"] for one in taken.values("dial-preview")} == set(CODECS)
        worker.kill()
        worker.start()
        worker.wait_ready()
        assert worker.exit_code is None and taken.records["dead-letter"] == []


@pytest.mark.parametrize("codec", CODECS)
async def test_topics_that_the_broker_compresses_are_read_whatever_the_codec(cluster: Cluster, codec: str) -> None:
    """By the broker's own implementation, with events, configuration and the changelog."""
    await set_topics(cluster, NEEDED_TOPICS, compression_type=codec)
    await works_before_and_after_a_restart(cluster)


@pytest.fixture
def compressing(prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    """The topics on a Kafka of its own, which compresses."""
    with EmbeddedKafka(more={"compression.type": "zstd"}) as kafka, Cluster(kafka.bootstrap, prefix, tmp_path) as made:
        yield made


async def test_a_broker_that_compresses_every_topic_is_read(compressing: Cluster) -> None:
    await works_before_and_after_a_restart(compressing)
