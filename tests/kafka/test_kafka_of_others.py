"""A Kafka that others use too: their open transactions, topics made anew, partitions added, a group that is taken."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic

from streams.base.clock import SystemClock
from streams.dev.broker import EmbeddedKafka
from streams.dev.local import LocalWorker
from streams.engine.refusals import PartitionsAdded, TopicRecreated
from streams.engine.topic_watch import TopicWatch
from streams.kafka import topic_admin
from streams.kafka.clients import Clients, client_options
from streams.logic.partition.own_rows import APPENDED_KEY
from tests.kafka.cluster import LIST, PARTITIONS, Cluster, Feeder, Reader, feeder, reader
from topics.callback_events import CallbackScheduled, Source
from topics.catalog import CATALOG, CONFIGURATION_TOPICS
from topics.configuration import Campaign, CampaignStatus, DialingMode
from topics.events import (
    CampaignRecycle,
    ContactListCleared,
    ContactRecord,
    PlacementOrigin,
    PlacementRequested,
    WrapUp,
)
from topics.fields import ID_LENGTH_MAX
from topics.names import TopicName
from topics.rules import AppendToDnc, Rule, RuleCategory, RuleSet, ScheduleCallback, WrapUpCodeCondition

pytestmark = pytest.mark.kafka

SOON_S = 90.0
NUMBER = "+12125550101"


def wrap_up(name: str, code: str, contact: str = "c1") -> WrapUp:
    return WrapUp(
        event_id=f"w-{name}", occurred_at=datetime.now(UTC), conversation_id=f"v-{name}", campaign_id="P",
        contact_list_id=LIST, contact_id=contact, phone_number=NUMBER, wrap_up_code=code,
    )  # fmt: skip


def placement(name: str, contact: str = "c1") -> PlacementRequested:
    return PlacementRequested(
        event_id=f"p-{name}", request_id=name, occurred_at=datetime.now(UTC), origin=PlacementOrigin.CAMPAIGN,
        campaign_id="P", contact_list_id=LIST, contact_id=contact, phone_number=NUMBER, agent_id="a1",
    )  # fmt: skip


async def configure(feed: Feeder) -> None:
    """NO puts the number on a list, CB calls back after ten hours."""
    actions: tuple[tuple[str, Any], ...] = (("NO", AppendToDnc()), ("CB", ScheduleCallback(offset_minutes=600)))
    rules = tuple(
        Rule(
            rule_id=code, order=order, category=RuleCategory.WRAP_UP,
            conditions=(WrapUpCodeCondition(codes=(code,)),), actions=(action,),
        )
        for order, (code, action) in enumerate(actions, 1)
    )  # fmt: skip
    await feed.send("rule-sets", RuleSet(rule_set_id="R", rules=rules))
    campaign = Campaign(
        campaign_id="P", dialing_mode=DialingMode.POWER, status=CampaignStatus.ON, contact_list_id=LIST,
        rule_set_ids=("R",), dnc_list_ids=("D",),
    )  # fmt: skip
    await feed.send("campaigns", campaign)
    for number in range(20):
        await feed.send("contacts", ContactRecord(contact_list_id=LIST, contact_id=f"c{number}", callable=True))
    await feed.flush()


async def ready(worker: LocalWorker) -> None:
    await asyncio.to_thread(worker.wait_ready, SOON_S)


async def sent(feed: Feeder, topic: str, event: Any) -> None:
    await feed.send(topic, event)
    await feed.flush()


async def reasons(feed: Feeder, read: Reader, name: str) -> list[str]:
    """Why a call that somebody asks for is refused."""
    await sent(feed, "placement-requested", placement(name))
    found: list[dict[str, Any]] = []

    def answered() -> bool:
        found[:] = [one for one in read.values("placement-decided") if one["request_id"] == name]
        return bool(found)

    await read.until(answered, SOON_S)
    return list(found[0]["reasons"])


@asynccontextmanager
async def admin_of(cluster: Cluster) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.broker)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def make_anew(cluster: Cluster, name: str) -> None:
    """Delete a topic, and make it again under the same name."""
    full, count = cluster.prefix + name, CATALOG[name].partition_count(PARTITIONS)
    async with admin_of(cluster) as admin:
        await admin.delete_topics([full])
        deadline = time.monotonic() + SOON_S
        while full in await admin.list_topics():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        while (await admin.create_topics([NewTopic(full, count, 1)])).topic_errors[0][1]:
            assert time.monotonic() < deadline, "its files are still being deleted"
            await asyncio.sleep(0.2)
        while not all(part["leader"] >= 0 for one in await admin.describe_topics([full]) for part in one["partitions"]):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


async def add_partitions(cluster: Cluster) -> None:
    names = [cluster.prefix + topic.name for topic in CATALOG.values() if topic.partitions is None]
    async with admin_of(cluster) as admin:
        await admin.create_partitions({name: NewPartitions(2 * PARTITIONS) for name in names})


@asynccontextmanager
async def open_transactions(cluster: Cluster, *topics: str) -> AsyncIterator[list[Any]]:
    """Somebody has written to each of these topics in a transaction that is not ended; yields the producers."""
    async with AsyncExitStack() as stack:
        producers = []
        for name in topics:
            options = {**client_options(cluster.settings()), "transactional_id": f"{cluster.prefix}importer-{name}"}
            producer: Any = await stack.enter_async_context(AIOKafkaProducer(**options))
            await producer.begin_transaction()
            await producer.send_and_wait(cluster.prefix + name, b"{", key=b"D|+12125550199", partition=0)
            producers.append(producer)
        yield producers


async def test_somebodys_open_transaction_holds_up_no_start_and_what_a_rule_wrote_behind_it_is_known_to_the_next_owner(
    cluster: Cluster,
) -> None:
    """On a Do Not Call list and on configuration topics. It is said where that stands; the row goes with its end."""
    held_back = ("dnc-entries", "campaigns", "contact-list-cleared")
    async with feeder(cluster) as feed, reader(cluster, ["placement-decided", "contact-state", "dnc-entries"]) as read:
        await configure(feed)
        async with open_transactions(cluster, *held_back) as producers:
            first = cluster.worker()
            await ready(first)
            assert "dnc" not in await reasons(feed, read, "before")
            await sent(feed, "wrap-up", wrap_up("no", "NO"))
            assert "dnc" in await reasons(feed, read, "known where it was written")
            first.kill()
            second = cluster.worker(store="memory")
            await ready(second)
            assert "dnc" in await reasons(feed, read, "known to the next owner")
            status = second.status() or {}
            assert status["held_back"].keys() == {cluster.prefix + name for name in held_back}
            assert status["acquiring"] == {} and read.records["dnc-entries"] == []
            for producer in producers:
                await producer.abort_transaction()
        await read.until(lambda: len(read.records["dnc-entries"]) == 1, SOON_S)
        rows = [record for record in read.records["contact-state"] if record.key.startswith(APPENDED_KEY)]
        assert [record.value is None for record in rows] == [False]

        def is_gone() -> bool:
            found = [record for record in read.records["contact-state"] if record.key.startswith(APPENDED_KEY)]
            return found[-1].value is None

        for number in range(10):  # A row goes with the next transaction of the partition, when it has been read back.
            assert "dnc" in await reasons(feed, read, f"known from the topic {number}")
            if is_gone():
                break
        assert is_gone()
        async with asyncio.timeout(SOON_S):
            while (second.status() or {})["held_back"]:  # As the next fetch of each topic tells.
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("name", ["contact-list-cleared"])
async def test_a_clear_on_a_topic_that_was_recreated_cancels_as_on_a_new_installation(
    cluster: Cluster, name: str
) -> None:
    async with feeder(cluster) as feed, reader(cluster, ["callback-lifecycle"]) as read:
        await configure(feed)
        for number in range(5):
            clear = ContactListCleared(event_id=f"z{number}", occurred_at=datetime.now(UTC), contact_list_id="M")
            await feed.send(name, clear)
        await sent(feed, "wrap-up", wrap_up("first", "CB"))
        worker = cluster.worker()
        await ready(worker)
        await read.until(lambda: len(read.records["callback-lifecycle"]) == 1, SOON_S)
        worker.stop()
        await make_anew(cluster, name)
        worker.start()
        await ready(worker)
        async with feeder(cluster) as anew:
            clear = ContactListCleared(event_id="z", occurred_at=datetime.now(UTC), contact_list_id=LIST)
            await sent(anew, name, clear)
        await read.until(lambda: len(read.records["callback-lifecycle"]) == 2, SOON_S)
        assert [one["transition"] for one in read.values("callback-lifecycle")] == ["scheduled", "cancelled"]
        assert f"topic {name} was recreated" in worker.log.read_text()


def promised(name: str, due_s: float) -> CallbackScheduled:
    """An agent's callback, of a contact of its own."""
    now = datetime.now(UTC)
    return CallbackScheduled(
        event_id=f"e-{name}", occurred_at=now, callback_id=name, source=Source.WIDGET, campaign_id="P",
        contact_list_id=LIST, contact_id=name, phone_number=NUMBER, due_at=now + timedelta(seconds=due_s),
    )  # fmt: skip


