"""What the probes answer in every state of a worker, and what they name as waited for."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import orjson
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import ProducerFenced

from streams.base import metrics
from streams.base.clock import SystemClock
from streams.base.settings import make
from streams.engine.assignment import PausedPartition
from streams.engine.engines import Engines
from streams.engine.pace import Pace
from streams.engine.progress import STUCK_S
from streams.engine.waits import Obstacle
from streams.kafka import reconnecting
from streams.kafka.silence import SILENT_AFTER_S
from streams.worker.health import Answer, Health
from streams.worker.watches import BrokerWatch
from tests.builders import key_of, wrap_up
from tests.edge.kafka_in_memory import MemoryKafka, around, from_start, stays
from tests.edge.single_engine import Record
from tests.waiting import until

TOPIC = "ringback.wrap-up"
DNC = TopicPartition("ringback.dnc-entries", 0)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


class Passing(SystemClock):
    """Its seconds pass when they are told to."""

    seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds


class Worker:
    """Engines of two partitions on a Kafka in memory, and the probes over them."""

    def __init__(self) -> None:
        self.kafka, self.clock = MemoryKafka(), Passing()
        self.broken: list[BaseException] = []
        self.generation = 0
        self.engines = Engines(
            make(store="memory"), [TOPIC], 2, around(self.kafka, self.clock, pace=Pace(again_s=0)),
            lambda _, why: self.broken.append(why),
        )  # fmt: skip
        self.blocked: list[Obstacle] = []
        self.silent: list[Obstacle] = []
        sources = (lambda: self.blocked, lambda: self.silent, self.engines.status.obstacles)
        self.health = Health(lambda: self.blocked, sources, self.engines.status.waits)

    @asynccontextmanager
    async def resume(self, number: int) -> AsyncIterator[PausedPartition]:
        yield from_start(TOPIC)

    async def assign(self, *numbers: int) -> None:
        self.generation += 1
        await self.engines.assign(numbers, self.generation, self.resume, stays)

    async def assigned(self, *numbers: int) -> None:
        """And everything is acquired."""
        await self.assign(*numbers)
        await until(lambda: not self.engines.acquiring)

    async def idle(self) -> None:
        await until(lambda: not any(engine.busy for engine in self.engines.held.engines.values()))

    def hand_over(self, number: int, offset: int = 0) -> asyncio.Task[None]:
        """A wrap-up is fetched, and handed to its engine."""
        record = Record(TOPIC, offset, key_of(wrap_up()), orjson.dumps(wrap_up()), partition=number)
        batch = self.engines.handover.batch(TOPIC, number, [record], self.engines.handover.epochs([number])[number])
        assert batch is not None
        return asyncio.create_task(self.engines.held.work(batch))


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    one = Worker()
    yield one
    await one.engines.close()
    assert one.broken == []


def codes(health: Health) -> tuple[bool, bool, bool]:
    """Whether it lives, is ready, has started."""
    return health.live().ok, health.ready().ok, health.started().ok


def waits_for(answer: Answer) -> dict[str, str]:
    told: Any = answer.body["waits_for"]
    return {who: wait["for"] for who, wait in told.items()}


def reasons(answer: Answer) -> list[str]:
    told: Any = answer.body["reasons"]
    return list(told)


def test_before_the_group_has_answered_it_lives_and_has_not_started(worker: Worker) -> None:
    assert codes(worker.health) == (True, False, False)
    assert waits_for(worker.health.ready()) == {"worker": "the group to assign partitions"}
    assert worker.health.started().body == {**worker.health.ready().body, "status": "starting"}


async def test_while_a_partition_is_restored_the_worker_is_not_ready_and_names_it_and_what_it_waits_for(
    worker: Worker,
) -> None:
    held_up = worker.kafka.waits["start ringback-1"] = asyncio.Event()
    await worker.assign(0, 1)
    await until(lambda: waits_for(worker.health.ready()).keys() == {"partition 1"})
    what = "its transactional id, by which the former owner is fenced"
    assert codes(worker.health) == (True, False, False)
    assert waits_for(worker.health.ready()) == {"partition 1": what}
    (reason,) = reasons(worker.health.ready())
    assert reason.startswith(f"partition 1 waits for {what} (since 2")
    held_up.set()
    await until(lambda: not worker.engines.acquiring)
    assert codes(worker.health) == (True, True, True)
    assert worker.health.ready().body == {"status": "ready", "reasons": [], "waits_for": {}}


async def test_while_a_partition_catches_up_it_names_the_topic_and_the_offset_that_it_must_reach(
    worker: Worker,
) -> None:
    worker.kafka.ends[TopicPartition(TOPIC, 1)] = 7
    await worker.assigned(0, 1)
    assert codes(worker.health) == (True, False, False)
    assert waits_for(worker.health.ready()) == {"partition 1": f"{TOPIC} to be processed up to offset 7"}
    assert "partition 1 has not caught up" in reasons(worker.health.ready())[0]
    worker.engines.held.engines[1].reached(TOPIC, 7)
    assert codes(worker.health) == (True, True, True)


async def test_a_rebalance_makes_it_not_ready_until_it_is_over_and_it_has_started_all_the_same(worker: Worker) -> None:
    await worker.assigned(0, 1)
    assert codes(worker.health) == (True, True, True)
    await worker.engines.suspend()
    assert codes(worker.health) == (True, False, True)
    assert waits_for(worker.health.ready()) == {"worker": "the end of a rebalance"}
    await worker.assigned(1)
    assert codes(worker.health) == (True, True, True)


async def test_a_worker_for_whom_the_group_has_no_partition_is_ready_when_it_has_read_the_configuration() -> None:
    worker, tables = Worker(), asyncio.get_running_loop().create_future()
    worker.engines._reader._tables = tables
    await worker.assign()
    assert codes(worker.health) == (True, False, False)
    await until(lambda: waits_for(worker.health.ready()).keys() == {"configuration"})
    assert codes(worker.health) == (True, False, False)
    tables.set_result(None)
    await until(lambda: not worker.engines.acquiring)
    assert codes(worker.health) == (True, True, True)
    await worker.engines.close()


async def test_a_worker_that_stops_is_not_ready_any_more(worker: Worker) -> None:
    await worker.assigned(0)
    worker.health.look()
    await worker.engines.close()
    assert codes(worker.health) == (True, False, True)
    assert waits_for(worker.health.ready()) == {"worker": "the end of its last transactions, to stop"}


async def test_without_a_broker_it_lives_is_not_ready_and_says_since_when(worker: Worker) -> None:
    await worker.assigned(0)
    worker.health.look()
    worker.silent = [Obstacle("broker", "an answer of any broker", NOON, "no broker")]
    assert codes(worker.health) == (True, False, True)
    assert reasons(worker.health.ready()) == ["no broker since 2026-11-23T12:00:00Z"]
    worker.silent = []
    assert codes(worker.health) == (True, True, True)


async def test_with_a_blocked_loop_it_neither_lives_nor_is_ready(worker: Worker) -> None:
    await worker.assigned(0)
    worker.health.look()
    worker.blocked = [Obstacle("loop", "its next turn", NOON, "the event loop has not run")]
    assert codes(worker.health) == (False, False, True)
    expected = {
        "status": "not_live",
        "reasons": ["the event loop has not run since 2026-11-23T12:00:00Z"],
        "waits_for": {"loop": {"for": "its next turn", "since": NOON}},
    }
    assert worker.health.live().body == expected


async def test_a_transaction_that_stays_open_makes_it_not_ready_and_names_the_partition_and_since_when(
    worker: Worker,
) -> None:
    await worker.assigned(0, 1)
    await worker.idle()
    held_up = worker.kafka.waits["commit ringback-1"] = asyncio.Event()
    began = worker.clock.now()
    await worker.hand_over(1)
    await until(lambda: worker.engines.held.engines[1].transaction_since_s is not None)
    worker.engines.progress.look()
    worker.clock.seconds += STUCK_S - 1
    worker.engines.progress.look()
    assert codes(worker.health) == (True, True, True)
    worker.clock.seconds += 1
    worker.engines.progress.look()
    assert codes(worker.health) == (True, False, True)
    assert waits_for(worker.health.ready()) == {"partition 1": "its open transaction to be committed"}
    told: Any = worker.health.ready().body["waits_for"]
    assert timedelta() <= told["partition 1"]["since"] - began < timedelta(minutes=1)
    held_up.set()
    await worker.idle()
    worker.engines.progress.look()
    assert codes(worker.health) == (True, True, True)


async def test_what_has_waited_for_long_is_a_line_in_the_log(worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    await worker.assigned(0)
    held_up = worker.kafka.waits["commit ringback-0"] = asyncio.Event()
    await worker.hand_over(0)
    await until(lambda: worker.engines.held.engines[0].transaction_since_s is not None)
    worker.engines.progress.look()
    worker.clock.seconds += 12
    logging_waits = asyncio.create_task(worker.engines.status.log_waits(0.001))
    await until(lambda: "partition 0 has waited for 12 s for its open transaction to be committed" in caplog.text)
    logging_waits.cancel()
    held_up.set()


def test_brokers_that_do_not_answer_are_a_reason_from_the_tenth_second_on_until_one_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = 0
    monkeypatch.setattr(reconnecting, "answers", lambda: answers)
    watch = BrokerWatch(make(), lambda: 3, end)
    for seconds in range(1, 15):
        watch._look(1.0)
        silent = seconds >= SILENT_AFTER_S
        assert [one.who for one in watch.obstacles()] == ["broker"] * silent
        assert metrics.REGISTRY.get_sample_value("ringback_broker_connected") == (not silent)
        assert metrics.REGISTRY.get_sample_value("ringback_broker_silent_seconds") == seconds
    answers += 1
    watch._look(1.0)
    assert watch.obstacles() == [] and metrics.REGISTRY.get_sample_value("ringback_broker_connected") == 1


def end(where: str, error: BaseException) -> NoReturn:
    raise AssertionError(where) from error


async def test_work_that_waits_while_nothing_is_committed_makes_it_not_ready(worker: Worker) -> None:
    """An engine whose task is gone: nothing else shows that."""
    await worker.assigned(0)
    await worker.idle()
    engine = worker.engines.held.engines[0]
    assert engine._running is not None
    engine._running.cancel()
    await asyncio.gather(engine._running, return_exceptions=True)
    engine._running = None
    await worker.hand_over(0)
    for passed, ready in ((0.0, True), (STUCK_S - 0.1, True), (0.1, False)):
        worker.clock.seconds += passed
        worker.engines.progress.look()
        assert worker.health.ready().ok is ready
    assert waits_for(worker.health.ready()) == {"partition 0": "the work that it has to be committed"}


async def test_much_work_that_is_committed_bit_by_bit_keeps_it_ready(worker: Worker) -> None:
    await worker.assigned(0)
    held_up = worker.kafka.waits["commit ringback-0"] = asyncio.Event()
    for offset in range(5):
        held_up.clear()
        await worker.hand_over(0, offset)
        await until(lambda: worker.engines.held.engines[0].transaction_since_s is not None)
        worker.engines.progress.look()
        worker.clock.seconds += STUCK_S * 0.8
        worker.engines.progress.look()
        assert worker.health.ready().ok
        held_up.set()
        await worker.idle()


async def test_a_partition_that_was_given_away_while_its_transaction_hung_is_forgotten(worker: Worker) -> None:
    await worker.assigned(0, 1)
    held_up = worker.kafka.waits["commit ringback-1"] = asyncio.Event()
    await worker.hand_over(1)
    await until(lambda: worker.engines.held.engines[1].transaction_since_s is not None)
    worker.engines.progress.look()
    worker.clock.seconds += STUCK_S
    assert not worker.health.ready().ok
    held_up.set()
    await worker.engines.suspend()
    await worker.assigned(0)
    worker.engines.progress.look()
    assert worker.health.ready().ok


async def test_somebodys_open_transaction_on_a_configuration_topic_is_told_and_keeps_nobody_from_being_ready(
    worker: Worker,
) -> None:
    worker.kafka.stable[DNC], worker.kafka.ends[DNC] = 5, 9
    await worker.assigned(0)
    await until(lambda: worker.engines.status.waits())
    assert codes(worker.health) == (True, True, True)
    what = "the end of a transaction that somebody has open since offset 5"
    assert waits_for(worker.health.ready()) == {DNC.topic: what}


async def test_a_partition_that_is_reacquired_in_place_makes_it_not_ready_until_that_is_over(worker: Worker) -> None:
    await worker.assigned(0)
    await worker.idle()
    closed = worker.kafka.waits["start ringback-0"] = asyncio.Event()
    worker.kafka.doubtful.add("ringback-0")
    await worker.hand_over(0)
    await until(lambda: worker.engines.acquiring)
    assert waits_for(worker.health.ready()).keys() == {"partition 0"}
    assert worker.health.live().ok
    closed.set()
    await until(lambda: not worker.engines.acquiring)
    await worker.hand_over(0)  # It is read on from what is known to be committed.
    await until(lambda: worker.health.ready().ok)


async def test_a_partition_that_was_fenced_waits_for_the_group(worker: Worker) -> None:
    await worker.assigned(0, 1)
    await worker.idle()
    worker.kafka.errors["commit ringback-1"] = [ProducerFenced()]
    await worker.hand_over(1)
    await until(lambda: worker.engines.held_back() == {1})
    assert waits_for(worker.health.ready()) == {"partition 1": "the group to say whose it is: it was fenced"}


async def test_it_has_started_though_no_probe_came_while_it_was_ready(worker: Worker) -> None:
    await worker.assigned(0)
    worker.health.look()
    await worker.engines.suspend()
    assert codes(worker.health) == (True, False, True)


async def test_the_gauge_is_what_the_readiness_probe_answers(worker: Worker) -> None:
    assert metrics.REGISTRY.get_sample_value("ringback_worker_ready") == 0
    await worker.assigned(0)
    assert metrics.REGISTRY.get_sample_value("ringback_worker_ready") == 1


def broken() -> Iterable[Obstacle]:
    raise RuntimeError("dictionary changed size during iteration")


def test_a_source_that_fails_by_a_bug_is_a_reason_of_its_own_hides_no_other_and_is_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = Obstacle("broker", "an answer of any broker", NOON, "no broker")
    health = Health(list, [broken, lambda: [other]], broken)  # type: ignore[arg-type]
    for _ in range(3):
        assert codes(health) == (True, False, False)
    assert metrics.REGISTRY.get_sample_value("ringback_worker_ready") == 0
    told, known = reasons(health.ready())
    assert told.startswith("internal error, see the log") and known == "no broker since 2026-11-23T12:00:00Z"
    assert [record.levelno for record in caplog.records] == [logging.ERROR] and "changed size" in caplog.text


def test_a_liveness_that_fails_by_a_bug_says_so() -> None:
    assert Health(broken, []).live().body["status"] == "not_live"
