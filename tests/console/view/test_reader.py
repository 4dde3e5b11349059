"""A reader on a real Kafka: killed and started again, on topics that were recreated, with logs that begin later."""

import asyncio
import subprocess
import sys
from collections.abc import Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.records_to_delete import RecordsToDelete

from streams.base.settings import Settings, make
from streams.console.view.memory import Line, fill
from streams.console.view.model import CallbackKey, CallbackRow, Filter
from streams.console.view.reader import Reader
from streams.console.view.view import View
from streams.kafka import topic_admin
from streams.kafka.clients import Clients
from tests.console.view.dumped import dump
from tests.console.view.world import BEGIN, World
from topics.names import TopicName

pytestmark = pytest.mark.kafka
KILLED_AT = (150, 400)


@pytest.fixture
def given(kafka, prefix) -> Settings:
    return make(broker=kafka.bootstrap, prefix=prefix)


@pytest.fixture(scope="module")
def world() -> World:
    return World(7, 250)


@asynccontextmanager
async def producing(given: Settings):
    producer = AIOKafkaProducer(bootstrap_servers=given.broker, transactional_id=f"{given.prefix}t")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def send(given: Settings, lines: Iterable[Line]) -> None:
    """Write lines as they stand, but for their offsets; each batch ends in the marker of its transaction."""
    rest = list(lines)
    async with producing(given) as producer:
        while rest:
            async with producer.transaction():
                for topic, number, _, timestamp_ms, key, value, headers in rest[:100]:
                    await producer.send(
                        given.topic(topic), value, key=key, partition=number, timestamp_ms=timestamp_ms,
                        headers=[(name, text or b"") for name, text in headers],
                    )  # fmt: skip
            rest = rest[100:]


async def create(given: Settings, partitions: int) -> None:
    await asyncio.to_thread(topic_admin.create, Clients(given), partitions, 1)


def read(view: View) -> int:
    return sum(one.position for one in view.readings())


def shown(view: View) -> dict[CallbackKey, CallbackRow]:
    """All callbacks, but for their digits: the lines' causes are other offsets than those in Kafka."""
    return {row.key: msgspec.structs.replace(row, last_four="") for row in view.each(Filter(), BEGIN)}


async def caught_up(given: Settings, folder: Path) -> list[tuple[int, int]]:
    said: list[tuple[int, int]] = []
    await Reader(given, folder).catch_up(lambda read, total: said.append((read, total)))
    return said


async def test_a_reader_that_is_killed_again_and_again_holds_what_one_holds_that_never_was(given, world, tmp_path):
    await create(given, world.partitions)
    await send(given, world.lines)
    folder = tmp_path / "killed"
    command = [sys.executable, "-m", "tests.console.view.following", given.broker, given.prefix, str(folder)]
    view = View(folder)
    for limit in KILLED_AT:
        process = subprocess.Popen(command)
        try:
            async with asyncio.timeout(60):
                while read(view) < limit:
                    await asyncio.sleep(0.002)
            assert process.poll() is None
        finally:
            process.kill()
            process.wait()
        assert limit <= read(view) < len(world.lines), "It had ended before it was killed."
    said = await caught_up(given, folder)
    assert view.is_caught_up()
    assert 0 < said[0][0] < said[-1][0] == said[-1][1], "It went on where it was."
    await caught_up(given, tmp_path / "whole")
    assert dump(folder) == dump(tmp_path / "whole")
    fill(tmp_path / "lines", world.lines, partitions=world.partitions)
    assert shown(view) == shown(View(tmp_path / "lines"))


async def test_what_is_written_while_it_follows_is_seen_and_what_is_aborted_is_not(given, tmp_path):
    await create(given, 2)
    view = View(tmp_path)
    following = asyncio.create_task(Reader(given, tmp_path).run())
    try:
        async with asyncio.timeout(60):
            while not view.is_caught_up():
                await asyncio.sleep(0.01)
            async with producing(given) as producer:
                await producer.begin_transaction()
                await producer.send(given.topic("campaigns"), b'{"campaign_id":"no"}', key=b"no")
                await producer.abort_transaction()
                async with producer.transaction():
                    await producer.send(given.topic("campaigns"), b'{"campaign_id":"yes"}', key=b"yes")
            while not view.campaigns():
                await asyncio.sleep(0.01)
            assert view.campaigns() == ("yes",)
            assert view.is_caught_up()
            # Somebody else who wants to know waits for the one that follows, and writes nothing.
            await caught_up(given, tmp_path)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def administer(given: Settings) -> AIOKafkaAdminClient:
    admin = AIOKafkaAdminClient(bootstrap_servers=given.broker)
    await admin.start()
    return admin


