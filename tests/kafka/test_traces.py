"""A trace through a worker on a real Kafka: from the event that schedules a callback to its command."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.collector import collector
from tests.kafka.cluster import LIST, PARTITIONS, Cluster, Feeder, configure, feeder, reader
from tests.kafka.test_worker import SOON_S, scheduled
from tests.shared_kafka import SharedKafka
from topics.cloud_events import is_attribute
from topics.codec import encode
from topics.partitions import partition_for

pytestmark = pytest.mark.kafka

TRACE_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE_ID}-{PARENT_ID}-01"


@pytest.fixture
def cluster(kafka: SharedKafka, prefix: str, tmp_path: Path):
    with Cluster(kafka.bootstrap, prefix, tmp_path) as made:
        yield made


async def send(feed: Feeder, name: str, contact: str, headers: list[tuple[str, bytes]]) -> None:
    """Schedule a callback that is due at once."""
    event, key = scheduled(name, contact, datetime.now(UTC) + timedelta(seconds=1)), f"{LIST}|{contact}".encode()
    topic, partition = f"{feed.cluster.prefix}callback-scheduled", partition_for(key, PARTITIONS)
    await feed.producer.send_and_wait(topic, encode(event), key=key, partition=partition, headers=headers)


async def test_a_command_carries_the_context_of_its_event_and_one_without_carries_none(cluster: Cluster) -> None:
    brought = [("traceparent", TRACEPARENT.encode()), ("tracestate", b"vendor=7"), ("other", b"x")]
    async with feeder(cluster) as feed, reader(cluster, ["dial-preview"]) as taken:
        await configure(feed)
        cluster.worker()
        await send(feed, "k1", "c1", brought)
        await send(feed, "k2", "c2", [("traceparent", b"nonsense")])
        await taken.until(lambda: len(taken.records["dial-preview"]) >= 2, SOON_S)
    commands = zip(taken.values("dial-preview"), taken.records["dial-preview"], strict=True)
    assert {
        command["callback_id"]: tuple(one for one in record.headers if not is_attribute(one[0]))
        for command, record in commands
    } == {
        "k1": tuple(brought[:2]),
        "k2": (),
    }


async def test_spans_of_a_worker_reach_a_collector_and_a_command_carries_its_own(cluster: Cluster) -> None:
    with collector() as server:
        async with feeder(cluster) as feed, reader(cluster, ["dial-preview"]) as taken:
            await configure(feed)
            worker = cluster.worker(otel_endpoint=server.url)
            await send(feed, "k1", "c1", [("traceparent", TRACEPARENT.encode())])
            await taken.until(lambda: len(taken.records["dial-preview"]) >= 1, SOON_S)
            worker.stop()
        spans = {span.name: span for span in server.spans}
    assert sorted(spans) == ["dial", f"process {cluster.prefix}callback-scheduled"]
    event, dial = spans[f"process {cluster.prefix}callback-scheduled"], spans["dial"]
    assert (event.trace_id.hex(), event.parent_span_id.hex()) == (TRACE_ID, PARENT_ID)
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in dial.links] == [(TRACE_ID, PARENT_ID)]
    (command,) = taken.records["dial-preview"]
    assert dict(command.headers)["traceparent"].decode().startswith(f"00-{dial.trace_id.hex()}-{dial.span_id.hex()}-")