async def some_refused(feed: Feeder, name: str, times: str, count: int = 2) -> None:
    """Records of a topic, of which so many have to be told of, one way or the other."""
    if name == "campaign-recycle":
        for number in range(count + 1):  # All but the first come too soon.
            now = datetime.now(UTC)
            await feed.send(name, CampaignRecycle(event_id=f"y-{times}-{number}", occurred_at=now, campaign_id="Q"))
    else:
        if name == "contact-list-cleared":
            clear = ContactListCleared(event_id=f"z-{times}", occurred_at=datetime.now(UTC), contact_list_id="M")
            await feed.send(name, clear)
        # Under a key that is an id, a hold that cannot be read stops everything.
        padding = "x" * ID_LENGTH_MAX if name == TopicName.HOLDS else ""
        for number in range(count):
            await feed.send(name, b"{", key=f"{times}-{number}{padding}")
    await feed.flush()


def refused(read: Reader, name: str) -> list[object]:
    """What was told of the refused records of a topic, as often as it was."""
    headers = [dict(record.headers) for record in read.records["dead-letter"]]
    letters = [one for one in headers if one["__connect.errors.topic"].endswith(name.encode())]
    rejected = [one for one in read.values("callback-lifecycle") if one["transition"] == "rejected"]
    return [*letters, *rejected]


