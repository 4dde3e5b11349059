"""Where the topics of a partition are read on, and what a log that does not fit the offsets leads to."""

import asyncio
import logging
from collections.abc import Mapping
from typing import cast

import pytest
from aiokafka.errors import KafkaError, NotLeaderForPartitionError
from aiokafka.errors import TopicAuthorizationFailedError as NoRight

from streams.base import metrics
from streams.base.settings import make
from streams.engine.beginning import Beginning, LogGaps
from streams.engine.engines import Engines
from streams.engine.partition_engine import PartitionEngine
from streams.kafka.source_ends import SourceEnds, Span
from streams.logic.configuration.configuration import Configuration
from streams.logic.partition.partition import Partition
from tests.edge import single_engine
from tests.edge.kafka_in_memory import around
from tests.edge.test_inbox import Record

TOPIC, OTHER = "ringback.wrap-up", "ringback.contacts"


def broken(what: str, error: BaseException) -> None:
    raise AssertionError(what) from error


def engine_of(number: int = 0) -> PartitionEngine:
    return single_engine.engine_of(single_engine.Broker(), Partition(number, 4, Configuration(), {}))


def gaps(kind: str) -> float:
    return float(metrics.events.LOG_GAPS.labels("wrap-up", kind)._value.get())


def starts(
    committed: int, first: int, end: int, *, known: int = 0, went_back: bool = False, kept: int | None = None
) -> int:  # fmt: skip
    engine = engine_of()
    engine.inbox.next = {TOPIC: known} if known else {}
    spans, told = {TOPIC: Span(first, end)}, {} if kept is None else {TOPIC: kept}
    beginning = Beginning(engine, spans, "ringback.", {TOPIC} if went_back else (), kept=told)
    return beginning.starts({TOPIC: committed})[TOPIC]


async def test_a_log_that_goes_on_is_read_from_the_committed_offset() -> None:
    before = gaps("shorter"), gaps("records_deleted")
    assert starts(5, 0, 9) == 5
    assert starts(9, 0, 9) == 9  # All of it has been read.
    assert starts(9, 9, 9) == 9  # And deleted since.
    assert starts(0, 0, 0) == 0
    assert starts(0, 7, 9) == 7  # A new installation.
    assert (gaps("shorter"), gaps("records_deleted")) == before


async def test_a_log_that_ends_before_is_read_from_its_beginning_with_one_line_and_a_count(caplog) -> None:
    before = gaps("shorter")
    with caplog.at_level(logging.ERROR):
        assert starts(100, 3, 9) == 3
    assert gaps("shorter") == before + 1
    (line,) = [message for message in caplog.messages if "its log is shorter" in message]
    assert "offset 100 was reached, and is out of its range now, 3 to 9" in line


async def test_offsets_that_the_engine_has_reached_count_though_the_group_tells_older_ones() -> None:
    assert starts(4, 0, 5, known=9) == 0


async def test_a_log_that_is_known_to_have_gone_back_is_read_from_its_beginning_however_long_it_is_by_now() -> None:
    assert starts(10, 0, 300, went_back=True) == 0


async def test_another_log_is_read_from_its_beginning_though_it_goes_further_than_what_was_read(caplog) -> None:
    """The leader knows where what was read ends in its log; a log that goes on ends there or later."""
    with caplog.at_level(logging.ERROR):
        assert starts(3, 0, 3, kept=0) == 0
        assert starts(9, 4, 50, kept=7) == 4
    assert "offset 3 was reached, what was read of it ends at 0 now, and other records go on to 3. " in caplog.text
    assert "offset 9 was reached, what was read of it ends at 7 now, and other records go on to 50. " in caplog.text
    caplog.clear()
    assert starts(9, 4, 50, kept=9) == 9 and starts(9, 4, 50, kept=40) == 9
    assert not caplog.messages


async def test_records_that_were_deleted_before_they_were_read_are_told() -> None:
    before = gaps("records_deleted")
    assert starts(5, 7, 9) == 7
    assert gaps("records_deleted") == before + 1


async def test_an_engine_that_begins_at_another_log_takes_records_that_it_would_take_for_old() -> None:
    engine = engine_of()
    engine.inbox.open({TOPIC: 100})
    engine.inbox.open({TOPIC: 3}, {TOPIC})
    assert engine.inbox.next == {TOPIC: 3}
    engine.inbox.open({TOPIC: 2})
    assert engine.inbox.next == {TOPIC: 3}


class LeaderSays:
    """Answers where an epoch ended; raises what it is given instead. asked: which epochs."""

    def __init__(self) -> None:
        self.ends: list[int | KafkaError | None] = []
        self.asked: list[int] = []

    async def end_of_epoch(self, topic: str, number: int, leader_epoch: int) -> int | None:
        self.asked.append(leader_epoch)
        answer = self.ends.pop(0)
        if isinstance(answer, KafkaError):
            raise answer
        return answer


