"""A request without an answer: its producer begins no other transaction, and the partition is reacquired."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import orjson
import pytest
from aiokafka.errors import (
    InvalidTxnState,
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    ProducerFenced,
    RequestTimedOutError,
    UnknownError,
)
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.transaction import EndTxnRequest, InitProducerIdRequest

from streams.base.settings import make
from streams.engine.assignment import PausedPartition
from streams.engine.engines import Engines
from streams.engine.gate import AcquireGate
from streams.engine.inbox import Inbox
from streams.engine.pace import Pace
from streams.engine.reacquisitions import Reacquisitions
from streams.kafka.doubts import Doubts, InDoubt
from streams.kafka.transactions import Transaction, Transactions
from tests.builders import key_of, wrap_up
from tests.edge.kafka_in_memory import MemoryKafka, around, from_start, stays
from tests.edge.single_engine import PREFIX, Record
from tests.waiting import until

END = EndTxnRequest("app-0", 1, 0, True)
TRANSACTION = Transaction((), {}, {}, 0)


class Client:
    """Raises what it is told to; sent: what it was asked."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.sent: list[Any] = []
        self.ready = self.coordinator_lookup = None
        self.waits = asyncio.Event()

    async def send(self, node_id: int, request: Any, **_: Any) -> str:
        self.sent.append(request)
        if self.error is not None:
            raise self.error
        await self.waits.wait()
        return "answered"


@pytest.mark.parametrize("error", [RequestTimedOutError(), KafkaConnectionError("closed"), asyncio.CancelledError()])
async def test_a_request_that_had_no_answer_leaves_a_doubt(error: BaseException) -> None:
    client = Client()
    doubts, client.error = Doubts(client), error
    with pytest.raises(type(error)):
        await client.send(0, END)
    assert doubts.unanswered is not None
    assert doubts.unanswered.startswith("EndTxnRequest had no answer")


async def test_a_doubt_stays_when_the_request_is_answered_at_the_next_try() -> None:
    client = Client()
    client.waits.set()
    doubts, client.error = Doubts(client), RequestTimedOutError()
    with pytest.raises(RequestTimedOutError):
        await client.send(0, END)
    client.error = None
    assert await client.send(0, END) == "answered"
    assert doubts.unanswered is not None


async def test_a_request_that_was_answered_or_never_sent_leaves_none() -> None:
    client = Client()
    client.waits.set()
    doubts = Doubts(client)
    await client.send(0, END)
    client.error = NodeNotReadyError()
    with pytest.raises(NodeNotReadyError):
        await client.send(0, END)
    assert doubts.unanswered is None


@pytest.mark.parametrize("request_", [FindCoordinatorRequest("app-0", 1), InitProducerIdRequest("app-0", 1000)])
async def test_a_request_of_which_a_late_copy_ends_no_transaction_leaves_none(request_: Any) -> None:
    client = Client()
    doubts, client.error = Doubts(client), RequestTimedOutError()
    with pytest.raises(RequestTimedOutError):
        await client.send(0, request_)
    assert doubts.unanswered is None


async def test_when_it_is_over_nothing_more_is_sent_and_nobody_waits() -> None:
    client = Client()
    doubts = Doubts(client)
    waiting = asyncio.create_task(client.send(0, END))
    await asyncio.sleep(0)
    doubts.close()
    await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled()
    with pytest.raises(KafkaError):
        await client.send(0, END)
    assert len(client.sent) == 1


class Producer:
    """Commits; before that, of a request there is no answer, and after it `fails`."""

    doubtful, fails = True, cast("Exception | None", None)

    def __init__(self, **_: Any) -> None:
        self.client = Client()

    async def begin_transaction(self) -> None: ...

    async def commit_transaction(self) -> None:
        if self.doubtful:
            self.client.error = RequestTimedOutError()
            with pytest.raises(RequestTimedOutError):
                await self.client.send(0, END)
        if self.fails is not None:
            raise self.fails


