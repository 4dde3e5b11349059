"""Epochs of leaders: what is noted of them with an offset, where they come from, and when a leader is asked."""

import asyncio
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import NotLeaderForPartitionError
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from streams.base.clock import SystemClock
from streams.base.settings import make
from streams.engine import topic_watch
from streams.engine.engines import Engines
from streams.engine.leader_epochs import LeaderEpochs
from streams.engine.topic_watch import TopicWatch
from streams.kafka.fetched import Batches, PartitionRecords, leader_epoch_of
from streams.kafka.source_ends import SourceEnds
from streams.kafka.topic_ids import TopicMetadata
from streams.library_internals.aiokafka import records
from tests.edge.kafka_in_memory import MemoryKafka, around
from tests.edge.test_acquiring import topics
from tests.edge.test_where_to_begin import LeaderSays, broken, engine_of
from tests.waiting import until

TOPIC = "ringback.wrap-up"
IDS = {TOPIC: "af0d"}


def known(note: str, ids: dict[str, str] = IDS) -> int | None:
    """What is known of the topic after `note` was found with its committed offset."""
    epochs = LeaderEpochs()
    epochs.open({TOPIC: note}, ids)
    return epochs.of(TOPIC)


def noted(epoch: int, ids: dict[str, str] = IDS) -> str:
    epochs = LeaderEpochs()
    epochs.open({}, ids)
    epochs.read(TOPIC, epoch)
    return epochs.notes[TOPIC]


@pytest.mark.parametrize("ids", [IDS, {}], ids=["with topic ids", "a broker without them"])
def test_what_is_noted_with_an_offset_is_known_to_whoever_reads_on_from_it(ids: dict[str, str]) -> None:
    assert known(noted(7, ids), ids) == 7
    assert known(noted(0, ids), ids) == 0


def test_a_note_about_another_topic_of_that_name_says_nothing() -> None:
    """A mirror copies offsets with what was noted with them to another cluster, where epochs are other ones."""
    assert known(noted(7), {TOPIC: "337a"}) is None
    assert known(noted(7), {}) is None


FOREIGN = [
    "", "by hand", "7", "[]", "null", "{", '{"leader_epoch":7}', '{"topic_id":"af0d"}',
    '{"leader_epoch":"7","topic_id":"af0d"}', '{"leader_epoch":-1,"topic_id":"af0d"}',
    '{"leader_epoch":null,"topic_id":"af0d"}',
]  # fmt: skip


@pytest.mark.parametrize("note", FOREIGN, ids=range(len(FOREIGN)))
def test_what_others_note_with_an_offset_says_nothing_and_stops_nobody(note: str) -> None:
    assert known(note) is None


def test_the_latest_epoch_is_noted_also_when_older_records_come_again() -> None:
    epochs = LeaderEpochs()
    epochs.open({TOPIC: noted(4)}, IDS)
    epochs.read(TOPIC, 6)
    epochs.read(TOPIC, 5)
    epochs.open({TOPIC: noted(4)}, IDS)
    assert epochs.of(TOPIC) == 6 and known(epochs.notes[TOPIC]) == 6
    assert not epochs.is_new(TOPIC, 6) and epochs.is_new(TOPIC, 7)


def test_of_another_log_nothing_is_known() -> None:
    epochs = LeaderEpochs()
    epochs.open({TOPIC: noted(4)}, IDS)
    epochs.forget([TOPIC])
    assert epochs.of(TOPIC) is None and not epochs.notes and epochs.is_new(TOPIC, 0)


