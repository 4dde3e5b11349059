"""Ten thousand hostile records on a real Kafka: each is taken in or a dead letter, and the worker never stops."""

from collections import Counter
from datetime import datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.hostile import AT, Hostile, hostile
from tests.kafka.cluster import PARTITIONS, Cluster, Feeder, configured, feeder, reader
from topics.callback_events import CallbackScheduled, Source
from topics.catalog import CATALOG, CONTACT_TOPICS_IN
from topics.codec import ErrorCode
from topics.configuration import Campaign, CampaignStatus, DialingMode
from topics.partitions import partition_for
from topics.topic import Cleanup

pytestmark = pytest.mark.kafka

NOW = datetime.fromisoformat(AT)
TIMEOUT_S = 150.0


@pytest.mark.timeout(240)
async def test_ten_thousand_hostile_records_do_not_stop_a_worker(cluster: Cluster) -> None:
    """On a clock of its own, so that the records are as old as they are meant to be."""
    clock = cluster.folder / "clock"
    clock.write_text(NOW.isoformat())
    # A broker takes no record without a key into a compacted topic.
    records = [one for one in hostile() if one.key is not None or CATALOG[one.topic].cleanup is not Cleanup.COMPACT]
    assert len(records) > 9_500
    async with feeder(cluster) as feed, reader(cluster, ["dead-letter", "dial-preview"]) as taken:
        worker = cluster.worker(clock_file=clock)
        worker.wait_ready()
        for record in records:
            await send(feed, record)
        await feed.flush()
        sent = Counter(record.topic for record in records if record.topic in CONTACT_TOPICS_IN)
        await taken.until(lambda: answered(worker.metrics()) == sent, TIMEOUT_S)
        await good_callback(feed)
        await taken.until(lambda: any(one["callback_id"] == "good" for one in taken.values("dial-preview")), TIMEOUT_S)
        await taken.settle(1.0)
    assert worker.exit_code is None and worker.status() is not None
    codes = Counter(dict(one.headers)["ringback.error"].decode() for one in taken.records["dead-letter"])
    assert set(codes) <= set(ErrorCode) - {"internal_error"} and codes["wrong_partition"] and codes["invalid"]
    originals = Counter((one.key, one.value) for one in taken.records["dead-letter"])
    assert not originals - Counter((record.key, record.value) for record in records)


async def send(feed: Feeder, record: Hostile) -> None:
    count = CATALOG[record.topic].partition_count(PARTITIONS)
    own = 0 if record.key is None else partition_for(record.key, count)
    await feed.producer.send(
        feed.cluster.prefix + record.topic, record.value, key=record.key,
        partition=own if record.partition is None else record.partition,
        timestamp_ms=int(NOW.timestamp() * 1000),
    )  # fmt: skip


def answered(metrics: str) -> Counter[str]:
    """How many events of each contact topic the worker has taken in or refused."""
    counts: Counter[str] = Counter()
    for family in text_string_to_metric_families(metrics):
        for sample in family.samples:
            if sample.name == "ringback_events_total" and sample.labels["topic"] in CONTACT_TOPICS_IN:
                counts[sample.labels["topic"]] += int(sample.value)
    return counts


async def good_callback(feed: Feeder) -> None:
    campaign = Campaign(
        campaign_id="Good", dialing_mode=DialingMode.PREVIEW, status=CampaignStatus.ON, contact_list_id="Good"
    )
    await feed.send("campaigns", campaign)
    await feed.flush()
    await configured(feed.cluster)
    event = CallbackScheduled(
        event_id="good", occurred_at=NOW, callback_id="good", source=Source.WIDGET, campaign_id="Good",
        contact_list_id="Good", contact_id="good", phone_number="+12125550199", due_at=NOW,
    )  # fmt: skip
    await feed.send("callback-scheduled", event)
    await feed.flush()
