"""On a real Kafka: what comes in may be framed and bring attributes, and what goes out is CloudEvents."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

from tests.kafka.cluster import LIST, PARTITIONS, Cluster, Feeder, configure, feeder, reader
from tests.kafka.test_worker import SOON_S, scheduled
from tests.shared_kafka import SharedKafka
from topics.codec import encode
from topics.partitions import partition_for

pytestmark = pytest.mark.kafka

CONFLUENT, APICURIO_2 = b"\x00\x00\x00\x00\x2a", b"\x00" + (7).to_bytes(8, "big")
AVRO = b"\x02\x08cs-1\x04L|"
THEIRS = [("ce_id", b"theirs"), ("ce_specversion", b"1.0"), ("ce_type", b"com.example.callback"), ("ce_source", b"/x")]


@pytest.fixture
def cluster(kafka: SharedKafka, prefix: str, tmp_path: Path):
    with Cluster(kafka.bootstrap, prefix, tmp_path) as made:
        yield made


async def send(feed: Feeder, contact: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
    key = f"{LIST}|{contact}".encode()
    topic, partition = f"{feed.cluster.prefix}callback-scheduled", partition_for(key, PARTITIONS)
    await feed.producer.send_and_wait(topic, value, key=key, partition=partition, headers=headers)


def callback(name: str, contact: str) -> bytes:
    return encode(scheduled(name, contact, datetime.now(UTC) + timedelta(seconds=1)))


async def test_framed_events_with_attributes_are_taken_in_and_all_that_follows_is_events(cluster: Cluster) -> None:
    outputs = ["dial-preview", "callback-lifecycle", "outstanding-callbacks", "dead-letter"]
    async with feeder(cluster) as feed, reader(cluster, outputs) as taken:
        await configure(feed)
        cluster.worker()
        await send(feed, "c1", CONFLUENT + callback("k1", "c1"), [*THEIRS, ("__value_schema_id", b"\x01" + bytes(16))])
        await send(feed, "c2", APICURIO_2 + callback("k2", "c2"), [("apicurio.value.globalId", bytes(8))])
        await send(feed, "c3", CONFLUENT + AVRO, THEIRS)
        await taken.until(
            lambda: len(taken.records["dial-preview"]) >= 2 and len(taken.records["dead-letter"]) >= 1, SOON_S
        )
        await taken.settle(0.5)
    seen: set[str] = set()
    for topic, records in taken.records.items():
        for record in records:
            headers = dict(record.headers)
            event = from_binary_event(KafkaMessage(headers=headers, key=record.key, value=record.value or b"{}")) \
                if topic != "dead-letter" else None  # fmt: skip
            assert headers["ce_type"].decode().startswith(f"ringback.{topic}.")
            assert event is None or event.get_source() == headers["ce_source"].decode()
            seen.add(headers["ce_id"].decode())
    assert len(seen) == sum(map(len, taken.records.values()))
    commands = zip(taken.values("dial-preview"), taken.records["dial-preview"], strict=True)
    assert {
        (value["callback_id"], dict(one.headers)["ce_id"].decode() == value["command_id"]) for value, one in commands
    } == {
        ("k1", True),
        ("k2", True),
    }
    (letter,) = taken.records["dead-letter"]
    assert letter.value == CONFLUENT + AVRO and letter.headers[: len(THEIRS)] == tuple(THEIRS)
    assert b"Avro" in dict(letter.headers)["__connect.errors.exception.message"]
    assert dict(letter.headers)["ce_type"] == b"ringback.dead-letter.v1"
    assert json.loads(taken.records["callback-lifecycle"][0].value or b"")["transition"] == "scheduled"