_SOME = ("campaign-recycle", "contact-list-cleared")
_MADE_ANEW = [
    *(pytest.param(name, True, id=f"{name}-written at once") for name in _SOME),
    # Nothing tells a worker of a topic that stays empty but its own look, every 15 s.
    *(pytest.param(name, False, id=f"{name}-empty", marks=pytest.mark.long) for name in CONFIGURATION_TOPICS),
]


@pytest.mark.parametrize(("name", "at_once"), _MADE_ANEW)
async def test_a_worker_that_ends_since_a_topic_was_recreated_goes_on_when_it_is_started_again(
    cluster: Cluster, name: str, at_once: bool
) -> None:
    """It ends with one line and 1. What was promised goes out once, and so does what is to be told of either topic."""
    topics = ["dial-preview", "dead-letter", "callback-lifecycle"]
    async with feeder(cluster) as feed, reader(cluster, topics) as read:
        await configure(feed)
        await some_refused(feed, name, "before")
        for callback, due_s in (("k-before", 0.0), ("k-meanwhile", 4.0), ("k-later", 12.0 if at_once else 40.0)):
            await feed.send("callback-scheduled", promised(callback, due_s))
        await feed.flush()
        worker = cluster.worker()
        await ready(worker)
        await read.until(lambda: len(read.records["dial-preview"]) >= 1, SOON_S)
        await read.until(lambda: len(refused(read, name)) == 2, SOON_S)
        await make_anew(cluster, name)
        async with feeder(cluster) as anew:
            if at_once:
                await some_refused(anew, name, "after", 6)  # Beyond the offset up to which the worker has read.
            assert await asyncio.to_thread(worker.wait_ended, SOON_S) == 1
            said = [line for line in worker.log.read_text().splitlines() if "the worker ends" in line]
            assert len(said) == 1 and f"{name} was deleted and recreated" in said[0] and "Traceback" not in said[0]
            if not at_once:
                await some_refused(anew, name, "after", 6)
            await configure(anew)
            await sent(anew, "callback-scheduled", promised("k-after", 0.0))
        worker.start()
        await ready(worker)
        await read.until(lambda: len(read.records["dial-preview"]) == 4, 2 * SOON_S)
        await read.until(lambda: len(refused(read, name)) >= 8, SOON_S)
        await read.settle(1.0)
        called = [one["callback_id"] for one in read.values("dial-preview")]
        assert sorted(called) == ["k-after", "k-before", "k-later", "k-meanwhile"]
        assert len(refused(read, name)) == 8
        steps = [record.value for record in read.records["callback-lifecycle"]]
        assert len(steps) == len(set(steps)), "no step was told twice"
        assert worker.exit_code is None


