"""What is waited for while partitions are acquired, who goes on meanwhile, and what is refused with one line."""

import asyncio
import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import InvalidTransactionTimeout

from streams.engine import engines as engines_module
from streams.engine.clock import SystemClock
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.engines import Engines
from streams.engine.moved_keys import KeysMoved
from streams.engine.partition import Partition
from streams.engine.partition_engine import PartitionEngine
from streams.engine.refusals import PartitionsAdded, TopicMadeAnew, refusal_of
from streams.engine.store import MemoryStore
from streams.engine.topic_watch import LATELY_S, TopicWatch
from streams.errors import OperatorError
from streams.installations import _subscription, foreign
from streams.logic.own_rows import appended_key, encode_appended
from streams.settings import make
from streams.topic_ids import Told
from topics.catalog import CATALOG, CONFIGURATION_TOPICS
from topics.configuration import DncEntry

TOPIC = "ringback.wrap-up"
SOON_S = 30.0


class Stage:
    """Engines whose reader and engines do what a test says: `held_up` are partitions that are not acquired yet."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broken: list[BaseException] = []
        self.released: list[int] = []
        self.held_up = asyncio.Event()
        self.caught_up: list[int] = []
        self.engines = Engines(make(store="memory"), [TOPIC], 2, SystemClock(), lambda _, why: self.broken.append(why))
        for where, name, value in (
            (self.engines._reader, "start", self._nothing),
            (self.engines._reader, "caught_up", self._caught_up),
            (self.engines._new, "rows_fit", self._nothing),
            (self.engines._new, "make", self._make),
            (self.engines._ends, "of", self._nothing),
        ):
            monkeypatch.setattr(where, name, value)

    async def _nothing(self, *_: object) -> dict[str, int]:
        return {}

    async def _caught_up(self, core: Partition, say: Callable[[str], None]) -> None:
        self.caught_up.append(core.number)

    async def _make(self, number: int, say: Callable[[str], None]) -> PartitionEngine:
        say("its state")
        if number == 1:
            await self.held_up.wait()
        core = Partition(number, 2, self.engines._reader.configuration, {})
        engine = PartitionEngine(make(), core, MemoryStore(), SystemClock(), lambda _, why: self.broken.append(why))
        await engine._transactions.stop()
        engine._transactions = Silent()  # type: ignore[assignment]
        return engine

    async def release(self, number: int, begin: Any) -> None:
        begin({TOPIC: 0})
        self.released.append(number)

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(SOON_S):
            while not done():
                await asyncio.sleep(0.001)


class Silent:
    """Takes every unit."""

    async def stop(self) -> None: ...

    def check(self) -> None: ...

    async def commit(self, unit: object) -> None: ...


async def test_a_partition_that_is_kept_goes_on_while_another_one_is_acquired(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch)
    await stage.engines.assign([0], 1, stage.release)
    await stage.until(lambda: stage.released == [0])
    await stage.engines.suspend()
    await stage.engines.assign([0, 1], 2, stage.release)
    await stage.until(lambda: stage.released == [0, 0])
    held = stage.engines.status()["partitions"]
    assert isinstance(held, dict) and held["0"]["ready"] and stage.engines.acquiring
    assert stage.caught_up == [0], "once: it knows what it has read"
    waits = stage.engines.status()["acquiring"]
    assert isinstance(waits, dict) and waits.keys() == {"partition 1"} and waits["partition 1"]["for"] == "its state"
    assert stage.engines.not_ready() == "partitions are being acquired; partition 1 waits for its state"
    stage.held_up.set()
    await stage.until(lambda: not stage.engines.acquiring)
    assert stage.engines.status()["acquiring"] == {} and stage.caught_up == [0, 1]
    await stage.engines.close()
    assert stage.broken == []


async def test_a_partition_that_is_kept_goes_on_while_another_one_is_still_being_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage, closed = Stage(monkeypatch), asyncio.Event()
    stage.held_up.set()
    await stage.engines.assign([0, 1], 1, stage.release)
    await stage.until(lambda: sorted(stage.released) == [0, 1])
    await stage.engines.suspend()
    monkeypatch.setattr(stage.engines._held[1]._transactions, "stop", closed.wait)
    stage.released.clear()
    await stage.engines.assign([0], 2, stage.release)
    await stage.until(lambda: stage.released == [0])
    assert stage.engines.acquiring, "the other one is not closed yet"
    closed.set()
    await stage.until(lambda: not stage.engines.acquiring)
    await stage.engines.close()
    assert stage.broken == []


class Ends:
    """How far a topic goes."""

    def __init__(self, end: int) -> None:
        self.end = end

    async def span(self, topic: str) -> tuple[int, int]:
        return 0, self.end

    async def close(self) -> None: ...


async def test_a_new_owner_reads_what_is_committed_before_it_begins_and_what_it_took_over_holds_to_the_end_of_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The former owner had read up to 5 at most; with what is not decided yet the topic goes to 9."""
    reader = ConfigurationReader(make(store="memory"), SystemClock(), lambda: None, lambda _, why: None)
    monkeypatch.setattr(reader, "_ends", Ends(5))
    monkeypatch.setattr(reader, "_written_ends", Ends(9))
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


