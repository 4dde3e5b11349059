"""What is waited for while partitions are acquired, who goes on meanwhile, and what is refused with one line."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka import TopicPartition
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import InvalidTransactionTimeout

from streams.base import metrics
from streams.base.clock import SystemClock
from streams.base.errors import OperatorError
from streams.base.settings import make
from streams.engine.assignment import PausedPartition
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.engines import Engines
from streams.engine.pace import PACE, Pace
from streams.engine.refusals import PartitionsAdded, TopicRecreated, refusal_of
from streams.engine.topic_watch import LATELY_S, TopicWatch
from streams.kafka.installations import _subscription, foreign
from streams.kafka.source_ends import SourceEnds
from streams.kafka.topic_ids import TopicMetadata
from streams.logic.partition.moved_keys import KeysMoved
from streams.logic.partition.own_rows import appended_key, encode_appended
from streams.logic.partition.partition import Partition
from tests.edge.kafka_in_memory import MemoryKafka, around, from_start, stays
from tests.waiting import until
from topics.catalog import CATALOG, CONFIGURATION_TOPICS, NEEDED_TOPICS
from topics.configuration import DncEntry

TOPIC = "ringback.wrap-up"
DNC = TopicPartition("ringback.dnc-entries", 0)
SOON_S = 90.0


class Stage:
    """Engines on a Kafka in memory; partition 1 is not acquired before `held_up` is set."""

    def __init__(self, pace: Pace = PACE) -> None:
        self.broken: list[BaseException] = []
        self.released: list[int] = []
        self.held_up = asyncio.Event()
        self.kafka = MemoryKafka()
        self.kafka.waits["start ringback-1"] = self.held_up
        self.engines = Engines(
            make(store="memory"), [TOPIC], 2, around(self.kafka, pace=pace), lambda _, why: self.broken.append(why)
        )

    @asynccontextmanager
    async def resume(self, number: int) -> AsyncIterator[PausedPartition]:
        yield from_start(TOPIC)
        self.released.append(number)

    def caught_up(self) -> int:
        """How many partitions have asked how far Do Not Call entries go; the reader asks once at its start."""
        return self.kafka.asked[DNC,] - 1

    async def acquired(self) -> None:
        await until(lambda: not self.engines.acquiring)


async def test_a_partition_that_is_kept_goes_on_while_another_one_is_acquired() -> None:
    stage = Stage()
    await stage.engines.assign([0], 1, stage.resume, stays)
    await until(lambda: stage.released == [0])
    await stage.engines.suspend()
    await stage.engines.assign([0, 1], 2, stage.resume, stays)
    await until(lambda: stage.released == [0, 0])
    held = stage.engines.status.page()["partitions"]
    assert isinstance(held, dict) and held["0"]["ready"] and stage.engines.acquiring
    assert stage.caught_up() == 1, "once: it knows what it has read"
    waits, what = stage.engines.status.page()["acquiring"], "its transactional id, by which the former owner is fenced"
    assert isinstance(waits, dict) and waits.keys() == {"partition 1"} and waits["partition 1"]["for"] == what
    assert [(one.who, one.what) for one in stage.engines.status.obstacles()] == [("partition 1", what)]
    stage.held_up.set()
    await until(lambda: not stage.engines.acquiring)
    assert stage.engines.status.page()["acquiring"] == {} and stage.caught_up() == 2
    await stage.engines.close()
    assert stage.broken == [] and stage.kafka.open == 0


def shown_wait(partition: int) -> float | None:
    return metrics.REGISTRY.get_sample_value("ringback_acquisition_wait_seconds", {"partition": str(partition)})


async def test_a_partition_shows_how_long_it_waits_before_it_has_an_engine_and_nothing_once_it_is_taken_away() -> None:
    stage = Stage()
    gauges = stage.engines.gauges(lambda *_: None)
    await stage.engines.assign([0, 1], 1, stage.resume, stays)
    await until(lambda: stage.released == [0])
    gauges.show()
    assert 1 not in stage.engines.held.engines and shown_wait(0) == 0
    assert shown_wait(1) is not None and shown_wait(1) != 0
    await stage.engines.suspend()
    await stage.engines.assign([0], 2, stage.resume, stays)
    await until(lambda: not stage.engines.acquiring)
    gauges.show()
    assert shown_wait(0) == 0 and shown_wait(1) is None
    await stage.engines.close()
    gauges.show()
    assert stage.broken == [] and shown_wait(0) is None


async def test_a_partition_that_is_kept_goes_on_while_another_one_is_still_being_given_up() -> None:
    stage, closed = Stage(), asyncio.Event()
    stage.held_up.set()
    await stage.engines.assign([0, 1], 1, stage.resume, stays)
    await until(lambda: sorted(stage.released) == [0, 1])
    await stage.engines.suspend()
    stage.kafka.waits["stop ringback-1"] = closed
    stage.released.clear()
    await stage.engines.assign([0], 2, stage.resume, stays)
    await until(lambda: stage.released == [0])
    assert stage.engines.acquiring, "the other one is not closed yet"
    closed.set()
    await until(lambda: not stage.engines.acquiring)
    await stage.engines.close()
    assert stage.broken == []


async def test_a_rebalance_at_whatever_step_of_an_acquisition_ends_no_worker() -> None:
    """What a step waited for may be there in the same turn of the loop in which the acquisition is cancelled."""
    steps, begun = 0, False
    while not begun:
        stage = Stage()
        stage.held_up.set()
        await stage.engines.assign([0, 1], 1, stage.resume, stays)
        for _ in range(steps):
            await asyncio.sleep(0)
        begun = sorted(stage.released) == [0, 1]
        await stage.engines.suspend()
        await stage.engines.assign([0, 1], 2, stage.resume, stays)
        await stage.acquired()
        await stage.engines.close()
        assert stage.broken == [], f"after {steps} turns"
        steps += 1
    assert steps > 3


async def test_no_partition_begins_before_zones_and_numbering_plans_have_been_read() -> None:
    kafka, begun, tables = MemoryKafka(), asyncio.Event(), asyncio.get_running_loop().create_future()
    broken: list[BaseException] = []
    engines = Engines(
        make(store="memory"), [TOPIC], 1, replace(around(kafka), tables=tables), lambda _, why: broken.append(why)
    )

    @asynccontextmanager
    async def resume(number: int) -> AsyncIterator[PausedPartition]:
        yield from_start(TOPIC)
        begun.set()

    await engines.assign([0], 1, resume, stays)
    await asyncio.sleep(0.05)
    assert not begun.is_set() and engines.acquiring
    tables.set_result(None)
    async with asyncio.timeout(SOON_S):
        await begun.wait()
    await engines.close()
    assert broken == []


async def test_a_new_owner_reads_what_is_committed_before_it_begins_and_what_it_took_over_holds_to_that_end() -> None:
    """The former owner had read up to 5 at most; with what is not decided yet the topic goes to 9."""
    kafka = MemoryKafka()
    kafka.stable[DNC], kafka.ends[DNC] = 5, 9
    ends, written_ends = SourceEnds(kafka), SourceEnds(kafka, committed=False)
    reader = ConfigurationReader(around(kafka), "ringback.", ends, written_ends, lambda: None, lambda _, why: None)
    entry, said = DncEntry(dnc_list_id="D", phone_number="+12125550101"), list[str]()
    core = Partition(0, 1, reader.configuration, {appended_key(entry): encode_appended(entry)})
    core.ready(SystemClock().now())
    reader._dnc_position = 4
    waiting = asyncio.create_task(reader.caught_up(core, said.append))
    await asyncio.sleep(0.01)
    assert not waiting.done() and said == ["ringback.dnc-entries to be read up to offset 5"]
    reader._dnc_position = 5
    reader._moved.set()
    await waiting
    lists = reader.configuration.dnc
    for position, holds in ((8, True), (9, False)):
        lists.appended.read_to(position)
        assert (lists.find("D", "+12125550101") is not None) is holds
    await reader.stop()


async def test_what_is_waited_for_is_told_in_the_log_again_and_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "streams")
    stage = Stage(Pace(told_every_s=0.01))
    stage.kafka.stable[DNC], stage.kafka.ends[DNC] = 5, 9
    await stage.engines.assign([1], 1, stage.resume, stays)
    for who in ("partition 1 has waited for", "ringback.dnc-entries has waited for"):
        await until(lambda who=who: caplog.text.count(who) > 1)  # type: ignore[misc]
    await stage.engines.close()


async def test_a_partition_that_was_added_while_the_worker_runs_ends_it_with_the_reason() -> None:
    stage = Stage()
    stage.held_up.set()
    await stage.engines.assign([0, 5], 1, stage.resume, stays)
    await stage.engines.close()
    assert isinstance(stage.broken[0], PartitionsAdded) and "have 6 partitions now" in str(stage.broken[0])


def test_what_somebody_else_has_to_cure_is_told_apart_wherever_it_comes_from() -> None:
    settings = make(transaction_timeout_s=60)
    bug = ValueError("ours")
    group = BaseExceptionGroup("acquiring", [bug, ExceptionGroup("deeper", [InvalidTransactionTimeout()])])
    refusal = refusal_of(group, settings)
    assert isinstance(refusal, OperatorError) and refusal.exit_code == 2
    assert str(refusal).startswith("setting transaction_timeout_s (RINGBACK_TRANSACTION_TIMEOUT_S)")
    assert "transaction.max.timeout.ms" in str(refusal) and "\n" not in str(refusal)
    moved = refusal_of(KeysMoved(2, 8), settings)
    assert isinstance(moved, PartitionsAdded) and moved.exit_code == 1
    assert "partition 2 of ringback.contact-state" in str(moved) and "\n" not in str(moved)
    assert refusal_of(bug, settings) is bug
    alone = ExceptionGroup("acquiring", [bug])
    assert refusal_of(alone, settings) is alone


def topics() -> dict[str, TopicMetadata]:
    return {
        f"ringback.{name}": TopicMetadata(f"id-{name}", topic.partition_count(4)) for name, topic in CATALOG.items()
    }


async def watched(told: dict[str, TopicMetadata]) -> None:
    """A look at topics that were as `topics` says, and are as `told` says now."""
    kafka = MemoryKafka()
    kafka.topic_ids = topics()
    watch = TopicWatch(kafka, SystemClock(), "ringback.")
    assert (await watch.begin()).keys() == set(CONFIGURATION_TOPICS)
    kafka.topic_ids = told
    await watch.look()


@pytest.mark.parametrize("name", CONFIGURATION_TOPICS)
async def test_a_configuration_topic_that_is_recreated_under_a_worker_ends_it(name: str) -> None:
    with pytest.raises(TopicRecreated, match=rf"topic ringback\.{name} was deleted and recreated"):
        await watched(topics() | {f"ringback.{name}": TopicMetadata("another", 1)})


@pytest.mark.parametrize("name", [name for name in NEEDED_TOPICS if name not in CONFIGURATION_TOPICS])
async def test_partitions_that_are_added_under_a_worker_end_it(name: str) -> None:
    with pytest.raises(PartitionsAdded, match=rf"ringback\.{name} had 4"):
        await watched(topics() | {f"ringback.{name}": TopicMetadata(f"id-{name}", 8)})


@pytest.mark.parametrize("gone", [[], ["ringback.campaigns"], list(topics())])
async def test_a_topic_that_is_gone_or_of_which_nothing_is_told_ends_no_worker(gone: list[str]) -> None:
    await watched({name: told for name, told in topics().items() if name not in gone})


async def test_before_records_are_taken_in_the_topics_are_looked_at_once_a_second_at_most() -> None:
    """Who cannot be told asks again with the next records; a broker that tells no ids is not asked."""
    kafka, clock = MemoryKafka(), Passing()
    kafka.topic_ids = topics()
    watch = TopicWatch(kafka, clock, "ringback.")
    await watch.look_lately()
    assert kafka.questions == 0
    await watch.begin()
    for seconds, more in ((0.0, 1), (0.5, 0), (0.6, 1), (0.9, 0), (0.2, 1)):
        clock.seconds += seconds
        before = kafka.questions
        await watch.look_lately()
        assert kafka.questions - before == more
    kafka.is_away = True
    clock.seconds += 2 * LATELY_S
    for _ in range(2):
        before = kafka.questions
        await watch.look_lately()
        assert kafka.questions - before == 1
    kafka.is_away, kafka.topic_ids = False, topics() | {"ringback.campaigns": TopicMetadata("another", 1)}
    with pytest.raises(TopicRecreated):
        await watch.look_lately()


class Passing(SystemClock):
    """Its seconds pass when they are told to."""

    seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds


PROD, STAGING = ["prod.wrap-up", "prod.contacts"], ["staging.wrap-up", "staging.contacts"]


@pytest.mark.parametrize(
    ("committed", "read", "other"),
    [
        ([], [], None),
        (PROD, PROD, None),
        (PROD, [], None),
        (STAGING, [], "staging."),
        ([], STAGING, "staging."),
        (PROD + STAGING, [], None),
        (PROD + STAGING, PROD, None),
        (PROD + STAGING, STAGING, "staging."),
        (PROD, PROD + STAGING, "staging."),
        (["wrap-up"], [], ""),
        (["other.topic"], ["other.topic"], None),
    ],
)
def test_the_group_is_that_of_the_installation_that_has_been_there_first(
    committed: list[str], read: list[str], other: str | None
) -> None:
    """Where two have shared it before, it is theirs whose members are there."""
    assert foreign("prod.", committed, read) == other


@pytest.mark.parametrize(
    ("told", "topics"),
    [
        (ConsumerProtocolMemberMetadata(0, PROD, b"what Faust adds").encode(), PROD),
        (b"", []),  # During a rebalance.
        (b"\x00\x01junk", []),
        (b"\x00\x00\x00\x00\x00\x01\x00\x02\xff\xfe\x00\x00\x00\x00", []),
    ],
)
def test_the_topics_of_a_member_are_those_that_it_subscribed_to_if_that_can_be_read(
    told: bytes, topics: list[str]
) -> None:
    assert _subscription(("member", "client", "host", told, b"")) == topics
