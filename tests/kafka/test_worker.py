"""A worker on a real Kafka: what it hears first, what it sets aside, when it ends, and what its pages say."""

import asyncio
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams.base.settings import make
from streams.dev.local import LocalWorker
from streams.kafka import topic_admin
from streams.kafka.clients import Clients, client_options
from tests.complaints import complaint
from tests.kafka.cluster import LIST, PARTITIONS, Cluster, Feeder, configure, feeder, reader
from tests.kafka.counted import counted
from tests.shared_kafka import SharedKafka
from topics.callback_events import CallbackCancelled, CallbackScheduled, Source
from topics.codec import encode, value_key
from topics.events import CampaignRecycle
from topics.partitions import partition_for

pytestmark = pytest.mark.kafka

SOON_S = 90.0


def scheduled(name: str, contact: str, due_at: datetime, occurred_at: datetime | None = None) -> CallbackScheduled:
    """An agent-scheduled callback of the campaign that `configure` makes."""
    return CallbackScheduled(
        event_id=f"s-{name}", occurred_at=occurred_at or datetime.now(UTC), callback_id=name, source=Source.WIDGET,
        campaign_id="P", contact_list_id=LIST, contact_id=contact, phone_number="+12125550101", due_at=due_at,
    )  # fmt: skip


def cancelled(name: str, contact: str) -> CallbackCancelled:
    """A cancel of that callback, now."""
    return CallbackCancelled(
        event_id=f"x-{name}", occurred_at=datetime.now(UTC), callback_id=name, campaign_id="P", contact_list_id=LIST,
        contact_id=contact,
    )  # fmt: skip


async def settled(cluster: Cluster, feed: Feeder, *events: Any) -> None:
    """Send events that fall due later, and return when a worker has answered them all."""
    async with reader(cluster, ["callback-lifecycle"]) as taken:
        for event in events:
            await feed.send("callback-scheduled", event)
        await feed.flush()
        await taken.until(lambda: len(taken.records["callback-lifecycle"]) >= len(events), SOON_S)


async def test_what_fell_due_during_an_outage_goes_out_oldest_first_and_a_cancel_that_waited_is_applied_before(
    cluster: Cluster,
) -> None:
    """The acquire gate: a killed worker comes back to overdue callbacks, half of them cancelled meanwhile."""
    clock, now = cluster.folder / "clock", datetime.now(UTC)
    clock.write_text(now.isoformat())
    async with feeder(cluster) as feed, reader(cluster, ["dial-preview"]) as taken:
        await configure(feed)
        worker = cluster.worker(clock_file=clock)
        due = now + timedelta(minutes=4)
        events = [scheduled(f"k{n:03}", f"c{n}", due - timedelta(seconds=n), now) for n in range(100)]
        await settled(cluster, feed, *events)
        worker.kill()
        for number in range(0, 100, 2):
            await feed.send("callback-scheduled", cancelled(f"k{number:03}", f"c{number}"))
        await feed.flush()
        clock.write_text((due + timedelta(minutes=1)).isoformat())
        worker.start()
        await taken.until(lambda: len(taken.records["dial-preview"]) >= 50, SOON_S)
        await taken.settle(1.0)
        by_partition: dict[int, list[str]] = {}
        for record, command in zip(taken.records["dial-preview"], taken.values("dial-preview"), strict=True):
            by_partition.setdefault(record.partition, []).append(command["due_at"])
        names = [command["callback_id"] for command in taken.values("dial-preview")]
        assert sorted(names) == [f"k{number:03}" for number in range(1, 100, 2)]
        for times in by_partition.values():
            instants = [datetime.fromisoformat(text) for text in times]
            assert instants == sorted(instants)


async def test_bad_events_go_to_the_dead_letter_topic_as_they_came_and_the_partition_goes_on(
    cluster: Cluster,
) -> None:
    """Not JSON, not valid, another type, a wrong key; then a good event for the same contact is answered."""
    key = f"{LIST}|c1"
    good = scheduled("k1", "c1", datetime.now(UTC) + timedelta(hours=1))
    bad = [
        (b"\xff\x00", "undecodable"),
        (b'{"type":"scheduled","event_id":7}', "invalid"),
        (b'{"type":"shouted"}', "unknown_type"),
        (encode(scheduled("k2", "other", good.due_at)), "wrong_key"),
    ]
    async with feeder(cluster) as feed, reader(cluster, ["dead-letter", "callback-lifecycle"]) as taken:
        await configure(feed)
        cluster.worker()
        for value, _ in bad:
            await feed.send("callback-scheduled", value, key=key)
        await feed.send("callback-scheduled", good)
        await feed.flush()
        await taken.until(lambda: len(taken.records["callback-lifecycle"]) >= 1, SOON_S)
        await taken.settle(0.5)
        letters = taken.records["dead-letter"]
        assert [(letter.key, letter.value) for letter in letters] == [(key.encode(), value) for value, _ in bad]
        headers = [dict(letter.headers) for letter in letters]
        assert [header["ringback.error"].decode() for header in headers] == [code for _, code in bad]
        assert {header["__connect.errors.topic"].decode() for header in headers} == {
            f"{cluster.prefix}callback-scheduled"
        }
        assert [int(header["__connect.errors.offset"]) for header in headers] == [0, 1, 2, 3]
        assert [record["transition"] for record in taken.values("callback-lifecycle")] == ["scheduled"]


