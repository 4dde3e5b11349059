"""Safeguards of the engine that can be taken out, one at a time, to show that the simulation would notice.

Each says what stands in its place: a list of (where, name, value) for `stand_ins.replaced`.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from faust.transport.drivers import aiokafka as driver

from streams.engine import partition_engine, restore, transaction
from streams.engine.appends import Appends
from streams.engine.beginning import Beginning
from streams.engine.configuration_reader import ConfigurationReader
from streams.engine.gate import AcquireGate
from streams.engine.inbox import Inbox
from streams.engine.partition_engine import PartitionEngine
from streams.engine.transaction import Transactions
from streams.engine.transport import Consumer
from tests.simulation.consumer import AIOKafkaConsumer
from tests.simulation.producer import AIOKafkaProducer
from tests.simulation.wire import this_machine

Places = list[tuple[Any, str, Any]]


def hold_back() -> Places:
    """Source partitions are resumed when Faust does it, and are not sought when their engine has been acquired."""

    async def release(consumer: Consumer, partition: int, begin: Beginning) -> None:
        begin(dict.fromkeys(consumer.engines.topics, 0))

    return [
        (Consumer, "resume_partitions", driver.Consumer.resume_partitions),
        (Consumer, "release", release),
    ]


def fencing() -> Places:
    """Every owner has a transactional id of its own, so that nobody is fenced and nothing is aborted."""
    numbers = itertools.count()

    class Unfenced(AIOKafkaProducer):
        def __init__(self, *, transactional_id: str, **options: Any) -> None:
            own = f"{transactional_id}-{this_machine().name}-{next(numbers)}"
            super().__init__(transactional_id=own, **options)

    return [(transaction, "AIOKafkaProducer", Unfenced)]


def fence_before_reading() -> Places:
    """The state is read first, and the former owner is fenced after that."""

    async def acquire(engine: PartitionEngine, _: Callable[[str], None]) -> None:
        await engine._restore()
        await engine._transactions.start()
        engine.core.ready(engine._clock.now())

    return [(PartitionEngine, "acquire", acquire)]


def read_committed() -> Places:
    """State and configuration are read with what was aborted."""

    class Uncommitted(AIOKafkaConsumer):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options | {"isolation_level": "read_uncommitted"})

    return [(restore, "AIOKafkaConsumer", Uncommitted)]


def acquire_gate() -> Places:
    """Timers fire and placements are answered at once."""
    return [(partition_engine, "AcquireGate", lambda ends: AcquireGate({}))]


def offset_check() -> Places:
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

    return [(Inbox, "take", take)]


def waiting_placements() -> Places:
    """A placement request waits for nothing that came before it."""
    return [(Inbox, "waits_for", lambda inbox: {})]


def do_not_call_entries() -> Places:
    """A partition is released without a look at the entries that its former owners had read, or had written."""

    async def caught_up(*_: object) -> None:
        return

    return [(ConfigurationReader, "caught_up", caught_up)]


def doubts() -> Places:
    """A producer goes on although a request of it had no answer, and a copy may still arrive."""
    return [(Transactions, "check", lambda transactions: None)]


def kept_appends() -> Places:
    """What a former owner put on Do Not Call lists, and nobody has read back, is forgotten."""
    return [(Appends, "take_over", lambda _: False)]


SAFEGUARDS: dict[str, Callable[[], Places]] = {
    function.__name__: function
    for function in (
        hold_back, fencing, fence_before_reading, read_committed, acquire_gate, offset_check,
        waiting_placements, do_not_call_entries, kept_appends, doubts,
    )
}  # fmt: skip
