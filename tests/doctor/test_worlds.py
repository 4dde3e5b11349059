"""Worlds on a real Kafka with one fault each: it is told, with its cure and an example, and nothing else is."""

import asyncio
import json
import os
import random
import shlex
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cramjam
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from streams.base.clock import OffsetClock
from streams.base.errors import OperatorError
from streams.cli import doctor_text
from streams.cli.doctor import as_json as report_as_json
from streams.cli.group import run
from streams.dev.broker import EmbeddedKafka
from streams.doctor.findings import Check, Report, Result
from streams.kafka import codecs
from streams.kafka.clients import client_options
from tests.doctor.worlds import (
    CONTACTS,
    NUMBER,
    all_is_well,
    as_json,
    examined,
    faults,
    kcat,
    send,
    some_group_is_used,
    the_fault,
    wrap_up,
)
from tests.kafka.cluster import LIST, Cluster, feeder
from tests.kafka.strange import set_topics
from topics.catalog import CATALOG, CONFIGURATION_TOPICS, CONTACT_TOPICS_IN, Cleanup
from topics.codec import contact_key, encode

pytestmark = pytest.mark.kafka

PAGE = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text("utf-8")

needs_kcat = pytest.mark.skipif(shutil.which("kcat") is None, reason="there is no kcat: apt install kcat")


def as_text(report: Report) -> str:
    return "\n".join(doctor_text.lines(report))


def keys_and_values(contacts: list[str], **changes: Any) -> list[tuple[bytes | None, bytes | None]]:
    return [(contact_key(LIST, one).encode(), json.dumps(as_json(one, **changes)).encode()) for one in contacts]


async def test_a_healthy_world_has_nothing_to_be_told(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    await all_is_well(cluster)
    for codec in ("gzip", "snappy", "lz4", "zstd"):
        await send(cluster, keys_and_values(CONTACTS[:5], event_id=f"of-{codec}"), compression_type=codec)
    report = await examined(cluster)
    assert {one.result for one in report.findings} == {Result.OK}
    assert [one.check for one in report.findings] == list(Check), "each check is told once"
    (compressed,) = [one for one in report.findings if one.check is Check.CODECS]
    assert set(compressed.figures) == {"none", "gzip", "snappy", "lz4", "zstd"}
    await some_group_is_used(cluster)
    given = ["doctor", "--broker", cluster.broker, "--prefix", cluster.prefix]
    assert await asyncio.to_thread(run, given) == 0
    assert "Nothing has to be changed." in capsys.readouterr().out
    assert await asyncio.to_thread(run, [*given, "--format", "json", "--as", "worker", "--topic", "wrap-up"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["results"] == {"ok": len(Check), "warning": 0, "problem": 0, "could_not_look": 0}
    assert {one["check"] for one in told["findings"]} == set(Check)


async def test_a_new_installation_without_a_record_has_nothing_to_be_told_either(cluster: Cluster) -> None:
    report = await examined(cluster)
    assert faults(report) == []
    unseen = {one.check for one in report.findings if one.result is Result.COULD_NOT_LOOK}
    assert unseen == {Check.PARTITIONER, Check.KEYS, Check.VALUES, Check.CODECS}


@needs_kcat
async def test_kcat_with_its_default_partitioner_is_found_and_with_the_right_one_is_none(cluster: Cluster) -> None:
    await all_is_well(cluster)
    await asyncio.to_thread(kcat, cluster, map(as_json, CONTACTS), "-X", "partitioner=murmur2_random")
    assert faults(await examined(cluster)) == []
    await asyncio.to_thread(kcat, cluster, [as_json(one, event_id=f"again-{one}") for one in CONTACTS])
    finding = the_fault(await examined(cluster), Check.PARTITIONER)
    assert finding.topic == f"{cluster.prefix}wrap-up" and "CRC32 puts all" in finding.seen and "kcat" in finding.seen
    assert finding.change is not None and "partitioner=murmur2_random" in finding.change
    assert finding.examples and finding.examples[0].startswith(f"{cluster.prefix}wrap-up-")


async def test_fnv_of_librdkafka_and_of_sarama_is_found(cluster: Cluster) -> None:
    confluent_kafka = pytest.importorskip("confluent_kafka")
    await all_is_well(cluster)
    producer = confluent_kafka.Producer({"bootstrap.servers": cluster.broker, "partitioner": "fnv1a_random"})
    for key, value in keys_and_values(CONTACTS):
        producer.produce(f"{cluster.prefix}wrap-up", key=key, value=value)
    assert producer.flush(60) == 0
    finding = the_fault(await examined(cluster), Check.PARTITIONER)
    assert "FNV-1a puts all" in finding.seen and "Sarama" in finding.seen


@needs_kcat
async def test_records_without_a_key_are_found(cluster: Cluster) -> None:
    await all_is_well(cluster)
    await asyncio.to_thread(kcat, cluster, map(as_json, CONTACTS), key=None)
    finding = the_fault(await examined(cluster), Check.KEYS)
    assert "60 of 80 records: there is no key" in finding.seen and "-K" in (finding.change or "")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda one: f"{LIST}:{one}", "with ':' in place of '|'"),
        (lambda one: json.dumps(f"{LIST}|{one}"), "in quotation marks"),
        (lambda one: one, "contact_id alone"),
        (lambda one: f"\ufeff{LIST}|{one}", "byte order mark"),
        (lambda one: f"\0\0\0\0\x07{LIST}|{one}", "framed for a schema registry"),
    ],
)
async def test_wrong_keys_are_found_by_what_is_wrong_with_them(cluster: Cluster, make: Any, said: str) -> None:
    await all_is_well(cluster)
    await send(cluster, [(make(one).encode(), encode(wrap_up(one, "x"))) for one in CONTACTS])
    finding = the_fault(await examined(cluster), Check.KEYS)
    assert said in finding.seen and "60 of 80 records" in finding.seen


