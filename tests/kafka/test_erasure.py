"""`ringback erase` on a Kafka that compacts and deletes within seconds: what is left of a contact, and until when.

The worker is killed while the erasure is under way. What is claimed of topics is read from their logs.
"""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from msgspec import structs

from streams.base.clock import SystemClock
from streams.console.view.model import Filter
from streams.console.view.reader import Reader as ViewReader
from streams.console.view.view import View
from streams.dev.broker import EmbeddedKafka
from streams.kafka import topic_admin
from streams.kafka.clients import Clients, client_options
from tests.kafka.cluster import LIST, PARTITIONS, Cluster, Feeder, Reader, configured, feeder, reader
from tests.kafka.test_worker import scheduled
from topics.callback_events import CallbackScheduled
from topics.catalog import CATALOG
from topics.codec import contact_key
from topics.configuration import Campaign, CampaignStatus, DialingMode, DncEntry
from topics.events import ContactNumber, ContactRecord, PlacementOrigin, PlacementRequested, WrapUp
from topics.partitions import partition_for
from topics.topic import Cleanup, Scope, Topic

pytestmark = pytest.mark.kafka

CONTACT, NUMBER, NAME = "m-20418-erase-me", "+12125550142", "Maria Erasmus"
KEY = contact_key(LIST, CONTACT).encode()
BYTES = tuple(text.encode() for text in (CONTACT, NUMBER, NUMBER[1:], NAME))
PROGRESS = re.compile(r"[\w ]+:? [\d,]+(, [\d,]+ a second)?")
SOON_S = 90.0
LAG_MS, TOMBSTONES_MS, SEGMENT_MS, RETENTION_MS, LONG_MS = 1500, 1500, 1000, 8000, 3_600_000
FAST_BROKER = {
    "log.cleaner.backoff.ms": "200",
    "log.retention.check.interval.ms": "500",
    "log.segment.delete.delay.ms": "100",
}
NAMED = tuple(name for name, topic in CATALOG.items() if topic.scope is not Scope.CAMPAIGN)


def hasty(topic: Topic, *, deletes: bool = False) -> Topic:
    """The same topic, which cleans its log within seconds. deletes: and keeps records, and tombstones, for seconds."""
    extra = {name: text for name, text in topic.extra.items() if not name.startswith(("segment.", "min."))}
    extra |= {"segment.ms": str(SEGMENT_MS), "file.delete.delay.ms": "100"}
    if topic.cleanup is Cleanup.DELETE:
        return replace(topic, extra=extra, retention_ms=RETENTION_MS if deletes else LONG_MS)
    extra |= {"max.compaction.lag.ms": str(LAG_MS), "min.cleanable.dirty.ratio": "0.01"}
    # Of its state, a worker that starts wants tombstones to last.
    return replace(topic, extra=extra | ({"delete.retention.ms": str(TOMBSTONES_MS)} if deletes else {}))


@pytest.fixture(scope="module")
def hasty_kafka() -> Iterator[str]:
    with EmbeddedKafka(more=FAST_BROKER) as broker:
        yield broker.bootstrap