async def test_timers_fire_though_a_topic_ends_in_the_markers_of_a_transaction(
    cluster: Cluster,
) -> None:
    """Markers are never delivered: a worker that waited for the last offset would wait for ever."""
    event = scheduled("k1", "c1", datetime.now(UTC) + timedelta(seconds=1))
    producer = AIOKafkaProducer(**client_options(cluster.settings()), transactional_id=f"{cluster.prefix}upstream")
    await producer.start()
    partition = partition_for(value_key("callback-scheduled", event).encode(), PARTITIONS)
    for value in (event, scheduled("aborted", "c1", event.due_at)):
        await producer.begin_transaction()
        topic, key = f"{cluster.prefix}callback-scheduled", value_key("callback-scheduled", value).encode()
        await producer.send_and_wait(topic, encode(value), key=key, partition=partition)
        await (producer.abort_transaction() if value.callback_id == "aborted" else producer.commit_transaction())
    await producer.stop()
    async with feeder(cluster) as feed, reader(cluster, ["dial-preview"]) as taken:
        await configure(feed)
        cluster.worker()
        await taken.until(lambda: len(taken.records["dial-preview"]) >= 1, SOON_S)
        await taken.settle(1.0)
        assert [command["callback_id"] for command in taken.values("dial-preview")] == ["k1"]


async def test_a_refused_recycle_and_a_bad_campaign_are_written_about_once_however_often_workers_start(
    cluster: Cluster,
) -> None:
    """Every worker reads the configuration again at every start; only one says something, and only once."""
    now = datetime.now(UTC)
    async with feeder(cluster) as feed, reader(cluster, ["callback-lifecycle", "dead-letter"]) as taken:
        await configure(feed)
        for number in range(2):
            await feed.send("campaign-recycle", CampaignRecycle(
                event_id=f"r{number}", occurred_at=now + timedelta(seconds=number), campaign_id="P"))  # fmt: skip
        await feed.send("campaigns", b"{}", key="Q")
        await feed.flush()
        worker = cluster.worker()
        await taken.until(lambda: len(taken.records["callback-lifecycle"]) >= 1, SOON_S)
        worker.stop()
        assert worker.exit_code == 0
        worker.start()
        cluster.worker().wait_ready()
        await taken.settle(2.0)
        said = [(record["transition"], record["reasons"]) for record in taken.values("callback-lifecycle")]
        assert said == [("rejected", ["recycled_too_soon"])]
        assert len(taken.records["dead-letter"]) == 1


async def test_a_fenced_worker_asks_the_group_and_reads_what_it_has_anew(cluster: Cluster) -> None:
    """Somebody else takes the transactional ids, as a late copy of the worker's own request would."""
    async with feeder(cluster) as feed:
        await configure(feed)
        worker = cluster.worker()
        worker.wait_ready()
        events = [scheduled(f"k{n}", f"c{n}", datetime.now(UTC) + timedelta(hours=1)) for n in range(20)]
        await settled(cluster, feed, *events)
        for number in range(PARTITIONS):
            thief = AIOKafkaProducer(
                **client_options(cluster.settings()), transactional_id=f"{cluster.settings().app}-{number}"
            )
            await thief.start()
            await thief.stop()
        async with reader(cluster, ["callback-lifecycle"]) as taken:
            for number in range(20):
                await feed.send("callback-scheduled", cancelled(f"k{number}", f"c{number}"))
            await feed.flush()
            await taken.until(lambda: len(taken.records["callback-lifecycle"]) >= 2 * len(events), SOON_S)
            await taken.settle(1.0)
            said = Counter(record["transition"] for record in taken.values("callback-lifecycle"))
        assert said == {"scheduled": 20, "cancelled": 20}
        assert worker.exit_code is None
        assert "fenced, it is given up, and the group is asked whose it is" in worker.log.read_text()


