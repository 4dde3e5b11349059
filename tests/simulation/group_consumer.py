"""What a group member reads with: the real `Consumer` of the engine's transport over stand-ins for what is below it.

Faust's consumer and its thread are the real code as far as they only pass on; their services and the second thread are
not there.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any, cast

from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.engine.engines import Engines
from streams.faust_edge import consumer as transport
from streams.faust_edge.consumer_thread import ConsumerThread
from tests.simulation.consumer import Fetcher, Position, Records
from tests.simulation.wire import Wire

THREAD_LATE = 0.02
THREAD_LATEST_S = 2.0
"""By how much the answer of the other thread is late at most; a loop that is busy, or a machine that is."""


class GroupConsumer:
    """aiokafka's consumer within a group, seen from the engine's transport."""

    _closed = False
    _max_poll_records = 2000

    def __init__(self, wire: Wire) -> None:
        self.chance = wire.chance
        self._wire = wire
        self._fetcher = self._subscriptions = self
        self._coordinator = SimpleNamespace(
            check_errors=lambda: None, fetch_committed_offsets=self.fetch_committed_offsets
        )
        self._fetching = Fetcher(wire, committed=True)
        self._known = SimpleNamespace(tps=frozenset[TP](), state_value=lambda tp: self._fetching.states[tp])
        self._subscription = SimpleNamespace(
            subscription=SimpleNamespace(assignment=self._known), fetch_context=self.fetch_context
        )

    @contextmanager
    def fetch_context(self) -> Iterator[None]:
        """Counts as activity."""
        yield

    def assigned(self, partitions: list[TP]) -> None:
        """What is read from now on; where to, is asked when it is needed."""
        self._fetching.states = {cast(TopicPartition, tp): Position() for tp in partitions}
        self._known.tps = frozenset(partitions)

    def assignment(self) -> frozenset[TP]:
        """What is read."""
        return cast(frozenset[TP], self._known.tps)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Read on from there."""
        self._state(tp).position = offset

    async def position(self, tp: TopicPartition) -> int:
        """Where it reads on: where it was sought, or else at the committed offset."""
        if self._state(tp).position is None:
            offset = await self.committed(tp)
            if self._state(tp).position is None:
                self._state(tp).position = offset or 0
        position = self._state(tp).position
        assert position is not None
        return position

    async def committed(self, tp: TopicPartition) -> int | None:
        """What the group has committed."""
        found = await self._wire.call("OffsetFetch", lambda: self._wire.broker.fetch_offsets([tp]))
        return found[tp]

    async def fetch_committed_offsets(self, tps: list[TopicPartition]) -> dict[TopicPartition, OffsetAndMetadata]:
        """What the group has committed, where it has."""
        found = await self._wire.call("OffsetFetch", lambda: self._wire.broker.fetch_offsets(tps))
        notes = self._wire.broker.notes
        return {tp: OffsetAndMetadata(offset, notes[tp]) for tp, offset in found.items() if offset is not None}

    async def fetched_records(self, partitions: set[TP], timeout: float, max_records: int) -> Records:
        """Records of those partitions."""
        held = [cast(TopicPartition, tp) for tp in sorted(partitions) if tp in self._fetching.states]
        for tp in held:
            with suppress(IllegalStateError):  # A rebalance has taken it away meanwhile.
                await self.position(tp)
        return await self._fetching.fetch(held, timeout, max_records)

    def _state(self, tp: TopicPartition) -> Position:
        if tp not in self._fetching.states:
            raise IllegalStateError(f"{tp} is not assigned")
        return self._fetching.states[tp]


class Thread:
    """What Faust's consumer thread does, without the thread: most of it is the real code."""

    log = SimpleNamespace(dev=lambda *_: None)
    idle = ConsumerThread.idle
    ends_beside = ConsumerThread.ends_beside
    jumped = ConsumerThread.jumped
    position_of = ConsumerThread.position_of
    starts = ConsumerThread.starts
    seek_wait = driver.AIOKafkaConsumerThread.seek_wait
    _seek_wait = driver.AIOKafkaConsumerThread._seek_wait
    position = driver.AIOKafkaConsumerThread.position
    getmany = driver.AIOKafkaConsumerThread.getmany
    _fetch_records = driver.AIOKafkaConsumerThread._fetch_records

    def __init__(self, consumer: "SimulatedConsumer", client: GroupConsumer) -> None:
        self.consumer = consumer
        self.app = SimpleNamespace(conf=SimpleNamespace(broker_request_timeout=90.0))
        self._client = client

    @property
    def client(self) -> GroupConsumer:
        """What it reads with."""
        return self._client

    def _ensure_consumer(self) -> GroupConsumer:
        return self._client

    def leader_epoch_of(self, tp: TP) -> int | None:
        """Of what was read last."""
        state = self._client._fetching.states.get(cast(TopicPartition, tp))
        return None if state is None else state.leader_epoch

    async def call_thread(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """On the way back from the other thread everything else may run, now and then for long."""
        result = await function(*args, **kwargs)
        chance = self._client.chance
        is_late = chance.on and chance.happens(THREAD_LATE)
        await asyncio.sleep(chance.random.uniform(0, THREAD_LATEST_S) if is_late else 0)
        return result


class SimulatedConsumer(transport.Consumer):
    """The real consumer, made without Faust's services around it."""

    should_stop = False

    def __init__(self, engines: Engines, client: GroupConsumer) -> None:  # Not super: there is no app of Faust.
        self.app = cast(Any, SimpleNamespace(engines=engines, client_only=False, consumer_generation_id=0))
        self._thread = cast(Any, Thread(self, client))
        self._fetch_or_seek = asyncio.Lock()
        self._fetched_in = {}
        self._passed_at = 0.0
        self._read_offset = {}
        self._buffered_partitions = set()
        self.can_resume_flow = cast(Any, asyncio.Event())
        self.suspend_flow = cast(Any, asyncio.Event())
        self.not_waiting_next_records = cast(Any, asyncio.Event())
        self._active_partitions = set()
        self._paused_partitions = set()
        self.flow_active = True

    async def wait(self, *events: Any, timeout: Any = None) -> Any:
        """Until the one event is set."""
        await events[0].wait()

    async def sleep(self, n: Any, *, loop: Any = None) -> None:
        """For so many seconds."""
        await asyncio.sleep(n)

    def __repr__(self) -> str:
        return "the consumer"
