"""The configuration is read without keeping the loop from others, and what nobody kept is read again."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from aiokafka import TopicPartition

from streams.engine import configuration_intake, recall
from streams.engine.batch import arrived
from streams.engine.clock import SystemClock
from streams.engine.configuration_intake import AT_ONCE_BYTES
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.partition import Arrived, Outcome, Partition
from streams.engine.recall import Recall
from streams.logic.configuration import Configuration
from streams.logic.prepared import Prepared, prepare
from streams.logic.reports import PORTION_MAX
from streams.settings import make
from tests.builders import recycle, rule, rule_set
from tests.edge import lone
from tests.edge.lone import NOW


@dataclass
class Record(lone.Record):
    """Written on the day of `NOW`, since a recycle is held against when it was written."""

    timestamp: int = 1_795_446_000_000


def configuration(changed: list[int]) -> ConfigurationReader:
    def broken(where: str, error: BaseException) -> None:
        raise AssertionError(where) from error

    return ConfigurationReader(make(), SystemClock(), lambda: changed.append(1), broken)


def large(rules: int) -> bytes:
    conditions = [{"type": "wrap_up_code", "codes": ["A", "B"], "inverted": True}]
    return orjson.dumps(rule_set(*(rule(f"r{n}", order=n, conditions=conditions) for n in range(rules))))


async def turns_during(work: Any) -> int:
    """How often another task has its turn while something is done."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(other())
    await work
    task.cancel()
    return turns


async def test_a_large_record_is_made_ready_elsewhere_while_the_loop_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ready only when the loop has said so."""
    going_on, threads = threading.Event(), []

    def prepared(record: Arrived) -> Prepared:
        threads.append(threading.current_thread())
        assert going_on.wait(30)
        return prepare(record)

    monkeypatch.setattr(configuration_intake, "prepare", prepared)
    changed: list[int] = []
    reader, tp = configuration(changed), TopicPartition("ringback.rule-sets", 0)
    value = large(2000)
    assert len(value) > AT_ONCE_BYTES
    taking = asyncio.create_task(reader._take(tp, [Record(tp.topic, 0, b"R", value)]))
    while not threads:
        await asyncio.sleep(0.001)
    assert reader.configuration.version == 0, "what was known before goes on to hold"
    going_on.set()
    await taking
    assert set(reader.configuration.rule_sets) == {"R"} and changed
    await reader._take(tp, [Record(tp.topic, 1, b"R", large(1))])
    assert threads[0] is not threading.main_thread() and threads[1] is threading.main_thread()


async def test_many_records_are_taken_in_slice_by_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when all of them are refused, and partitions hear of them meanwhile."""
    monkeypatch.setattr(configuration_intake, "SLICE_S", 0.0)
    for topic, count in (("ringback.rule-sets", 50), ("ringback.dnc-entries", 9000)):
        changed: list[int] = []
        reader, tp = configuration(changed), TopicPartition(topic, 0)
        records = [Record(topic, offset, b"house|+1%010d" % offset, b"{}") for offset in range(count)]
        turns = await turns_during(reader._take(tp, records))
        assert turns >= 3 and len(changed) >= 3
        assert len(list(reader.configuration.reports)) == min(count, PORTION_MAX)


class Topics:
    """What there is on the configuration topics, for readers in memory; how many are open, and what they have read."""

    def __init__(self, **records: list[Record]) -> None:
        self.records = {f"ringback.{name.replace('_', '-')}": of_one for name, of_one in records.items()}
        self.open = self.read = 0

    @asynccontextmanager
    async def reader(self, settings: Any, partitions: Iterable[TopicPartition]) -> AsyncIterator["Topic"]:
        (tp,) = partitions
        self.open += 1
        try:
            yield Topic(self, self.records[tp.topic])
        finally:
            self.open -= 1


class Topic:
    """A reader of one topic."""

    def __init__(self, topics: Topics, records: list[Record]) -> None:
        self.topics, self.records, self.at = topics, records, 0

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.at = offset

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]:
        found = [record for record in self.records if record.offset >= self.at][:max_records]
        await asyncio.sleep(0 if found else timeout_ms / 1000)
        self.topics.read += len(found)
        self.at = found[-1].offset + 1 if found else self.end
        return {TopicPartition("", 0): found} if found else {}

    @property
    def end(self) -> int:
        return self.records[-1].offset + 1 if self.records else 0

    async def position(self, tp: TopicPartition) -> int:
        return self.at

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {tp: self.end for tp in partitions}