async def test_a_contact_topic_that_is_recreated_is_read_from_its_beginning(cluster: Cluster) -> None:
    """Under a worker, which ends and is started again until the topic is there."""
    async with feeder(cluster) as feed, reader(cluster, ["callback-lifecycle"]) as read:
        await configure(feed)
        worker = cluster.worker()
        await ready(worker)
        for number in range(5):
            await feed.send("wrap-up", wrap_up(f"before-{number}", "CB"))
        await feed.flush()
        await read.until(lambda: len(read.records["callback-lifecycle"]) == 5, SOON_S)
        await make_anew(cluster, "wrap-up")
        async with feeder(cluster) as anew:
            for number in range(3):
                await anew.send("wrap-up", wrap_up(f"after-{number}", "CB"))
            await anew.flush()
        await read.until(lambda: len(read.records["callback-lifecycle"]) == 8, 2 * SOON_S, cluster.revive)
        assert {one["transition"] for one in read.values("callback-lifecycle")} == {"scheduled"}


async def test_partitions_that_were_added_while_nobody_looked_keep_every_worker_from_deciding_anything(
    cluster: Cluster,
) -> None:
    """Also those that hold none of the rows that are out of place."""
    async with feeder(cluster) as feed, reader(cluster, ["callback-lifecycle"]) as read:
        await configure(feed)
        workers = [cluster.worker(), cluster.worker()]
        for worker in workers:
            await ready(worker)
        for number in range(20):
            await feed.send("wrap-up", wrap_up(f"{number}", "CB", f"c{number}"))
        await feed.flush()
        await read.until(lambda: len(read.records["callback-lifecycle"]) == 20, SOON_S)
        for worker in workers:
            worker.stop()
        await add_partitions(cluster)
        await feed.send("wrap-up", wrap_up("more", "CB", "c1"))
        for worker in workers:
            worker.start()
        for worker in workers:
            assert await asyncio.to_thread(worker.wait_ended, SOON_S) == 1
            said = worker.last_words(1)
            assert "the worker ends: the contact topics of prefix" in said and "partitions were added" in said
        await read.settle(1.0)
        assert len(read.records["callback-lifecycle"]) == 20, "nothing was decided"


async def keep_looking(watch: TopicWatch) -> None:
    """Look until that raises something: while no broker answers, nothing is seen."""
    async with asyncio.timeout(SOON_S):
        while True:
            await watch.look()
            await asyncio.sleep(0.1)


async def test_topics_that_change_under_a_worker_are_noticed_by_their_ids_and_partitions(cluster: Cluster) -> None:
    watch = TopicWatch(Clients(cluster.settings()), SystemClock(), cluster.prefix)
    ids = await watch.begin()
    assert len(set(ids.values())) == len(ids) == len(CONFIGURATION_TOPICS)
    await watch.look()
    await make_anew(cluster, "campaign-recycle")
    with pytest.raises(TopicRecreated, match="campaign-recycle was deleted and recreated"):
        await keep_looking(watch)
    again = TopicWatch(Clients(cluster.settings()), SystemClock(), cluster.prefix)
    assert {name for name, one in (await again.begin()).items() if one != ids[name]} == {"campaign-recycle"}
    await add_partitions(cluster)
    with pytest.raises(PartitionsAdded, match="had 4: partitions were added"):
        await keep_looking(again)