async def test_values_that_an_avro_serializer_framed_are_found(cluster: Cluster) -> None:
    await all_is_well(cluster)
    framed = [(key, b"\0\0\0\0\x07\x02\x06" + (value or b"")[:9]) for key, value in keys_and_values(CONTACTS)]
    await send(cluster, framed)
    finding = the_fault(await examined(cluster), Check.VALUES)
    assert "Avro or Protobuf" in finding.seen and "60 of 80" in finding.seen
    assert finding.figures["code"] == "undecodable", "the code of the dead letter"


async def test_a_configuration_record_that_does_not_fit_is_found_until_a_good_one_takes_its_place(
    cluster: Cluster,
) -> None:
    await all_is_well(cluster)
    await send(cluster, [(b"Q", b'{"campaign_id":"Q","status":"on"}')], "campaigns")
    finding = the_fault(await examined(cluster), Check.VALUES)
    assert finding.topic == f"{cluster.prefix}campaigns" and finding.figures["records"] == 1
    good = b'{"campaign_id":"Q","dialing_mode":"preview","status":"on","contact_list_id":"L"}'
    await send(cluster, [(b"Q", good)], "campaigns")
    assert faults(await examined(cluster)) == []


async def test_a_missing_topic_is_found(cluster: Cluster, admin: AIOKafkaAdminClient) -> None:
    await all_is_well(cluster)
    await admin.delete_topics([f"{cluster.prefix}holds"])
    async with asyncio.timeout(60):
        while f"{cluster.prefix}holds" in await admin.list_topics():
            await asyncio.sleep(0.1)
    finding = the_fault(await examined(cluster), Check.TOPICS)
    assert finding.seen.endswith(f"is missing: {cluster.prefix}holds") and "topics create" in (finding.change or "")


async def test_unequal_partitions_are_found(cluster: Cluster, admin: AIOKafkaAdminClient) -> None:
    async with feeder(cluster) as feed:
        for contact_id in CONTACTS:
            await feed.send("wrap-up", wrap_up(contact_id))
        await feed.flush()
    await admin.create_partitions({f"{cluster.prefix}contacts": NewPartitions(6)})
    async with asyncio.timeout(60):
        while len((await admin.describe_topics([f"{cluster.prefix}contacts"]))[0]["partitions"]) != 6:
            await asyncio.sleep(0.1)
    finding = the_fault(await examined(cluster), Check.TOPICS)
    assert (finding.topic, finding.seen) == (f"{cluster.prefix}contacts", "has 6 partitions, not 4")


async def test_partitions_that_were_added_are_told_by_the_records_of_before(
    cluster: Cluster, admin: AIOKafkaAdminClient
) -> None:
    await all_is_well(cluster)
    await send(cluster, keys_and_values(CONTACTS))
    await admin.create_partitions(
        {cluster.prefix + one.name: NewPartitions(12) for one in CATALOG.values() if one.partitions is None}
    )
    async with asyncio.timeout(60):
        while "12 partitions" not in as_text(report := await examined(cluster)):
            await asyncio.sleep(0.1)
    said = {one.topic: one.seen for one in faults(report) if one.check is Check.PARTITIONER}
    assert set(said) == {f"{cluster.prefix}wrap-up", f"{cluster.prefix}contacts"}
    assert all("murmur2 for 4 partitions puts all" in one for one in said.values()), said