async def test_what_is_waited_for_is_told_in_the_log_again_and_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(engines_module, "TOLD_EVERY_S", 0.01)
    caplog.set_level(logging.INFO, "streams")
    stage = Stage(monkeypatch)
    stage.engines._reader.held_back.on("ringback.dnc-entries", "the end of a transaction")
    await stage.engines.assign([1], 1, stage.release)
    for who in ("partition 1 has waited for", "ringback.dnc-entries has waited for"):
        await stage.until(lambda who=who: caplog.text.count(who) > 1)  # type: ignore[misc]
    await stage.engines.close()


async def test_a_partition_that_was_added_while_the_worker_runs_ends_it_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage(monkeypatch)
    stage.held_up.set()
    await stage.engines.assign([0, 5], 1, stage.release)
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


def topics() -> dict[str, Told]:
    return {f"ringback.{name}": Told(f"id-{name}", topic.partition_count(4)) for name, topic in CATALOG.items()}


async def watched(monkeypatch: pytest.MonkeyPatch, told: dict[str, Told]) -> None:
    """A look at topics that were as `topics` says, and are as `told` says now."""
    answers = [topics(), told]

    async def told_of(*_: object) -> dict[str, Told]:
        return answers.pop(0)

    monkeypatch.setattr("streams.engine.topic_watch.told_of", told_of)
    watch = TopicWatch(make())
    assert (await watch.begin()).keys() == set(CONFIGURATION_TOPICS)
    await watch.look()


@pytest.mark.parametrize("name", CONFIGURATION_TOPICS)
async def test_a_configuration_topic_that_is_made_anew_under_a_worker_ends_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(TopicMadeAnew, match=rf"topic ringback\.{name} was deleted and made anew"):
        await watched(monkeypatch, topics() | {f"ringback.{name}": Told("another", 1)})


@pytest.mark.parametrize("name", [name for name in CATALOG if name not in CONFIGURATION_TOPICS])
async def test_partitions_that_are_added_under_a_worker_end_it(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(PartitionsAdded, match=rf"ringback\.{name} had 4"):
        await watched(monkeypatch, topics() | {f"ringback.{name}": Told(f"id-{name}", 8)})


@pytest.mark.parametrize("gone", [[], ["ringback.campaigns"], list(topics())])
async def test_a_topic_that_is_gone_or_of_which_nothing_is_told_ends_no_worker(
    monkeypatch: pytest.MonkeyPatch, gone: list[str]
) -> None:
    await watched(monkeypatch, {name: told for name, told in topics().items() if name not in gone})


async def test_before_records_are_taken_in_the_topics_are_looked_at_once_a_second_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who cannot be told asks again with the next records; a broker that tells no ids is not asked."""
    asked, now, told = [0], [100.0], [topics()]

    async def told_of(*_: object) -> dict[str, Told]:
        asked[0] += 1
        if not told:
            raise OperatorError("no broker")
        return told[-1]

    monkeypatch.setattr("streams.engine.topic_watch.told_of", told_of)
    monkeypatch.setattr("streams.engine.topic_watch.time", SimpleNamespace(monotonic=lambda: now[0]))
    watch = TopicWatch(make())
    await watch.look_lately()
    assert asked == [0]
    await watch.begin()
    for seconds, more in ((0.0, 1), (0.5, 0), (0.6, 1), (0.9, 0), (0.2, 1)):
        now[0] += seconds
        before = asked[0]
        await watch.look_lately()
        assert asked[0] - before == more
    told.clear()
    now[0] += 2 * LATELY_S
    for _ in range(2):
        before = asked[0]
        await watch.look_lately()
        assert asked[0] - before == 1
    told.append(topics() | {"ringback.campaigns": Told("another", 1)})
    with pytest.raises(TopicMadeAnew):
        await watch.look_lately()


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
        (b"", []),  # While the group is sharing out.
        (b"\x00\x01junk", []),
        (b"\x00\x00\x00\x00\x00\x01\x00\x02\xff\xfe\x00\x00\x00\x00", []),
    ],
)
def test_the_topics_of_a_member_are_those_that_it_subscribed_to_if_that_can_be_read(
    told: bytes, topics: list[str]
) -> None:
    assert _subscription(("member", "client", "host", told, b"")) == topics
