"""A partition whose producer was fenced is given up, and the group is asked whose it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from aiokafka.errors import ProducerFenced

from streams.base.settings import make
from streams.engine.assignment import PausedPartition
from streams.engine.engines import Engines
from streams.engine.fenced import UNPROVEN_MAX
from streams.engine.pace import Pace
from tests.builders import key_of, wrap_up
from tests.edge.kafka_in_memory import MemoryKafka, around, from_start
from tests.edge.single_engine import PREFIX, Record
from tests.waiting import until

TOPIC = f"{PREFIX}wrap-up"
ELSEWHERE = "commit ringback-0"


class Worker:
    """Two partitions; rejoined: how often the group was asked."""

    def __init__(self) -> None:
        self.kafka = MemoryKafka()
        self.broken: list[BaseException] = []
        self.rejoined = self.generation = 0
        self.engines = Engines(
            make(store="memory"), [TOPIC], 2, around(self.kafka, pace=Pace(again_s=0)),
            lambda _, error: self.broken.append(error),
        )  # fmt: skip

    @asynccontextmanager
    async def resume(self, number: int) -> AsyncIterator[PausedPartition]:
        yield from_start(TOPIC)

    async def rejoin(self) -> None:
        self.rejoined += 1

    async def assigned(self, *numbers: int) -> None:
        await self.engines.suspend()
        self.generation += 1
        await self.engines.assign(numbers, self.generation, self.resume, self.rejoin)
        await until(lambda: not self.engines.acquiring)

    async def proven(self, number: int) -> None:
        transactions = self.kafka.committed[f"ringback-{number}"]
        await until(lambda: self.kafka.committed[f"ringback-{number}"] > transactions)

    async def works(self, number: int, offset: int = 0) -> None:
        """A wrap-up is fetched, and handed to its engine."""
        record = Record(TOPIC, offset, key_of(wrap_up()), orjson.dumps(wrap_up()), partition=number)
        batch = self.engines.handover.batch(TOPIC, number, [record], self.engines.handover.epochs([number]).get(number))
        if batch is not None:
            await self.engines.held.work(batch)

    async def fenced(self, number: int) -> None:
        self.kafka.errors[f"commit ringback-{number}"] = [ProducerFenced()]
        await self.works(number)
        await until(lambda: number in self.engines.held_back() or bool(self.broken))


@pytest.fixture
async def worker():
    one = Worker()
    await one.assigned(0, 1)
    await until(lambda: min(one.kafka.committed[f"ringback-{number}"] for number in (0, 1)) > 0)
    yield one
    await one.engines.close()


async def test_the_group_is_asked_and_no_worker_ends(worker: Worker) -> None:
    await worker.fenced(0)
    await until(lambda: worker.rejoined == 1)
    assert (worker.broken, worker.engines.held_back()) == ([], {0})


async def test_it_is_not_taken_back_and_its_records_are_left_alone(worker: Worker) -> None:
    await worker.fenced(0)
    transactions = worker.kafka.committed["ringback-0"]
    await worker.works(0, 1)
    await asyncio.sleep(0.05)
    assert worker.engines.handover.epochs([0]) == {}
    assert worker.kafka.committed["ringback-0"] == transactions


async def test_the_other_partitions_go_on(worker: Worker) -> None:
    await worker.fenced(0)
    proven = asyncio.create_task(worker.proven(1))
    await asyncio.sleep(0)
    await worker.works(1)
    await proven
    assert set(worker.engines.handover.epochs([0, 1])) == {1}


async def test_the_worker_is_not_ready_until_the_group_has_said_whose_it_is(worker: Worker) -> None:
    await worker.fenced(0)
    (obstacle,) = worker.engines.status.obstacles()
    assert (obstacle.who, obstacle.what) == ("partition 0", "the group to say whose it is: it was fenced")
    assert worker.engines.status.page()["fenced"] == [0]
    await worker.assigned(1)
    assert worker.engines.status.obstacles() == []
    assert worker.engines.status.page()["fenced"] == []


async def test_if_it_is_still_ours_it_is_owned_and_read_anew(worker: Worker) -> None:
    """Who fenced it has ended meanwhile, or it was a late request of this worker itself."""
    await worker.fenced(0)
    proven = asyncio.create_task(worker.proven(0))
    await worker.assigned(0, 1)
    await proven
    assert set(worker.engines.handover.epochs([0, 1])) == {0, 1}
    assert (worker.broken, worker.rejoined) == ([], 1)


async def test_the_group_is_asked_once_for_all_that_were_fenced(worker: Worker) -> None:
    go_on, commits = asyncio.Event(), {f"commit ringback-{number}" for number in (0, 1)}
    for commit in commits:
        worker.kafka.waits[commit], worker.kafka.errors[commit] = go_on, [ProducerFenced()]
    await asyncio.gather(worker.works(0), worker.works(1))
    await until(lambda: worker.kafka.waiting == commits)
    go_on.set()
    await until(lambda: worker.engines.held_back() == {0, 1})
    await until(lambda: worker.rejoined > 0)
    assert worker.rejoined == 1


async def test_who_is_fenced_while_the_group_shares_out_asks_nobody(worker: Worker) -> None:
    """The transaction in flight is finished while the group shares out."""
    go_on = asyncio.Event()
    worker.kafka.waits[ELSEWHERE], worker.kafka.errors[ELSEWHERE] = go_on, [ProducerFenced()]
    await worker.works(0)
    await until(lambda: worker.kafka.waiting == {ELSEWHERE})
    suspending = asyncio.create_task(worker.engines.suspend())
    await asyncio.sleep(0.01)
    assert not suspending.done()
    go_on.set()
    await suspending
    assert (worker.rejoined, worker.broken) == (0, [])
    await worker.assigned(0, 1)
    assert set(worker.engines.handover.epochs([0, 1])) == {0, 1}


async def test_fenced_again_and_again_without_a_commit_in_between_the_worker_ends(worker: Worker) -> None:
    """Somebody has its transactional id of whom the group does not know."""
    worker.kafka.errors[ELSEWHERE] = [ProducerFenced() for _ in range(UNPROVEN_MAX + 1)]
    await worker.works(0)
    while not worker.broken:
        await until(lambda: worker.engines.held_back() == {0} or bool(worker.broken))
        if not worker.broken:
            await worker.assigned(0, 1)
    assert [type(error) for error in worker.broken] == [ProducerFenced]
    assert worker.kafka.errors[ELSEWHERE] == []