async def test_a_clock_of_this_machine_that_is_wrong_is_found_and_taken_into_account(
    cluster: Cluster, tmp_path: Path
) -> None:
    await all_is_well(cluster)
    offset = tmp_path / "offset"
    for seconds, side in ((180, "3 minutes ahead of"), (-7200, "2 hours behind")):
        offset.write_text(str(seconds))
        finding = the_fault(await examined(cluster, OffsetClock(offset)), Check.CLOCK)
        assert side in finding.seen and "chrony" in (finding.change or "")
        assert abs(float(finding.figures["ahead_s"]) - seconds) < 5


async def test_a_sender_whose_clock_is_ahead_is_found(cluster: Cluster) -> None:
    await all_is_well(cluster)
    ahead = timedelta(minutes=20)
    at = datetime.now(UTC) + ahead
    await send(cluster, [(f"{LIST}|{one}".encode(), encode(wrap_up(one, "x", at))) for one in CONTACTS], at=ahead)
    finding = the_fault(await examined(cluster), Check.CLOCK)
    assert finding.topic == f"{cluster.prefix}wrap-up" and "60 records of 80 lie in the future" in finding.seen
    assert "in_the_future" in finding.seen


async def test_a_codec_that_this_installation_lacks_is_found(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    await all_is_well(cluster)
    await send(cluster, keys_and_values(CONTACTS), compression_type="zstd")

    def absent(*_: object) -> int:
        raise cramjam.DecompressionError("no such codec")

    monkeypatch.setitem(codecs._INTO, codecs.ZSTD, absent)
    finding = the_fault(await examined(cluster), Check.CODECS)
    assert "with zstd, which this installation cannot read" in finding.seen and "cramjam" in (finding.change or "")


async def test_an_event_that_was_sent_twice_is_a_hint_and_no_problem(cluster: Cluster) -> None:
    await all_is_well(cluster)
    ((key, value),) = keys_and_values(CONTACTS[:1])
    await send(cluster, [(key, value), (key, value)])
    finding = the_fault(await examined(cluster), Check.PRODUCERS, Result.WARNING)
    assert "the producer is not idempotent" in finding.seen
    given = ["doctor", "--broker", cluster.broker, "--prefix", cluster.prefix]
    assert await asyncio.to_thread(run, given) == 0


async def test_dead_letters_of_the_last_hour_are_told(cluster: Cluster) -> None:
    await all_is_well(cluster)
    now = datetime.now(UTC).isoformat().encode()
    await send(
        cluster, [(b"k", b"{")] * 3, "dead-letter", headers=[("ringback.error", b"wrong_partition"), ("ce_time", now)]
    )
    finding = the_fault(await examined(cluster), Check.PRODUCERS, Result.WARNING)
    assert "refused 3 records within the last hour: wrong_partition 3" in finding.seen


async def test_settings_of_topics_that_differ_are_told_as_topics_check_tells_them(cluster: Cluster) -> None:
    await all_is_well(cluster)
    await set_topics(cluster, ["wrap-up"], retention_ms="1000000000")
    async with asyncio.timeout(60):
        while not faults(report := await examined(cluster)):
            await asyncio.sleep(0.1)
    finding = the_fault(report, Check.TOPICS, Result.WARNING)
    assert finding.seen == "retention.ms is 1000000000, not 3628800000" and "kafka-configs.sh" in (finding.change or "")


async def test_transactions_that_are_aborted_and_open_are_passed_over_as_workers_do(cluster: Cluster) -> None:
    await all_is_well(cluster)
    producer: Any = AIOKafkaProducer(**client_options(cluster.settings()), transactional_id=f"{cluster.prefix}t")
    async with producer:
        await producer.begin_transaction()
        await producer.send_and_wait(f"{cluster.prefix}wrap-up", b"\xff", key=b"nobody", partition=0)
        await producer.abort_transaction()
        await producer.begin_transaction()
        await producer.send_and_wait(f"{cluster.prefix}wrap-up", b"\xff", key=b"nobody", partition=1)
        assert faults(await examined(cluster)) == []
        await producer.abort_transaction()


async def test_nothing_that_anybody_can_send_ends_it_and_no_part_of_it_is_told(cluster: Cluster) -> None:
    await all_is_well(cluster)
    drawn = random.Random(17)
    secret = b"SECRET-" + NUMBER.encode()
    for topic in (*CONTACT_TOPICS_IN, *CONFIGURATION_TOPICS):
        garbage = [
            (drawn.randbytes(drawn.randrange(30)) + secret, drawn.randbytes(drawn.randrange(90)) + secret)
            for _ in range(300)
        ]
        await scatter(cluster, topic, garbage, drawn)
    report = await examined(cluster, samples=1000)
    assert report.records > 2500 and {one.check for one in faults(report)} >= {Check.KEYS, Check.VALUES, Check.CLOCK}
    for text in (as_text(report), report_as_json(report)):
        assert "SECRET" not in text and NUMBER not in text and CONTACTS[0] not in text


async def scatter(cluster: Cluster, topic: str, records: list[tuple[bytes, bytes]], drawn: random.Random) -> None:
    """Anywhere, with any timestamp that Kafka takes."""
    producer: Any = AIOKafkaProducer(**client_options(cluster.settings()))
    now = int(datetime.now(UTC).timestamp() * 1000)
    async with producer:
        for some_key, some_value in records:
            # A compacted topic takes no record without a key, and no client sends one without anything.
            compacted = CATALOG[topic].cleanup is Cleanup.COMPACT
            key = drawn.choice([some_key, b""] if compacted else [some_key, b"", None])
            value = drawn.choice([some_value, b""] if key is None else [some_value, b"", None])
            headers = [("h", drawn.randbytes(5)), ("content-type", drawn.randbytes(3))]
            count = CATALOG[topic].partition_count(4)
            stamp = drawn.choice([0, 1, now, now - 10**10, now + 10**9])
            await producer.send(
                cluster.prefix + topic,
                value,
                key=key,
                partition=drawn.randrange(count),
                timestamp_ms=stamp,
                headers=headers,
            )
        await producer.flush()


@pytest.fixture
async def admin(cluster: Cluster) -> Any:
    client = AIOKafkaAdminClient(bootstrap_servers=cluster.broker)
    await client.start()
    yield client
    await client.close()


async def test_it_leaves_topics_and_groups_as_they_were(cluster: Cluster, admin: AIOKafkaAdminClient) -> None:
    await all_is_well(cluster)

    async def there() -> tuple[Any, ...]:
        names = sorted(name for name in await admin.list_topics() if name.startswith(cluster.prefix))
        parts = [
            TopicPartition(name, number)
            for name in names
            for number in range(CATALOG[name.removeprefix(cluster.prefix)].partition_count(4))
        ]
        consumer: Any = AIOKafkaConsumer(bootstrap_servers=cluster.broker, enable_auto_commit=False)
        async with consumer:
            groups = [name for name, *_ in await admin.list_consumer_groups() if cluster.prefix in name]
            return names, await consumer.end_offsets(parts), groups

    before = await there()
    for role in (None, "worker", "topics create", "adapter genesys"):
        await examined(cluster, role=role)
    assert await there() == before


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A Kafka that makes topics for whoever asks about them."""
    with EmbeddedKafka(more={"auto.create.topics.enable": "true"}) as kafka:
        yield kafka


async def test_on_an_empty_kafka_that_makes_topics_by_itself_none_is_made(empty: EmbeddedKafka, tmp_path: Path) -> None:
    """Not even Kafka's own topics of groups and transactions."""
    cluster = Cluster(empty.bootstrap, "x.", tmp_path)
    (finding,) = faults(await examined(cluster))
    assert finding.check is Check.TOPICS and finding.seen.startswith("none of the") and "--prefix" in finding.seen
    report = await examined(cluster, role="worker")
    assert [one.check for one in faults(report)] == [Check.TOPICS]
    admin = AIOKafkaAdminClient(bootstrap_servers=empty.bootstrap)
    await admin.start()
    try:
        assert await admin.list_topics() == []
    finally:
        await admin.close()


async def test_transactions_that_the_cluster_has_are_asked_for_as_a_worker_does(cluster: Cluster) -> None:
    assert faults(await examined(cluster, changes={"transaction_protocol": 2})) == []


async def test_a_broker_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"no Kafka broker at 127\.0\.0\.1:1"):
        await examined(Cluster("127.0.0.1:1", "x.", tmp_path))


def test_a_topic_that_is_none_is_a_mistake_in_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor", "--broker", "127.0.0.1:1", "--topic", "wrap-ups"]) == 2
    assert "wrap-ups is none of the topics" in capsys.readouterr().err
    assert "RINGBACK_BROKER" not in os.environ


async def test_the_commands_of_the_page_do_what_it_says(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await all_is_well(cluster)
    monkeypatch.setenv("RINGBACK_BROKER", cluster.broker)
    monkeypatch.setenv("RINGBACK_PREFIX", cluster.prefix)
    first = PAGE.split("```sh\n")[1].split("```")[0]
    for line in first.splitlines():
        assert await asyncio.to_thread(run, shlex.split(line)[1:]) == 0, line
    assert capsys.readouterr().out.count("Nothing has to be changed") == 2