async def test_topics_that_were_recreated_are_read_from_their_beginning_and_the_former_ones_forgotten(
    given, world, tmp_path
):
    await create(given, 2)
    config = {"campaign_id": "Old"}
    await send(given, [("campaigns", 0, 0, 1000, b"Old", str(config).replace("'", '"').encode(), ())])
    await caught_up(given, tmp_path)
    view = View(tmp_path)
    assert view.campaigns() == ("Old",)
    admin = await administer(given)
    try:
        await admin.delete_topics([given.topic("campaigns")])
        async with asyncio.timeout(60):
            while given.topic("campaigns") in await topic_admin.topic_metadata(
                Clients(given), [given.topic("campaigns")]
            ):
                await asyncio.sleep(0.05)
        await admin.create_topics([NewTopic(given.topic("campaigns"), 1, 1)])
    finally:
        await admin.close()
    await create(given, 2)
    lines = [("campaigns", 0, n, 1000, b"New", b'{"campaign_id":"New"}', ()) for n in range(5)]
    await send(given, lines)
    await caught_up(given, tmp_path)
    assert view.campaigns() == ("New",)


async def delete_before(given: Settings, topic: str, offset: int) -> None:
    admin = await administer(given)
    try:
        await admin.delete_records({TopicPartition(given.topic(topic), 0): RecordsToDelete(before_offset=offset)})
    finally:
        await admin.close()


LIFECYCLE = (
    b'{"callback_id":"%s","transition":"%s","occurred_at":"2026-11-23T09:00:00Z","reasons":[],"facts":{},'
    b'"due_at":"2026-11-23T10:00:00Z","campaign_id":"P","contact_list_id":"L","contact_id":"c1","origin":"agent",'
    b'"cause":{}}'
)
OUTSTANDING = (
    b'{"contact_list_id":"L","contact_id":"c1","callbacks":[{"callback_id":"old","campaign_id":"P","origin":"agent",'
    b'"due_at":"2026-11-23T10:00:00Z","state":"scheduled"}]}'
)


async def test_what_a_log_let_go_of_is_gone_but_what_is_outstanding_is_shown_anyway(given, tmp_path):
    await create(given, 1)
    steps = ((b"gone", b"scheduled"), (b"old", b"scheduled"), (b"gone", b"cancelled"), (b"kept", b"scheduled"))
    lines: list[Line] = [
        (TopicName.CALLBACK_LIFECYCLE, 0, n, 1000, b"L|c1", LIFECYCLE % step, ()) for n, step in enumerate(steps)
    ]
    lines.append((TopicName.OUTSTANDING_CALLBACKS, 0, 0, 2000, b"L|c1", OUTSTANDING, ()))
    await send(given, lines)
    view = View(tmp_path)
    await caught_up(given, tmp_path)
    assert {row.callback_id for row in view.each(Filter(), BEGIN)} == {"gone", "old", "kept"}
    await delete_before(given, TopicName.CALLBACK_LIFECYCLE, 3)
    await caught_up(given, tmp_path)
    await caught_up(given, tmp_path / "fresh")
    for one in (view, View(tmp_path / "fresh")):
        shown = {row.callback_id: str(row.standing) for row in one.each(Filter(), BEGIN)}
        assert shown == {"old": "scheduled", "kept": "scheduled"}
        assert one.now(BEGIN).outstanding == 2


async def test_a_log_that_begins_after_what_was_read_is_noticed(given, tmp_path, caplog):
    await create(given, 1)
    await send(given, [(TopicName.CALLBACK_LIFECYCLE, 0, 0, 1000, b"L|c1", LIFECYCLE % (b"old", b"scheduled"), ())])
    await caught_up(given, tmp_path)
    more = [(b"old", b"cancelled"), (b"b", b"scheduled"), (b"c", b"scheduled")]
    await send(
        given,
        [(TopicName.CALLBACK_LIFECYCLE, 0, 0, 1000, b"L|c1", LIFECYCLE % step, ()) for step in more],
    )
    await delete_before(given, TopicName.CALLBACK_LIFECYCLE, 4)
    await caught_up(given, tmp_path)
    assert {row.callback_id for row in View(tmp_path).each(Filter(), BEGIN)} == {"c"}
    assert "read again from the beginning" in caplog.text