class Releases:
    """Begins an engine, as the consumer does."""

    def __init__(self, spans: Mapping[str, Span]) -> None:
        self.spans, self.begun = spans, 0
        self.ends = LeaderSays()
        self.log_gaps = LogGaps("ringback.", cast(SourceEnds, self.ends), self.begin, broken)

    async def begin(self, engine: PartitionEngine) -> None:
        went_back = self.log_gaps.went_back(engine.number)
        beginning = Beginning(engine, self.spans, "ringback.", went_back)
        await asyncio.sleep(0)
        beginning.begin(beginning.starts({topic: 10 for topic in self.spans}))
        self.begun += 1
        assert self.log_gaps.begun(engine.number, went_back)


@pytest.fixture
async def reading():
    """An engine that has read both topics up to offset 10, and what begins it again."""
    engine, releases = engine_of(), Releases({TOPIC: Span(0, 50), OTHER: Span(0, 10)})
    engine.begin({TOPIC: 10, OTHER: 10}, {})
    yield engine, releases
    await releases.log_gaps.stop()
    await engine.suspend()


async def test_a_partition_begins_again_when_the_log_of_a_topic_has_gone_back(reading) -> None:
    engine, releases = reading
    epoch = engine.epoch
    releases.log_gaps.found(engine, TOPIC, 0)
    assert releases.log_gaps.went_back(0) == {TOPIC}  # What is fetched meanwhile is left alone.
    async with asyncio.timeout(10):
        while not releases.begun:
            await asyncio.sleep(0.01)
    assert engine.inbox.next == {TOPIC: 0, OTHER: 10}
    assert engine.epoch > epoch and engine.active and not releases.log_gaps.went_back(0)


async def test_a_jump_ahead_is_told_and_the_partition_goes_on(reading) -> None:
    engine, releases = reading
    before = gaps("records_deleted")
    releases.log_gaps.found(engine, TOPIC, 30)
    await asyncio.sleep(0.01)
    assert gaps("records_deleted") == before + 1
    assert not releases.begun and not releases.log_gaps.went_back(0)


@pytest.mark.parametrize(("end", "goes_on"), [(10, True), (25, True), (None, True), (9, False), (0, False)])
async def test_a_new_leader_is_asked_how_much_its_log_has_of_what_was_read(
    end: int | None, goes_on: bool, reading
) -> None:
    """`None`: it cannot say, as before there were epochs."""
    engine, releases = reading
    releases.ends.ends = [end]
    engine.leader_epochs.read(TOPIC, 4)
    assert await releases.log_gaps.is_compared(engine, TOPIC, 6)
    assert releases.ends.asked == [4]
    assert releases.log_gaps.went_back(0) == (frozenset() if goes_on else {TOPIC})


async def test_a_new_leader_that_cannot_be_asked_yet_is_asked_again_and_any_other_error_is_raised(reading) -> None:
    engine, releases = reading
    releases.ends.ends = [NotLeaderForPartitionError(), NoRight()]
    engine.leader_epochs.read(TOPIC, 4)
    assert not await releases.log_gaps.is_compared(engine, TOPIC, 6)
    assert not releases.log_gaps.went_back(0)
    with pytest.raises(NoRight):
        await releases.log_gaps.is_compared(engine, TOPIC, 6)


async def test_a_log_that_goes_back_while_the_group_shares_out_is_known_when_the_partition_is_kept(reading) -> None:
    engine, releases = reading
    await engine.suspend()
    releases.log_gaps.found(engine, TOPIC, 0)
    await asyncio.sleep(0.01)
    assert not releases.begun and releases.log_gaps.went_back(0) == {TOPIC}
    releases.log_gaps.keep({0})
    assert releases.log_gaps.went_back(0) == {TOPIC}
    releases.log_gaps.keep({1})
    assert not releases.log_gaps.went_back(0)


async def test_what_is_read_of_a_log_that_went_back_is_not_handed_over_before_the_partition_has_begun_again() -> None:
    """By its offset it would be taken for what comes next."""
    engines = Engines(make(), [TOPIC], 4, around(), broken)
    engine = engine_of()
    engines.held.engines[0] = engine
    engine.begin({TOPIC: 10}, {})
    epoch = engines.handover.epochs([0])[0]
    try:
        assert engines.handover.batch(TOPIC, 0, [Record(10)], epoch) is not None
        engines.handover._log_gaps._went_back[0] = {TOPIC}
        assert engines.handover.batch(TOPIC, 0, [Record(11)], epoch) is None
    finally:
        engines.held.engines.pop(0)
        await engine.suspend()
        await engines.close()
