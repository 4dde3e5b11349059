"""The configuration is read without keeping the loop from others, and what nobody kept is read again."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka import TopicPartition

from streams.engine.batch import arrived
from streams.engine.configuration_intake import AT_ONCE_BYTES
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.pace import PACE, Pace
from streams.engine.recall import Recall
from streams.kafka.source_ends import SourceEnds
from streams.logic.configuration.configuration import Configuration
from streams.logic.configuration.reports import PORTION_MAX
from streams.logic.partition.partition import Outcome, Partition
from tests.builders import recycle, rule, rule_set
from tests.edge import single_engine
from tests.edge.kafka_in_memory import MemoryKafka, around
from tests.edge.single_engine import NOW


@dataclass
class Record(single_engine.Record):
    """Written on the day of `NOW`, since a recycle is held against when it was written."""

    timestamp: int = 1_795_446_000_000


def configuration(changed: list[int], pace: Pace = PACE) -> ConfigurationReader:
    def broken(where: str, error: BaseException) -> None:
        raise AssertionError(where) from error

    kafka = MemoryKafka()
    ends = SourceEnds(kafka)
    return ConfigurationReader(around(kafka, pace=pace), "ringback.", ends, ends, lambda: changed.append(1), broken)


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


class Elsewhere(ThreadPoolExecutor):
    """The threads of a loop, which begin when `going_on` is set. asked: how often something was to run in one."""

    def __init__(self) -> None:
        super().__init__(1)
        self.going_on, self.asked = threading.Event(), 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.asked += 1

        def run() -> Any:
            assert self.going_on.wait(30)
            return fn(*args, **kwargs)

        return super().submit(run)


async def test_a_large_record_is_made_ready_elsewhere_while_the_loop_goes_on() -> None:
    """It is ready only when the loop has said so."""
    elsewhere, changed = Elsewhere(), list[int]()
    asyncio.get_running_loop().set_default_executor(elsewhere)
    reader, tp = configuration(changed), TopicPartition("ringback.rule-sets", 0)
    value = large(2000)
    assert len(value) > AT_ONCE_BYTES
    taking = asyncio.create_task(reader._take(tp, [Record(tp.topic, 0, b"R", value)]))
    while not elsewhere.asked:
        await asyncio.sleep(0.001)
    assert reader.configuration.version == 0, "what was known before goes on to hold"
    elsewhere.going_on.set()
    await taking
    assert set(reader.configuration.rule_sets) == {"R"} and changed
    await reader._take(tp, [Record(tp.topic, 1, b"R", large(1))])
    assert elsewhere.asked == 1 and set(reader.configuration.rule_sets) == {"R"}, "a small one was not worth a thread"


async def test_many_records_are_taken_in_slice_by_slice() -> None:
    """Also when all of them are refused, and partitions hear of them meanwhile."""
    for topic, count in (("ringback.rule-sets", 50), ("ringback.dnc-entries", 9000)):
        changed: list[int] = []
        reader, tp = configuration(changed, Pace(slice_s=0.0)), TopicPartition(topic, 0)
        records = [Record(topic, offset, b"house|+1%010d" % offset, b"{}") for offset in range(count)]
        turns = await turns_during(reader._take(tp, records))
        assert turns >= 3 and len(changed) >= 3
        assert len(list(reader.configuration.reports)) == min(count, PORTION_MAX)


class Topics(MemoryKafka):
    """What there is on the configuration topics."""

    def __init__(self, **records: list[Record]) -> None:
        super().__init__()
        for name, of_one in records.items():
            self.logs[TopicPartition(f"ringback.{name.replace('_', '-')}", 0)] += of_one


async def said(topics: Topics, told: Configuration, until: int) -> Outcome:
    """What the owner of partition 0 says, with the help of a recall, up to so many records."""

    def broken(where: str, error: BaseException) -> None:
        raise AssertionError(where) from error

    again = Recall(topics, "ringback.", Pace(recall_ms=1, said_look_s=0), told, lambda: None, broken)
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


async def test_refused_records_that_were_not_kept_are_read_again_and_said_once() -> None:
    count, told = 4 * PORTION_MAX + 3, Configuration()
    records = [Record("", offset, b"house|+1%010d" % offset, b"{}") for offset in range(count)]
    for record in records:
        told.apply(arrived("dnc-entries", record), NOW)
    topics = Topics(dnc_entries=records)
    total = await said(topics, told, count)
    assert offsets(total) == list(range(count)) and total.dead == {"invalid": count}
    assert topics.read < count + PORTION_MAX, "what is kept is not read again"


async def test_good_records_ahead_of_the_first_that_was_refused_are_not_read_again() -> None:
    told, good, count = Configuration(), 5000, 2 * PORTION_MAX
    value = b'{"dnc_list_id":"house","phone_number":"+1%010d"}'
    key = b"house|+1%010d"
    records = [Record("", n, key % n, value % n if n < good else b"{}") for n in range(good + count)]
    for record in records:
        told.apply(arrived("dnc-entries", record), NOW)
    topics = Topics(dnc_entries=records)
    total = await said(topics, told, count)
    assert offsets(total) == list(range(good, good + count)) and topics.read < count + PORTION_MAX


async def test_records_that_are_gone_meanwhile_are_passed_over() -> None:
    """A compacted topic keeps the last record of each key, which may be a good one."""
    count, told = 3 * PORTION_MAX, Configuration()
    records = [Record("", offset, b"R%d" % offset, b"{}") for offset in range(count)]
    for record in records:
        told.apply(arrived("rule-sets", record), NOW)
    left = [record for record in records if record.offset % 3 == 0 and record.offset < 2 * PORTION_MAX - 5]
    kept = range(2 * PORTION_MAX, count)
    total = await said(Topics(rule_sets=left), told, len(left) + len(kept))
    assert offsets(total) == [*(record.offset for record in left), *kept]


async def test_a_recycle_that_came_too_soon_is_judged_by_all_before_it() -> None:
    told, count = Configuration(), 3 * PORTION_MAX
    good = orjson.dumps(recycle("y0"))
    records = [Record("", 0, b"P", good)]
    records += [Record("", n, b"P", orjson.dumps(recycle(f"y{n}"))) for n in range(1, count)]
    for record in records:
        told.apply(arrived("campaign-recycle", record), NOW)
    total = await said(Topics(campaign_recycle=records), told, count - 1)
    causes = [orjson.loads(record.value or b"")["cause"]["offset"] for record in total.records]
    assert causes == list(range(1, count)) and total.dead == {}


async def test_what_nobody_says_any_more_is_dropped() -> None:
    records = [Record("", offset, b"house|+1%010d" % offset, b"{}") for offset in range(2 * PORTION_MAX)]
    told, topics = Configuration(), Topics(dnc_entries=records)
    for record in records:
        told.apply(arrived("dnc-entries", record), NOW)
    Partition(0, 1, told, {}).configure(NOW)
    again = Recall(topics, "ringback.", Pace(said_look_s=0, said_looks_max=3), told, lambda: None, lambda *_: None)
    again.look()
    assert again._reading is not None
    await asyncio.wait_for(again._reading, 60)
    assert topics.open == 0 and not told.reports.wanted and not told.reports.is_recalled("dnc-entries")
