"""Nothing that anybody can send ends a worker: what is too large is cut, what cannot be decoded is a dead letter."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from signal import SIGTERM
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.dev.broker import EmbeddedKafka
from streams.dev.local import LocalWorker
from streams.kafka.clients import client_options
from streams.worker.ending import EXIT_BROKEN
from tests.kafka.cluster import LIST, Cluster, Reader, configure, feeder, reader
from tests.kafka.counted import counted
from tests.kafka.strange import send, send_with_a_header_that_is_no_text, set_topics
from tests.kafka.test_poison import of_one_partition
from tests.kafka.test_worker import SOON_S, scheduled
from topics.codec import encode

pytestmark = pytest.mark.kafka

ROOM = 64 * 1024
OUTPUTS = ("dead-letter", "dial-preview", "callback-lifecycle", "placement-decided")


def key_of(contact: str) -> bytes:
    return f"{LIST}|{contact}".encode()


def told(letter: Any) -> dict[str, str]:
    """The headers that are ours, as text."""
    return {name: value.decode() for name, value in letter.headers if name.startswith(("ringback", "__connect"))}


def dialed(taken: Reader) -> list[str]:
    return sorted(command["callback_id"] for command in taken.values("dial-preview"))


async def original(cluster: Cluster, letter: Any) -> bytes:
    """The value that the dead letter is of, fetched by what its headers say."""
    headers = told(letter)
    tp = TopicPartition(headers["__connect.errors.topic"], int(headers["__connect.errors.partition"]))
    consumer = AIOKafkaConsumer(**client_options(cluster.settings()), auto_offset_reset="earliest")
    consumer.assign([tp])
    await consumer.start()
    try:
        consumer.seek(tp, int(headers["__connect.errors.offset"]))
        value: bytes = (await consumer.getone()).value
        return value
    finally:
        await consumer.stop()


async def test_a_large_record_that_came_compressed_is_a_cut_dead_letter_by_which_the_record_can_be_fetched(
    cluster: Cluster,
) -> None:
    """On a contact topic, and on configuration topics, which every start reads from their beginning."""
    (first, second), now = of_one_partition(2), datetime.now(UTC)
    bad = encode(scheduled("bad", first, now, now))[:-1] + b',"type":1,"x":"' + b"x" * 3_000_000 + b'"}'
    large = {
        "callback-scheduled": (key_of(first), bad),
        "campaigns": (b"P2", b'{"campaign_id":"P2","note":"' + b"x" * 5_000_000 + b'"}'),
        "campaign-recycle": (b"P3", b"y" * 20_000_000),
    }
    async with feeder(cluster) as feed, reader(cluster, OUTPUTS) as taken:
        await configure(feed)
        worker = cluster.worker()
        for topic, (key, value) in large.items():
            await send(cluster, topic, key, value, "gzip")
        await feed.send("callback-scheduled", scheduled("next", second, now, now))
        await feed.flush()
        await taken.until(lambda: dialed(taken) == ["next"] and len(taken.records["dead-letter"]) == 3, SOON_S)
        for letter in taken.records["dead-letter"]:
            headers = told(letter)
            key, value = large[headers["__connect.errors.topic"].removeprefix(cluster.prefix)]
            assert letter.key == key and value.startswith(letter.value) and len(letter.value) > 1_900_000
            assert headers["ringback.cut"] == "value" and headers["ringback.value.bytes"] == str(len(value))
            assert headers["ringback.value.sha256"] == sha256(value).hexdigest()
            if headers["ringback.error"] != "too_large":
                assert sha256(await original(cluster, letter)).hexdigest() == headers["ringback.value.sha256"]
        worker.kill()
        worker.start()
        worker.wait_ready()
        await taken.settle(1.0)
        assert worker.exit_code is None and len(taken.records["dead-letter"]) == 3


def many_rules() -> dict[str, Any]:
    """Pre-call rules that all match, each of which is named in an answer."""
    one = {"category": "pre_call", "conditions": [], "actions": [{"type": "do_not_dial"}]}
    return {"rule_set_id": "Many", "rules": [{"rule_id": f"{n:0100}", "order": n + 1, **one} for n in range(700)]}


async def ended(worker: LocalWorker, cluster: Cluster, key: bytes) -> int:
    """Its exit code. It meets a limit only with a record, and the broker keeps to one a moment after it was set."""
    while (code := worker.exit_code) is None:
        await send(cluster, "callback-scheduled", key, b"z" * 60_000)
        await asyncio.sleep(0.5)
    return code


async def test_what_does_not_fit_into_a_topic_of_64_kib_is_cut_and_a_limit_that_is_lowered_ends_a_worker_once(
    cluster: Cluster,
) -> None:
    """Answers, facts and dead letters; what is small goes out in batches that fit."""
    contacts, now = of_one_partition(60), datetime.now(UTC)
    event = {"occurred_at": now.isoformat(), "contact_list_id": LIST, "contact_id": contacts[0], "campaign_id": "M"}
    await set_topics(cluster, ["dead-letter", "placement-decided", "callback-lifecycle"], max_message_bytes=str(ROOM))
    async with feeder(cluster) as feed, reader(cluster, OUTPUTS) as taken:
        await configure(feed)
        await send(cluster, "rule-sets", b"Many", many_rules())
        campaign = {"campaign_id": "M", "dialing_mode": "power", "status": "on", "contact_list_id": LIST}
        await send(cluster, "campaigns", b"M", {**campaign, "rule_set_ids": ["Many"]})
        for contact in contacts[1:]:
            await feed.send("callback-scheduled", b"z" * 50_000, key=f"{LIST}|{contact}")
        await feed.flush()
        worker = cluster.worker()
        asked = {"event_id": "q", "request_id": "q", "origin": "campaign", "phone_number": "+12125550101", **event}
        await send(cluster, "placement-requested", key_of(contacts[0]), asked)
        moved = {"type": "cancelled", "event_id": "x", "callback_id": "unknown", "reason": "because " * 90_000, **event}
        await send(cluster, "callback-scheduled", key_of(contacts[0]), moved)
        await send(cluster, "callback-scheduled", key_of(contacts[0]), b"z" * 900_000)
        await taken.until(lambda: len(taken.records["dead-letter"]) >= 60, SOON_S)
        await taken.until(lambda: bool(taken.records["placement-decided"]), SOON_S)
        (answer,) = taken.values("placement-decided")
        assert "pre_call_rule" in answer["reasons"] and answer["facts"]["cut"]["parts"] == ["pre_call_rules"]
        assert len(answer["facts"]["pre_call_rules"]) == 100
        cut = [told(one)["ringback.value.bytes"] for one in taken.records["dead-letter"] if "ringback.cut" in told(one)]
        assert cut[-1] == "900000" and worker.exit_code is None

        await set_topics(cluster, ["dead-letter"], max_message_bytes=str(ROOM - 20_000))
        assert await ended(worker, cluster, key_of(contacts[0])) == EXIT_BROKEN
        assert "dead-letter" in worker.last_words(1) and "max.message.bytes" in worker.last_words(1)
        worker.start()
        await taken.until(lambda: told(taken.records["dead-letter"][-1]).get("ringback.value.bytes") == "60000", SOON_S)
        assert worker.exit_code is None


async def test_a_header_that_is_no_text_costs_its_record_alone_on_contact_and_configuration_topics(
    cluster: Cluster,
) -> None:
    """What the record was about counts as unreadable, and an entry of a Do Not Call list blocks by its key."""
    (first, second), now = of_one_partition(2), datetime.now(UTC)
    event = encode(scheduled("bad", first, now, now))
    async with feeder(cluster) as feed, reader(cluster, OUTPUTS) as taken:
        await configure(feed)
        worker = cluster.worker()
        worker.wait_ready()
        records = {
            "callback-scheduled": (key_of(first), event),
            "campaigns": (b"P2", b'{"campaign_id":"P2"}'),
            "dnc-entries": (b"D|+12125550177", b'{"dnc_list_id":"D","phone_number":"+12125550177"}'),
            "contact-list-cleared": (b"L2", b"{}"),
        }
        for topic, (key, value) in records.items():
            await send_with_a_header_that_is_no_text(cluster, topic, key, value)
        await feed.send("callback-scheduled", scheduled("next", second, now, now))
        await feed.flush()
        await taken.until(lambda: dialed(taken) == ["next"] and len(taken.records["dead-letter"]) == 4, SOON_S)
        for letter in taken.records["dead-letter"]:
            topic = told(letter)["__connect.errors.topic"].removeprefix(cluster.prefix)
            assert (letter.key, letter.value) == records[topic] and letter.headers[0] == ("good", b"1")
            assert told(letter)["ringback.error"] == "undecodable" and "header" in str(told(letter))
        worker.signal(SIGTERM)
        assert worker.wait_ended(SOON_S) == 0
        worker.start()
        worker.wait_ready()
        await taken.settle(1.0)
        assert len(taken.records["dead-letter"]) == 4 and counted(worker, "ringback_dnc_entries") == 1


@pytest.fixture
def own(prefix: str, tmp_path: Path) -> Iterator[tuple[EmbeddedKafka, Cluster]]:
    """A Kafka of its own, whose disk can be damaged, with the topics."""
    kafka = EmbeddedKafka(data_dir=tmp_path / "kafka")
    with kafka, Cluster(kafka.bootstrap, prefix, tmp_path) as cluster:
        yield kafka, cluster


async def test_a_batch_that_is_damaged_on_the_brokers_disk_is_lost_alone_and_named_with_its_offsets(
    own: tuple[EmbeddedKafka, Cluster], prefix: str, tmp_path: Path
) -> None:
    """On a contact topic and on a configuration topic; the records after it are read, and so they are by each start."""
    first, second, third = of_one_partition(3)
    now = datetime.now(UTC)
    kafka, cluster = own
    async with feeder(cluster) as feed:
        await configure(feed)
    places = {
        "callback-scheduled": await send(cluster, "callback-scheduled", key_of(second), b"DAMAGED" * 9),
        "campaigns": await send(cluster, "campaigns", b"P2", b"DAMAGED" * 9),
    }
    for name, contact in (("k1", first), ("k3", third)):
        await send(cluster, "callback-scheduled", key_of(contact), encode(scheduled(name, contact, now, now)))
    kafka.stop()
    for topic, (partition, _) in places.items():
        (log,) = (tmp_path / "kafka" / "data" / f"{prefix}{topic}-{partition}").glob("*.log")
        data = log.read_bytes()
        assert data.count(b"DAMAGED" * 9) == 1
        log.write_bytes(data.replace(b"DAMAGED" * 9, b"damaged" * 9))
    kafka.start()
    async with reader(cluster, OUTPUTS) as taken:
        worker = cluster.worker()
        await taken.until(lambda: dialed(taken) == ["k1", "k3"], SOON_S)
        await taken.until(lambda: len(taken.records["dead-letter"]) == 2, SOON_S)
        for letter in taken.records["dead-letter"]:
            headers = told(letter)
            partition, offset = places[headers["__connect.errors.topic"].removeprefix(prefix)]
            assert headers["__connect.errors.partition"] == str(partition) and letter.value is None
            assert headers["__connect.errors.offset"] == headers["ringback.offset.last"] == str(offset)
            assert headers["ringback.error"] == "damaged"
        worker.kill()
        worker.start()
        worker.wait_ready()
        await taken.settle(1.0)
        assert worker.exit_code is None and len(taken.records["dead-letter"]) == 2
