"""Safeguards of the engine that can be taken out, one at a time, to show that the simulation would notice.

Each says what stands in its place: other clients, where the client is the safeguard, or else code that is replaced.
"""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from faust.transport.drivers import aiokafka as driver

from streams.engine import partition_engine
from streams.engine.assignment import PausedPartition
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.gate import AcquireGate
from streams.engine.inbox import Inbox
from streams.engine.partition_engine import PartitionEngine
from streams.faust_edge.consumer import Consumer
from streams.kafka.transactions import Transactions
from streams.logic.partition.appends import Appends
from tests.simulation.broker import Stage
from tests.simulation.broker_v2 import BrokerV2
from tests.simulation.consumer import AIOKafkaConsumer
from tests.simulation.producer import AIOKafkaProducer
from tests.simulation.stand_ins import SimulatedClients
from tests.simulation.wire import this_machine


@dataclass(frozen=True)
class Taken:
    """What a simulation runs with. places: (where, name, value) for `stand_ins.replaced`."""

    places: tuple[tuple[Any, str, Any], ...] = ()
    clients: type[SimulatedClients] = SimulatedClients


def hold_back() -> Taken:
    """Source partitions are resumed when Faust does it, and are not sought when their engine has been acquired."""

    @asynccontextmanager
    async def resume_source(consumer: Consumer, partition: int) -> AsyncIterator[PausedPartition]:
        yield PausedPartition(dict.fromkeys(consumer.engines.topics, 0), _not_sought)

    return Taken((
        (Consumer, "resume_partitions", driver.Consumer.resume_partitions),
        (Consumer, "resume_source", resume_source),
    ))  # fmt: skip


async def _not_sought(starts: Mapping[str, int]) -> None:
    """Nothing."""


def fencing() -> Taken:
    """Every owner has a transactional id of its own, so that nobody is fenced and nothing is aborted."""
    numbers = itertools.count()

    class Unfenced(SimulatedClients):
        def producer(self, **options: Any) -> AIOKafkaProducer:
            own = f"{options['transactional_id']}-{this_machine().name}-{next(numbers)}"
            return super().producer(**options | {"transactional_id": own})

    return Taken(clients=Unfenced)


def fence_before_reading() -> Taken:
    """The state is read first, and the former owner is fenced after that."""

    async def acquire(engine: PartitionEngine, _: Callable[[str], None]) -> None:
        await engine._changelog.restore(engine._store, engine.number, engine._clock.now())
        await engine._transactions.start()
        engine.core.ready(engine._clock.now())

    return Taken(((PartitionEngine, "acquire", acquire),))


def read_committed() -> Taken:
    """State and configuration are read with what was aborted."""

    class Uncommitted(SimulatedClients):
        def consumer(self, **options: Any) -> AIOKafkaConsumer:
            return super().consumer(**options | {"isolation_level": "read_uncommitted"})

    return Taken(clients=Uncommitted)


def acquire_gate() -> Taken:
    """Timers fire and placements are answered at once."""
    return Taken(((partition_engine, "AcquireGate", lambda ends: AcquireGate({})),))


def offset_check() -> Taken:
    """What is delivered again is processed again."""

    def take(inbox: Inbox, *, requests: bool = True) -> Iterator[tuple[str, Any]]:
        while True:
            answerable = requests and inbox._requests.batches and not inbox.waits_for()
            lane = inbox._requests if answerable else inbox._events
            if not lane.batches:
                return
            batch = lane.batches[0]
            record = batch.records[lane.position]
            lane.advance()
            inbox.next[batch.topic] = record.offset + 1
            yield batch.topic, record

    return Taken(((Inbox, "take", take),))


def waiting_placements() -> Taken:
    """A placement request waits for nothing that came before it."""
    return Taken(((Inbox, "waits_for", lambda inbox: {}),))


def do_not_call_entries() -> Taken:
    """A partition is released without a look at the entries that its former owners had read, or had written."""

    async def caught_up(*_: object) -> None:
        return

    return Taken(((ConfigurationReader, "caught_up", caught_up),))


def doubts() -> Taken:
    """A producer goes on although a request of it had no answer, and a copy may still arrive."""
    return Taken(((Transactions, "check", lambda transactions: None),))


def kept_appends() -> Taken:
    """What a former owner put on Do Not Call lists, and nobody has read back, is forgotten."""
    return Taken(((Appends, "take_over", lambda _: False),))


def epochs() -> Taken:
    """Of transactions v2: the broker takes the end of a transaction for that of the next one, as v1 does."""
    end = BrokerV2.end_v2

    def end_v2(broker: BrokerV2, name: str, epoch: int, *, commits: bool = True) -> int:
        known = broker.ids[name]
        return end(broker, name, known.epoch if known.stage is Stage.ONGOING else epoch, commits=commits)

    return Taken(((BrokerV2, "end_v2", end_v2),))


SAFEGUARDS: dict[str, Callable[[], Taken]] = {
    function.__name__: function
    for function in (
        hold_back, fencing, fence_before_reading, read_committed, acquire_gate, offset_check,
        waiting_placements, do_not_call_entries, kept_appends, doubts, epochs,
    )
}  # fmt: skip