async def test_a_worker_that_is_asked_to_stop_finishes_its_transactions_and_leaves_the_rest_to_the_next(
    cluster: Cluster,
) -> None:
    """SIGTERM in the middle of a thousand events, then another worker: each is answered once."""
    async with feeder(cluster) as feed, reader(cluster, ["callback-lifecycle"]) as taken:
        await configure(feed)
        worker = cluster.worker()
        due = datetime.now(UTC) + timedelta(hours=1)
        await settled(cluster, feed, scheduled("k0", "c0", due))
        for number in range(1, 1000):
            await feed.send("callback-scheduled", scheduled(f"k{number}", f"c{number % 50}", due))
            if number == 500:
                await feed.flush()
                worker.signal(signal.SIGTERM)
        await feed.flush()
        worker.stop()
        assert worker.exit_code == 0
        cluster.worker()
        await taken.until(lambda: len(taken.records["callback-lifecycle"]) >= 1000, SOON_S)
        await taken.settle(1.0)
        times = Counter(record["callback_id"] for record in taken.values("callback-lifecycle"))
        assert len(times) == 1000 and set(times.values()) == {1}


async def test_workers_that_come_and_go_in_quick_succession_end_up_sharing_every_partition(cluster: Cluster) -> None:
    """Rebalances that begin while partitions are being acquired: none is left behind, none is held twice."""
    for _ in range(3):
        cluster.worker()
        await asyncio.sleep(0.7)
    while cluster.workers[0].status() is None:
        await asyncio.sleep(0.1)
    cluster.workers[0].stop()
    deadline = time.monotonic() + SOON_S
    held: list[str] = []
    while time.monotonic() < deadline:
        statuses = [worker.status() or {"partitions": {}} for worker in cluster.workers[1:]]
        held = [n for status in statuses for n, partition in status["partitions"].items() if partition["ready"]]
        if sorted(held) == [str(number) for number in range(PARTITIONS)]:
            break
        await asyncio.sleep(0.2)
    assert sorted(held) == [str(number) for number in range(PARTITIONS)]
    assert [worker.exit_code for worker in cluster.workers] == [0, None, None]


async def test_the_http_endpoints_say_what_is_outstanding_and_what_was_counted(
    cluster: Cluster,
) -> None:
    """Outstanding, events by result, and ready partitions, after three callbacks and a broken event."""
    async with feeder(cluster) as feed:
        await configure(feed)
        worker = cluster.worker()
        await feed.send("callback-scheduled", b"{", key=f"{LIST}|c1")
        due = datetime.now(UTC) + timedelta(hours=1)
        await settled(cluster, feed, *(scheduled(f"k{n}", f"c{n}", due) for n in range(3)))
        worker.wait_ready()
        assert counted(worker, "ringback_callbacks_outstanding", state="scheduled") == 3
        assert counted(worker, "ringback_callbacks_outstanding") == 3
        assert counted(worker, "ringback_events_total", topic="callback-scheduled", type="scheduled") == 3
        assert counted(worker, "ringback_events_total", type="unread", result="dead_letter") == 1
        assert counted(worker, "ringback_dead_letters_total", code="undecodable") == 1
        status = worker.status()
        assert status is not None
        assert sum(partition["outstanding"] for partition in status["partitions"].values()) == 3


@pytest.mark.parametrize(
    ("problem", "words"),
    [("no broker", "no Kafka broker at"), ("no topics", "none of the topics"), ("unequal", "has 2 partitions")],
)
def test_a_worker_that_cannot_work_says_why_in_one_line_and_does_not_start(
    kafka: SharedKafka, prefix: str, tmp_path: Path, problem: str, words: str
) -> None:
    """A broker that is not there, topics that are not there, and contact topics of different partition counts."""
    settings = make(broker=kafka.bootstrap if problem != "no broker" else "127.0.0.1:1", prefix=prefix)
    if problem == "unequal":
        topic_admin.create(Clients(settings), PARTITIONS, 1)
        asyncio.run(_make_unequal(settings, f"{prefix}wrap-up"))
    worker = LocalWorker(tmp_path / "worker.log", broker=settings.broker, prefix=prefix)
    with worker:
        assert worker.wait_ended(SOON_S) == 1
    assert words in complaint(worker.last_words(1), of_worker=True)


async def _make_unequal(settings: Any, topic: str) -> None:
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    admin = AIOKafkaAdminClient(**client_options(settings))
    await admin.start()
    try:
        await admin.delete_topics([topic])
        for _ in range(50):
            response = await admin.create_topics([NewTopic(topic, 2, 1)])
            if not response.topic_errors[0][1]:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(response)
    finally:
        await admin.close()