def transactions(*, doubtful: bool, fails: Exception | None = None, protocol: int = 1) -> Transactions:
    made = type("Made", (Producer,), {"doubtful": doubtful, "fails": fails})
    return Transactions(MemoryKafka(producers=made), make(transaction_protocol=protocol), 0)


async def test_a_transaction_that_is_committed_at_the_second_try_is_the_last_of_its_producer() -> None:
    of_partition = transactions(doubtful=True)
    await of_partition.commit(TRANSACTION)
    with pytest.raises(InDoubt, match="EndTxnRequest"):
        of_partition.check()


async def test_in_transactions_v2_another_one_may_follow() -> None:
    """Kafka refuses a late copy by its epoch."""
    of_partition = transactions(doubtful=True, protocol=2)
    await of_partition.commit(TRANSACTION)
    of_partition.check()


@pytest.mark.parametrize("protocol", [1, 2])
async def test_an_error_after_a_request_without_an_answer_is_a_doubt(protocol: int) -> None:
    """Nobody has said then that the transaction is over."""
    of_partition = transactions(doubtful=True, fails=InvalidTxnState(), protocol=protocol)
    with pytest.raises(InDoubt):
        await of_partition.commit(TRANSACTION)
    with pytest.raises(InDoubt):
        of_partition.check()


async def test_an_error_when_all_was_answered_is_none() -> None:
    of_partition = transactions(doubtful=False, fails=InvalidTxnState())
    with pytest.raises(InvalidTxnState):
        await of_partition.commit(TRANSACTION)
    of_partition.check()


def said_by_the_sender(cause: Exception) -> Exception:
    """As aiokafka tells of an answer that it has no rule for."""
    error: Exception = KafkaError("Unexpected error during batch delivery")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error", [UnknownError(), said_by_the_sender(UnknownError()), said_by_the_sender(RequestTimedOutError())], ids=repr
)
async def test_an_answer_that_does_not_say_what_was_done_is_a_doubt(error: Exception) -> None:
    """A broker that is shutting down answers so to the end of a transaction, which may stand or not."""
    with pytest.raises(InDoubt, match="says nothing"):
        await transactions(doubtful=False, fails=error).commit(TRANSACTION)


async def test_who_is_fenced_takes_up_nothing_again() -> None:
    """Somebody else has the partition: to take it back would fence its owner."""
    with pytest.raises(ProducerFenced):
        await transactions(doubtful=True, fails=ProducerFenced()).commit(TRANSACTION)


class Engine:
    """One that lets go when it is told to."""

    number = 3

    def __init__(self, said: list[str]) -> None:
        self.inbox, self.gate = Inbox(), AcquireGate({"b": 9})
        self.inbox.open({"a": 5, "b": 7})
        self._said = said
        self.lets_go = asyncio.Event()

    async def close(self) -> None:
        await self.lets_go.wait()
        self._said.append("closed")


class Taken:
    """Takes partitions up, at the try at which `errors` are used up; said: what happened, in its order."""

    def __init__(self, *errors: Exception, retry_s: float = 60.0) -> None:
        self.said: list[str] = []
        self.broken: list[BaseException] = []
        self.ends: Mapping[str, int] = {}
        self.errors = list(errors)
        self.engine = Engine(self.said)
        self.reacquisitions = Reacquisitions(
            self.acquire, lambda _, error: self.broken.append(error), retry_s, Pace(again_s=0)
        )

    async def acquire(self, number: int, ends: Mapping[str, int]) -> None:
        self.ends = ends
        self.said.append(f"reacquired {number}")
        if self.errors:
            raise self.errors.pop(0)

    def doubt(self, *, ours: bool = True) -> None:
        self.reacquisitions.begin(cast(Any, self.engine), InDoubt("EndTxn had no answer"), ours=ours)