def batch(first: int, count: int, epoch: int) -> bytes:
    """As a broker stores it: it sets the first offset and the epoch."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 10**6)
    for offset in range(count):
        builder.append(offset, timestamp=1, key=None, value=b"{}", headers=[])
    made = bytearray(builder.build())
    made[0:8], made[12:16] = first.to_bytes(8, "big"), epoch.to_bytes(4, "big")
    return bytes(made)


def test_of_what_is_read_the_epoch_of_the_last_batch_is_known() -> None:
    tp = TopicPartition("ringback.leader-epochs", 3)
    assert leader_epoch_of(*tp) is None
    reading: Any = records.committed(PartitionRecords, tp, Batches(batch(5, 2, 4) + batch(7, 1, 9)), [], 5)
    assert [(record.offset, leader_epoch_of(*tp)) for record in reading.unpacked()] == [(5, 4), (6, 4), (7, 9)]


@pytest.fixture
async def reading():
    """Engines of which one has read up to offset 10 in epoch 4, and what its leaders say."""
    engines, says = Engines(make(), [TOPIC], 4, around(), broken), LeaderSays()
    engine = engine_of()
    engines.held.engines[0] = engine
    engines.handover._log_gaps._ends = cast(SourceEnds, says)
    engine.begin({TOPIC: 10}, {})
    engine.leader_epochs.open({TOPIC: noted(4)}, IDS)
    yield engines, engine, says
    engines.held.engines.pop(0)
    await engine.suspend()
    await engines.close()


async def test_a_leader_is_asked_once_about_each_epoch_that_is_new(reading) -> None:
    engines, engine, says = reading
    says.ends = [10]
    for leader_epoch in (None, 3, 4):
        assert not await engines.handover.compare({(TOPIC, 0): leader_epoch})
    assert says.asked == []
    for _ in range(2):
        assert not await engines.handover.compare({(TOPIC, 0): 6, (TOPIC, 1): 6})  # Somebody else has that.
    assert says.asked == [4] and engine.leader_epochs.of(TOPIC) == 6


async def test_where_no_epoch_is_known_the_first_that_is_seen_is_taken_and_nobody_asked(reading) -> None:
    engines, engine, says = reading
    engine.leader_epochs.forget([TOPIC])
    assert not await engines.handover.compare({(TOPIC, 0): 6})
    assert says.asked == [] and engine.leader_epochs.of(TOPIC) == 6


async def test_an_epoch_in_which_a_log_does_not_go_on_from_what_was_read_is_never_noted(reading) -> None:
    """Else whoever takes the partition over before it has begun again would take the log for the same one."""
    engines, engine, says = reading
    engine.active = False  # In a rebalance: it does not begin again in place.
    says.ends = [NotLeaderForPartitionError(), 9]
    assert await engines.handover.compare({(TOPIC, 0): 6}) == {(TOPIC, 0)}
    assert known(engine.leader_epochs.notes[TOPIC]) == 4
    assert not await engines.handover.compare({(TOPIC, 0): 6})
    assert known(engine.leader_epochs.notes[TOPIC]) == 4
    assert engines.handover._log_gaps.went_back(0) == {TOPIC}


async def test_an_answer_that_comes_after_the_partition_has_begun_again_counts_for_nothing(reading) -> None:
    engines, engine, says = reading

    async def later(topic: str, number: int, leader_epoch: int) -> int:
        engine.epoch += 1
        return 0

    says.end_of_epoch = later
    assert await engines.handover.compare({(TOPIC, 0): 6}) == {(TOPIC, 0)}
    assert engine.leader_epochs.of(TOPIC) == 4 and not engines.handover._log_gaps.went_back(0)


async def test_who_leads_the_contact_topics_is_looked_at_though_nothing_is_read(reading, monkeypatch) -> None:
    """A log that was replaced and has just as many records gives a consumer nothing to notice."""
    engines, engine, says = reading
    says.ends = [3]
    kafka = MemoryKafka()
    monkeypatch.setattr(topic_watch, "LOOKED_EVERY_S", 0.01)
    engine.active = False
    kafka.topic_ids = {name: TopicMetadata(*told[:2], {0: 5, 1: 2}) for name, told in topics().items()}
    watch = TopicWatch(kafka, SystemClock(), "ringback.")
    await watch.begin()
    watching = asyncio.create_task(watch.watch(broken, engines._led))
    await until(lambda: engines.handover._log_gaps.went_back(0))
    watching.cancel()
    assert says.asked[0] == 4 and engine.leader_epochs.notes.keys() == {TOPIC}