async def test_the_topic_of_the_console_may_change_under_a_worker(cluster: Cluster) -> None:
    await asyncio.to_thread(topic_admin.create, Clients(cluster.settings()), PARTITIONS, 1, CATALOG)
    watch, name = (
        TopicWatch(Clients(cluster.settings()), SystemClock(), cluster.prefix),
        f"{cluster.prefix}console-audit",
    )
    await watch.begin()
    async with admin_of(cluster) as admin:
        await admin.create_partitions({name: NewPartitions(2)})
        while len((await admin.describe_topics([name]))[0]["partitions"]) != 2:
            await asyncio.sleep(0.1)
    for _ in range(5):
        await watch.look()
        await asyncio.sleep(0.1)


@pytest.fixture
def staging(cluster: Cluster) -> Iterator[Cluster]:
    """Another installation on the same Kafka, with the same app."""
    folder = cluster.folder / "staging"
    folder.mkdir()
    with Cluster(cluster.broker, f"{cluster.prefix}staging.", folder) as made:
        yield made


async def test_of_two_installations_with_one_app_the_second_does_not_start_and_the_first_goes_on(
    cluster: Cluster, staging: Cluster
) -> None:
    app = f"{cluster.prefix}shared"
    async with feeder(cluster) as feed, reader(cluster, ["placement-decided"]) as read:
        await configure(feed)
        first = cluster.worker(app=app)
        await ready(first)
        second = staging.worker(app=app)
        assert await asyncio.to_thread(second.wait_ended, SOON_S) == 1
        said = second.last_words(1)
        assert f"the consumer group '{app}' is that of an installation with the prefix '{cluster.prefix}'" in said
        assert await reasons(feed, read, "still there") == [] and first.exit_code is None
        first.stop()
        second.start()
        assert await asyncio.to_thread(second.wait_ended, SOON_S) == 1, "it is the first one's while that is down"
        first.start()
        await ready(first)
        assert await reasons(feed, read, "again") == []


def test_a_transaction_timeout_that_the_broker_does_not_allow_is_a_wrong_setting(prefix: str, tmp_path: Path) -> None:
    with (
        EmbeddedKafka(more={"transaction.max.timeout.ms": "30000"}) as kafka,
        Cluster(kafka.bootstrap, prefix, tmp_path) as cluster,
    ):
        worker = cluster.worker(transaction_timeout_s=60)
        assert worker.wait_ended(SOON_S) == 2
        said = worker.last_words(1)
        assert "setting transaction_timeout_s (RINGBACK_TRANSACTION_TIMEOUT_S)" in said
        assert "transaction.max.timeout.ms" in said and "traceback" not in said


async def test_the_lag_of_a_topic_that_ends_in_markers_of_transactions_becomes_0(cluster: Cluster) -> None:
    """Events come in transactions of others, and the last of them is given up."""
    async with feeder(cluster) as feed:
        await configure(feed)
        worker = cluster.worker()
        await ready(worker)
        producer: Any = AIOKafkaProducer(**client_options(cluster.settings()), transactional_id=f"{cluster.prefix}crm")
        async with producer:
            importing = Feeder(cluster, producer)
            async with producer.transaction():
                for number in range(20):
                    await importing.send("wrap-up", wrap_up(f"m{number}", "OTHER", f"c{number}"))
            await producer.begin_transaction()
            await importing.send("wrap-up", wrap_up("given-up", "CB"))
            await producer.abort_transaction()
        admin: Any = AIOKafkaAdminClient(**client_options(cluster.settings()))
        await admin.start()
        try:
            async with asyncio.timeout(SOON_S):
                while await lags(cluster, admin) != [0] * 4 * PARTITIONS:  # Those on which nothing has come, too.
                    await asyncio.sleep(0.2)
        finally:
            await admin.close()


async def lags(cluster: Cluster, admin: Any) -> list[int]:
    """Of each partition of a contact topic for which the group has an offset: how far it is behind the log's end."""
    committed = await admin.list_consumer_group_offsets(cluster.settings().app)
    consumer: Any = AIOKafkaConsumer(**client_options(cluster.settings()), auto_offset_reset="earliest")
    async with consumer:
        ends = await consumer.end_offsets(list(committed))
    return [ends[tp] - told.offset for tp, told in committed.items()]