async def said(topics: Topics, told: Configuration, until: int, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """What the owner of partition 0 says, with the help of a recall, up to so many records."""

    def broken(where: str, error: BaseException) -> None:
        raise AssertionError(where) from error

    monkeypatch.setattr(recall, "reader", topics.reader)
    monkeypatch.setattr(recall, "LOOK_S", 0)
    monkeypatch.setattr(recall, "POLL_MS", 1)
    again = Recall(make(), told, lambda: None, broken)
    owner, total = Partition(0, 1, told, {}), Outcome()
    owner.ready(NOW)
    async with asyncio.timeout(60):
        while len(total.records) < until:
            total.merge(owner.configure(NOW))
            again.look()
            await asyncio.sleep(0)
        while again._reading is not None and not again._reading.done():
            total.merge(owner.configure(NOW))
            await asyncio.sleep(0)
    await again.stop()
    assert topics.open == 0
    return total


def offsets(outcome: Outcome) -> list[int]:
    found = (dict(record.headers).get("__connect.errors.offset") for record in outcome.records)
    return [int(offset) for offset in found if offset is not None]


async def test_refused_records_that_were_not_kept_are_read_again_and_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    count, told = 4 * PORTION_MAX + 3, Configuration()
    records = [Record("", offset, b"house|+1%010d" % offset, b"{}") for offset in range(count)]
    for record in records:
        told.apply(arrived("dnc-entries", record), NOW)
    topics = Topics(dnc_entries=records)
    total = await said(topics, told, count, monkeypatch)
    assert offsets(total) == list(range(count)) and total.dead == {"invalid": count}
    assert topics.read < count + PORTION_MAX, "what is kept is not read again"


async def test_good_records_ahead_of_the_first_that_was_refused_are_not_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told, good, count = Configuration(), 5000, 2 * PORTION_MAX
    value = b'{"dnc_list_id":"house","phone_number":"+1%010d"}'
    key = b"house|+1%010d"
    records = [Record("", n, key % n, value % n if n < good else b"{}") for n in range(good + count)]
    for record in records:
        told.apply(arrived("dnc-entries", record), NOW)
    topics = Topics(dnc_entries=records)
    total = await said(topics, told, count, monkeypatch)
    assert offsets(total) == list(range(good, good + count)) and topics.read < count + PORTION_MAX


async def test_records_that_are_gone_meanwhile_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compacted topic keeps the last record of each key, which may be a good one."""
    count, told = 3 * PORTION_MAX, Configuration()
    records = [Record("", offset, b"R%d" % offset, b"{}") for offset in range(count)]
    for record in records:
        told.apply(arrived("rule-sets", record), NOW)
    left = [record for record in records if record.offset % 3 == 0 and record.offset < 2 * PORTION_MAX - 5]
    kept = range(2 * PORTION_MAX, count)
    total = await said(Topics(rule_sets=left), told, len(left) + len(kept), monkeypatch)
    assert offsets(total) == [*(record.offset for record in left), *kept]


async def test_a_recycle_that_came_too_soon_is_judged_by_all_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told, count = Configuration(), 3 * PORTION_MAX
    good = orjson.dumps(recycle("y0"))
    records = [Record("", 0, b"P", good)]
    records += [Record("", n, b"P", orjson.dumps(recycle(f"y{n}"))) for n in range(1, count)]
    for record in records:
        told.apply(arrived("campaign-recycle", record), NOW)
    total = await said(Topics(campaign_recycle=records), told, count - 1, monkeypatch)
    causes = [orjson.loads(record.value or b"")["cause"]["offset"] for record in total.records]
    assert causes == list(range(1, count)) and total.dead == {}


async def test_what_nobody_says_any_more_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    told, topics = Configuration(), Topics(dnc_entries=[])
    topics.records["ringback.dnc-entries"] = [
        Record("", offset, b"house|+1%010d" % offset, b"{}") for offset in range(2 * PORTION_MAX)
    ]
    for record in topics.records["ringback.dnc-entries"]:
        told.apply(arrived("dnc-entries", record), NOW)
    monkeypatch.setattr(recall, "reader", topics.reader)
    monkeypatch.setattr(recall, "LOOK_S", 0)
    monkeypatch.setattr(recall, "LOOKS_MAX", 3)
    Partition(0, 1, told, {}).configure(NOW)
    again = Recall(make(), told, lambda: None, lambda *_: None)
    again.look()
    assert again._reading is not None
    await asyncio.wait_for(again._reading, 60)
    assert topics.open == 0 and not told.reports.wanted and not told.reports.is_recalled("dnc-entries")