async def test_a_partition_in_doubt_is_reacquired_when_its_engine_has_let_go() -> None:
    taken = Taken()
    taken.doubt()
    await asyncio.sleep(0.01)
    assert (taken.said, taken.reacquisitions.numbers()) == ([], [3])
    taken.engine.lets_go.set()
    await until(lambda: not taken.reacquisitions.numbers())
    assert (taken.said, taken.broken) == (["closed", "reacquired 3"], [])


async def test_its_timers_wait_for_what_was_decided_before_and_for_no_more() -> None:
    """A backlog, or what was sent during an outage, is not heard first: nobody else had the partition."""
    taken = Taken()
    taken.engine.lets_go.set()
    taken.doubt()
    await until(lambda: not taken.reacquisitions.numbers())
    assert taken.ends == {"a": 5, "b": 9}


async def test_while_the_group_shares_out_it_is_only_given_up() -> None:
    taken = Taken()
    taken.engine.lets_go.set()
    taken.doubt(ours=False)
    await taken.reacquisitions.stop()
    assert taken.said == ["closed"]


async def test_a_rebalance_stops_the_taking_up_and_waits_for_the_letting_go() -> None:
    """The next engine opens the same folder."""
    taken = Taken()
    taken.doubt()
    stopping = asyncio.create_task(taken.reacquisitions.stop())
    await asyncio.sleep(0.01)
    assert not stopping.done()
    taken.engine.lets_go.set()
    await stopping
    assert (taken.said, taken.broken) == (["closed"], [])


async def test_a_broker_that_is_away_is_tried_again() -> None:
    taken = Taken(KafkaConnectionError("away"), TimeoutError(), KafkaConnectionError("away"))
    taken.engine.lets_go.set()
    taken.doubt()
    await until(lambda: not taken.reacquisitions.numbers())
    assert (taken.said, taken.broken) == (["closed", *["reacquired 3"] * 4], [])


@pytest.mark.parametrize(
    ("error", "retry_s"),
    [(KafkaConnectionError("away"), -1.0), (OSError("no room"), 60.0), (KeyError("a bug"), 60.0)],
)
async def test_a_broker_that_stays_away_and_any_other_error_end_the_worker(error: Exception, retry_s: float) -> None:
    taken = Taken(error, retry_s=retry_s)
    taken.engine.lets_go.set()
    taken.doubt()
    await until(lambda: not taken.reacquisitions.numbers())
    assert taken.broken == [error]


async def test_other_partitions_go_on_while_one_is_reacquired() -> None:
    broken: list[BaseException] = []
    kafka, can_be_taken, topic = MemoryKafka(), asyncio.Event(), f"{PREFIX}wrap-up"
    kafka.doubtful.add("ringback-0")
    engines = Engines(
        make(store="memory"), [topic], 2, around(kafka, pace=Pace(again_s=0)), lambda _, error: broken.append(error)
    )

    @asynccontextmanager
    async def resume(number: int) -> AsyncIterator[PausedPartition]:
        yield from_start(topic)
        kafka.waits["start ringback-0"] = can_be_taken  # For the second time.

    await engines.assign([0, 1], 1, resume, stays)
    await until(lambda: engines.held_back() == {0} and len(engines.handover.epochs([0, 1])) == 1)
    assert engines.status.page()["taken_up_again"] == [0]
    (epoch,) = (epoch for number, epoch in engines.handover.epochs([0, 1]).items() if number == 1)
    transactions = kafka.committed["ringback-1"]
    record = Record(topic, 0, key_of(wrap_up()), orjson.dumps(wrap_up()), partition=1)
    batch = engines.handover.batch(topic, 1, [record], epoch)
    assert batch is not None
    await engines.held.work(batch)
    await until(lambda: kafka.committed["ringback-1"] > transactions)
    assert engines.acquiring and engines.held_back() == {0}
    can_be_taken.set()
    await until(lambda: not engines.acquiring)
    assert set(engines.handover.epochs([0, 1])) == {0, 1} and broken == []
    await engines.close()
