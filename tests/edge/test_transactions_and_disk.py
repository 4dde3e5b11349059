"""What a transaction changes is on disk when Kafka has it, with its offset, and never before."""

from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from aiokafka import TopicPartition

from streams.engine.batch import Batch, SourceRecord
from streams.engine.deciding import TRANSACTION_BYTES_MAX
from streams.logic.configuration.configuration import Configuration
from streams.logic.partition.partition import META_KEY, Partition
from streams.storage.disk_store import DiskStore
from streams.storage.local_copy import Source, UnusableState
from streams.storage.store import REFRESH
from tests.builders import scheduled
from tests.edge.kafka_in_memory import MemoryKafka
from tests.edge.single_engine import NOW, PREFIX, TOPICS, Broker, ManualClock, Record, Refused, begun, engine_of
from tests.waiting import until

LATER = "2026-12-20T15:00:00Z"
HERE = Source("cluster-1", "ringback.contact-state", 0, 0, 1000)


def store(folder: Path) -> DiskStore:
    return DiskStore(folder / "contacts-0", HERE)


def on_disk(folder: Path) -> tuple[dict[bytes, bytes], int | None]:
    """Rows and offset as a restart finds them."""
    found = store(folder)
    try:
        return dict(found.rows.items()), found.next_offset
    finally:
        found.close()


async def test_a_committed_transaction_is_on_disk_with_the_offset_that_the_broker_gave_it(tmp_path: Path) -> None:
    broker = Broker()
    async with begun(broker, store(tmp_path)) as single:
        for name in ("k1", "k2"):
            await single.send("callback-scheduled", [scheduled(name, contact_id=name)])
            await single.idle()
    assert len(broker.transactions) == 2 and set(broker.rows()) == {META_KEY, b"L|k1", b"L|k2"}
    assert on_disk(tmp_path) == (broker.rows(), broker.end - 1)


async def test_a_transaction_that_the_broker_refuses_ends_the_worker_and_leaves_nothing_on_disk(tmp_path: Path) -> None:
    broker = Broker(refuses=2)
    async with begun(broker, store(tmp_path)) as single:
        await single.send("callback-scheduled", [scheduled("k1", contact_id="c1", due_at=LATER)])
        await single.idle()
        await single.send("callback-scheduled", [scheduled("k2", contact_id="c2", due_at=LATER)])
        await until(lambda: single.broken)
        assert isinstance(single.broken[0], Refused)
        assert set(single.engine.core.table) == {META_KEY, b"L|c1", b"L|c2"}, "it had been decided"
    assert on_disk(tmp_path) == (broker.rows(), 2) and set(broker.rows()) == {META_KEY, b"L|c1"}


async def test_rows_whose_offset_the_broker_does_not_give_wait_for_the_next_transaction(tmp_path: Path) -> None:
    broker = Broker(knows=False)
    async with begun(broker, store(tmp_path)) as single:
        await single.send("callback-scheduled", [scheduled("k1", contact_id="c1", due_at=LATER)])
        await single.idle()
        await single.set_clock(NOW + 2 * REFRESH)
        assert len(broker.transactions) == 1, "and nobody says that all is well meanwhile"
    assert on_disk(tmp_path) == ({}, None), "a restart reads them from the changelog"
    async with begun(broker, store(tmp_path)) as single:
        await single.send("callback-scheduled", [scheduled("k1", contact_id="c1", due_at=LATER)])
        await single.idle()
        broker.knows = True
        await single.send("callback-scheduled", [scheduled("k2", contact_id="c2", due_at=LATER)])
        await single.idle()
    assert on_disk(tmp_path) == (broker.rows(), broker.end - 1)
    assert set(broker.rows()) == {META_KEY, b"L|c1", b"L|c2"}


async def test_a_restore_is_as_old_as_its_beginning_however_long_it_takes(tmp_path: Path) -> None:
    """A process that slept in the middle of it may have missed removals that are gone when it goes on."""
    held, clock, kafka = store(tmp_path), ManualClock(), MemoryKafka()
    changelog = TopicPartition(f"{PREFIX}contact-state", 0)
    kafka.logs[changelog] += [Record(changelog.topic, at, b"L|c%d" % at, b'{"version":1}') for at in (0, 5)]
    kafka.ends[changelog], kafka.per_fetch = 7, 1

    def sleep() -> None:
        clock.at += timedelta(days=10)

    kafka.fetched = sleep
    engine = engine_of(Broker(), Partition(0, 1, Configuration(), held.rows), held, clock, kafka=kafka)
    await engine.acquire()
    assert kafka.read == 2 and clock.at >= NOW + timedelta(days=20)
    assert held.header is not None and (held.header.written_at, held.header.next_offset) == (NOW, 7)
    with pytest.raises(UnusableState):
        held.check(clock.now())
    await engine.close()


async def test_a_quiet_partition_commits_its_offsets_once_an_hour_and_then_says_that_its_state_is_fresh(
    tmp_path: Path,
) -> None:
    broker, held = Broker(), store(tmp_path)
    async with begun(broker, held) as single:
        await single.send("callback-scheduled", [scheduled(due_at=LATER)])
        await single.idle()
        for minutes in (30, 61, 100, 130):
            await single.set_clock(NOW + timedelta(minutes=minutes))
        assert held.header is not None and held.header.written_at == NOW + timedelta(minutes=130)
    _, *quiet = broker.transactions
    assert [(list(transaction.records), transaction.rows) for transaction in quiet] == [([], {})] * 2, (
        "at 61 and at 130 minutes"
    )
    assert {tp.topic: offset for tp, offset in quiet[0].offsets.items()} == {
        PREFIX + topic: int(topic == "callback-scheduled") for topic in TOPICS
    }


async def test_a_partition_that_somebody_else_has_is_not_said_to_be_fresh(tmp_path: Path) -> None:
    """A worker that slept: rows may have been removed by another one, and the removals be gone from the changelog."""
    broker, held = Broker(refuses=2), store(tmp_path)
    async with begun(broker, held) as single:
        await single.send("callback-scheduled", [scheduled(due_at=LATER)])
        await single.idle()
        single.clock.at = NOW + timedelta(days=10)
        single.engine.wake()
        await until(lambda: single.broken)
        assert held.header is not None and held.header.written_at == NOW
    assert {tp.topic for transaction in broker.transactions for tp in transaction.offsets} == {PREFIX + TOPICS[0]}


async def test_a_transaction_takes_no_more_bytes_than_its_dead_letters_may_have() -> None:
    broker = Broker()
    async with begun(broker) as single:
        values = [{"x": "y" * (TRANSACTION_BYTES_MAX // 3)} for _ in range(9)]
        name = f"{PREFIX}wrap-up"
        records: list[SourceRecord] = [Record(name, n, b"L|c", orjson.dumps(one)) for n, one in enumerate(values)]
        follows = single.engine.handed.note(name, records)
        await single.engine.work(Batch(name, 0, records, single.engine.epoch, follows))
        await single.idle()
    assert sum(transaction.offsets.get(TopicPartition(name, 0), 0) == 9 for transaction in broker.transactions) >= 1
    letters = [sum(len(one.value or b"") for one in transaction.records) for transaction in broker.transactions]
    assert len(letters) >= 3 and max(letters) <= 4 * TRANSACTION_BYTES_MAX // 3 + 1000