@pytest.fixture
def cluster(hasty_kafka: str, prefix: str, tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(hasty_kafka, prefix, tmp_path)
    catalog = {name: hasty(topic) if name in NAMED else topic for name, topic in CATALOG.items()}
    topic_admin.create(Clients(made.settings()), PARTITIONS, 1, catalog)
    with made:
        yield made


def ringback(cluster: Cluster, *arguments: str) -> "subprocess.Popen[str]":
    given = ["erase", "--list", LIST, *arguments, "--broker", cluster.broker, "--prefix", cluster.prefix]
    return subprocess.Popen(
        [sys.executable, "-m", "streams", *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Exit code and what was said, but how far it is: that is said on a slow machine alone."""
    out, err = process.communicate(timeout=SOON_S)
    told = [line for line in err.splitlines() if not PROGRESS.fullmatch(line)]
    return process.returncode, out, "\n".join(told)


def record(contact_id: str = CONTACT) -> ContactRecord:
    number = ContactNumber(column="home", type="HOME", phone_number=NUMBER, callable=True)
    return ContactRecord(
        contact_list_id=LIST, contact_id=contact_id, callable=True, attributes={"name": NAME}, numbers=(number,)
    )


def wrap_up(event_id: str, occurred_at: datetime, campaign_id: str = "P", **more: Any) -> WrapUp:
    return WrapUp(
        event_id=event_id, occurred_at=occurred_at, conversation_id=f"v-{event_id}", campaign_id=campaign_id,
        contact_list_id=LIST, contact_id=CONTACT, phone_number=NUMBER, wrap_up_code="DONE", **more,
    )  # fmt: skip


def promised(callback_id: str, due_at: datetime, now: datetime) -> CallbackScheduled:
    return structs.replace(scheduled(callback_id, CONTACT, due_at, now), phone_number=NUMBER, notes=f"call {NAME}")


def request(request_id: str, contact_id: str = CONTACT) -> PlacementRequested:
    return PlacementRequested(
        event_id=f"e-{request_id}", request_id=request_id, occurred_at=datetime.now(UTC),
        origin=PlacementOrigin.CAMPAIGN, campaign_id="P", contact_list_id=LIST, contact_id=contact_id,
        phone_number=NUMBER,
    )  # fmt: skip


async def fill(feed: Feeder, now: datetime) -> None:
    """A contact with all that one can have: a record, attempts, callbacks, answers, a dead letter."""
    campaign = Campaign(
        campaign_id="P", dialing_mode=DialingMode.POWER, status=CampaignStatus.ON, contact_list_id=LIST,
        dnc_list_ids=("D",),
    )  # fmt: skip
    await feed.send("campaigns", campaign)
    await feed.send("dnc-entries", DncEntry(dnc_list_id="D", phone_number=NUMBER))
    await feed.send("contacts", record())
    await feed.flush()


async def live(feed: Feeder, now: datetime) -> None:
    """Events about it: one callback falls due at once, one tomorrow."""
    await feed.send("wrap-up", wrap_up("w1", now))
    await feed.send("wrap-up", wrap_up("w2", now, campaign_id="unknown"))
    await feed.send("callback-scheduled", promised("k1", now + timedelta(seconds=1), now))
    await feed.send("callback-scheduled", promised("k2", now + timedelta(days=1), now))
    await feed.send("placement-requested", request("q1"))
    await feed.flush()


@asynccontextmanager
async def traffic(feed: Feeder) -> AsyncIterator[None]:
    """Records of others in every partition, without which a broker closes no segment."""

    async def go_on() -> None:
        for number in range(10_000):
            names = [f"other-{number}-{one}" for one in range(4 * PARTITIONS)]
            for name in names:
                await feed.send("contacts", record(name).__class__(contact_list_id=LIST, contact_id=name))
                event = scheduled(f"o-{name}", name, datetime.now(UTC) + timedelta(days=1))
                await feed.send("callback-scheduled", event)
            await feed.flush()
            await asyncio.sleep(0.5)

    running = asyncio.create_task(go_on())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def with_it(cluster: Cluster, names: tuple[str, ...]) -> set[str]:
    """The topics in whose logs, read from their beginning and uncommitted records too, the contact's bytes stand."""
    partition = partition_for(KEY, PARTITIONS)
    places = [
        TopicPartition(cluster.prefix + name, one)
        for name in names
        for one in (range(PARTITIONS) if name == "dead-letter" else [0 if CATALOG[name].partitions else partition])
    ]
    found: set[str] = set()
    options: dict[str, Any] = {**client_options(cluster.settings()), "auto_offset_reset": "earliest"}
    consumer = AIOKafkaConsumer(**options, isolation_level="read_uncommitted")
    consumer.assign(places)
    await consumer.start()
    try:
        ends = await consumer.end_offsets(places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for place, records in (await consumer.getmany(timeout_ms=200)).items():
                for one in records:
                    said = b"\0".join((one.key or b"", one.value or b"", *(value for _, value in one.headers)))
                    if any(text in said for text in BYTES):
                        found.add(place.topic.removeprefix(cluster.prefix))
    finally:
        await consumer.stop()
    return found


async def let_go(cluster: Cluster) -> None:
    """Have every topic that names contacts keep records, and tombstones, for seconds from now on."""
    admin = AIOKafkaAdminClient(**client_options(cluster.settings()))
    await admin.start()
    try:
        for name in NAMED:
            configs = hasty(CATALOG[name], deletes=True).config()
            await admin.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, cluster.prefix + name, configs=configs)]
            )
    finally:
        await admin.close()


async def gone_from(cluster: Cluster, names: tuple[str, ...]) -> dict[str, datetime]:
    """When each topic was first seen without the contact."""
    gone: dict[str, datetime] = {}
    async with asyncio.timeout(SOON_S):
        while left := tuple(name for name in names if name not in gone):
            still = await with_it(cluster, left)
            gone |= {name: datetime.now(UTC) for name in left if name not in still}
            await asyncio.sleep(0.3)
    return gone


async def seen(cluster: Cluster, folder: Path) -> View:
    await ViewReader(cluster.settings(), folder).catch_up()
    return View(folder)


def shown(view: View) -> dict[str, Any]:
    """All that a console would show of the contact."""
    now = SystemClock().now()
    value, rows = view.contact(LIST, CONTACT)
    found = {
        "record": value,
        "callbacks": [row.callback_id for row in rows],
        "found": [row.callback_id for text in (CONTACT, NUMBER[-4:]) for row in view.find(Filter(text=text), now).rows
                  if row.contact_id == CONTACT],
        "told": [one.topic for one in view.contact_told(LIST, CONTACT)],
        "state": view.state_row(LIST, CONTACT),
        "letters": [one.number for one in view.dead_letters() if CONTACT in str(one.value)],
    }  # fmt: skip
    view.close()
    return found


def cancels(read: Reader) -> list[tuple[str, list[str]]]:
    return [
        (one["callback_id"], one["reasons"])
        for one in read.values("callback-lifecycle")
        if one["transition"] == "cancelled" and one["contact_id"] == CONTACT
    ]


async def at_the_end(read: Reader) -> None:
    """Read what there is by now, though others go on."""
    ends = await read.consumer.end_offsets(read.consumer.assignment())
    while any([await read.consumer.position(place) < end for place, end in ends.items()]):
        await read.poll()


async def test_an_erased_contact_is_gone_from_state_views_console_and_logs_when_it_was_said(cluster: Cluster) -> None:
    """Killed in between, the worker does it once; Do Not Call entries stay, and still block the number."""
    now, folder = datetime.now(UTC), cluster.folder / "console"
    async with (
        feeder(cluster) as feed,
        reader(cluster, ["dial-preview", "callback-lifecycle", "placement-decided", "dead-letter"]) as read,
    ):
        await fill(feed, now)
        worker = cluster.worker()
        worker.wait_ready()
        await configured(cluster)
        await live(feed, now)
        await read.until(lambda: len(read.records["dial-preview"]) == 1, SOON_S)
        await read.until(lambda: len(read.records["dead-letter"]) == 1, SOON_S)
        await read.until(lambda: len(read.records["placement-decided"]) == 1, SOON_S)
        before = shown(await seen(cluster, folder))
        assert before["record"] and before["found"] and before["told"] and before["state"] and before["letters"]
        assert sorted(before["callbacks"]) == ["k1", "k2"]

        code, out, err = ended(ringback(cluster, "--contact", CONTACT, "--dry-run", "--format", "json"))
        plan = json.loads(out)
        assert (code, err, plan["outstanding"], plan["dnc_entries_that_stay"]) == (0, "", 2, {"D": 1})
        assert {one["topic"] for one in plan["topics"]} >= {"wrap-up", "dead-letter", "contact-state", "dial-preview"}
        assert cancels(read) == []

        worker.kill()
        erasing = ringback(cluster, "--contact", CONTACT, "--yes", "--format", "json", "--by", "dpo-2")
        async with reader(cluster, ["console-audit"]) as audit:
            await audit.until(lambda: len(audit.records["console-audit"]) == 2, SOON_S)
            assert [one["action"] for one in audit.values("console-audit")] == ["erase"] * 2
            assert CONTACT not in str(audit.values("console-audit"))
        worker.start()
        worker.kill()
        worker.start()
        async with traffic(feed):
            code, out, err = await asyncio.to_thread(ended, erasing)
            result = json.loads(out)
            assert (code, err, result["erased"], result["left"]) == (0, "", 1, [])
            await at_the_end(read)
            assert sorted(cancels(read)) == [("k1", ["erased"]), ("k2", ["erased"])]

            after = shown(await seen(cluster, folder))
            assert not any(after.values()), after
            fresh = shown(await seen(cluster, cluster.folder / "fresh"))
            assert not any(fresh.values()), fresh
            for file in [*folder.glob("*.sqlite"), *(cluster.folder / "fresh").glob("*.sqlite")]:
                assert not any(text in file.read_bytes() for text in (CONTACT.encode(), NAME.encode())), file

            await let_go(cluster)
            again = datetime.now(UTC)
            code, out, err = await asyncio.to_thread(
                ended, ringback(cluster, "--contact", CONTACT, "--yes", "--format", "json")
            )
            result = json.loads(out)
            assert (code, err, result["erased"], result["outstanding"]) == (0, "", 1, 0)
            assert result["never_forget"] == []
            told = {one["topic"]: datetime.fromisoformat(one["forgotten_at"]) for one in result["topics"]}
            assert max(told.values()) == datetime.fromisoformat(result["last_forgotten_at"])
            gone = await gone_from(cluster, NAMED)
            assert {name: at for name, at in gone.items() if name in told and at > told[name]} == {}
            assert gone["callback-scheduled"] - again > timedelta(milliseconds=RETENTION_MS)
            await at_the_end(read)
            assert len(cancels(read)) == 2

            await feed.send("contacts", record("another"))
            await feed.flush()
            await feed.send("placement-requested", request("q2", "another"))
            await read.until(
                lambda: [one["request_id"] for one in read.values("placement-decided")][-1:] == ["q2"], SOON_S
            )
            assert read.values("placement-decided")[-1]["reasons"] == ["dnc"]
            assert await with_it(cluster, ("dnc-entries",)) == {"dnc-entries"}


async def test_without_a_worker_it_is_asked_for_and_not_said_to_be_done_and_it_may_be_run_again(
    cluster: Cluster,
) -> None:
    async with feeder(cluster) as feed:
        await fill(feed, datetime.now(UTC))
        code, out, err = ended(ringback(cluster, "--contact", CONTACT, "--yes", "--wait", "2"))
        assert (code, err) == (5, "") and "erased 0 of 1" in out and "no worker has answered yet" in out
        worker = cluster.worker()
        worker.wait_ready()
        code, out, err = ended(ringback(cluster, "--contact", CONTACT, "--yes", "--quick"))
        assert (code, err) == (0, "") and "erased 1 of 1" in out and "has forgotten at" in out
        code, out, err = ended(ringback(cluster, "--contact", "nobody", "--yes"))
        assert code == 3 and "no topic has anything of contact L|nobody" in err
