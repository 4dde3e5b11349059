"""A stand-in for aiokafka's consumer and admin client: what the engine uses of them, outside of a group."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.structs import OffsetAndTimestamp

from tests.simulation.broker import Broker
from tests.simulation.log import Stored
from tests.simulation.loop import OUTSIDE
from tests.simulation.wire import Wire, this_machine

Records = dict[TopicPartition, list[Any]]
QUERY_TIMEOUT_S = 40.0
CUT_SHORT = 0.2
"""How likely a fetch returns less than there is."""
CLUSTER = "simulated"
FOLLOWS_MS = 1000
"""Who is ready to wait for so long follows a topic, and nobody waits for what it reads."""
LAGS, LAG_MOST_S = 0.1, 10.0
"""How likely such a one is behind the others for a while, and for how long: a slow broker, or network."""


@dataclass
class Position:
    """Where a consumer stands in a partition. lso, highwater: as the last fetch told; leader_epoch: of what it read."""

    position: int | None = None
    lso: int | None = None
    highwater: int | None = None
    leader_epoch: int | None = None

    @property
    def has_valid_position(self) -> bool:
        """Whether it is known where to read on."""
        return self.position is not None


@dataclass
class Fetched:
    """What one fetch found in one partition."""

    start: int
    records: list[Any]
    next: int
    lso: int
    highwater: int
    leader_epoch: int


class Fetcher:
    """Positions of some partitions, and the fetching from there."""

    def __init__(self, wire: Wire, *, committed: bool) -> None:
        self.states: dict[TopicPartition, Position] = {}
        self._wire = wire
        self._committed = committed

    async def fetch(self, partitions: Iterable[TopicPartition], timeout_s: float, limit: int) -> Records:
        """Records of those partitions whose position is known; {} when there are none in time.

        Positions move past what nobody sees: markers, and records of aborted transactions.
        """
        loop, broker = self._wire.loop, self._wire.broker
        until = loop.time() + timeout_s
        while True:
            wanted = {tp: at for tp in sorted(partitions) if (at := self._position(tp)) is not None}
            wait_s = max(0.0, until - loop.time())
            if not wanted:
                await asyncio.sleep(wait_s)
                return {}
            found = await self._wire.call("Fetch", partial(fetch, broker, wanted, self._committed, wait_s, limit))
            records = self._taken(cast(Any, found))
            if records or loop.time() >= until:
                return records

    def _position(self, tp: TopicPartition) -> int | None:
        state = self.states.get(tp)
        return None if state is None else state.position

    def _taken(self, found: Mapping[TopicPartition, Fetched]) -> Records:
        records: Records = {}
        for tp, fetched in found.items():
            state = self.states.get(tp)
            # What was fetched before a seek is of no use after it.
            if state is None or state.position != fetched.start:
                continue
            state.position, state.lso, state.highwater = fetched.next, fetched.lso, fetched.highwater
            if fetched.next > fetched.start:
                state.leader_epoch = fetched.leader_epoch
            if fetched.records:
                records[tp] = fetched.records
        return records


def fetch(
    broker: Broker, wanted: Mapping[TopicPartition, int], committed: bool, wait_s: float, limit: int
) -> "dict[TopicPartition, Fetched] | asyncio.Future[dict[TopicPartition, Fetched]]":
    """What there is, or a future of it: a broker waits a while for the first record."""
    found = _read(broker, wanted, committed, limit)
    if wait_s <= 0 or any(one.next > one.start for one in found.values()):
        return found
    answer: asyncio.Future[dict[TopicPartition, Fetched]] = broker.loop.create_future()

    def look_again(_: object = None) -> None:
        if not answer.done():
            answer.set_result(_read(broker, wanted, committed, limit))

    news: asyncio.Future[None] = broker.loop.create_future()
    news.add_done_callback(look_again, context=OUTSIDE)
    for tp in wanted:
        broker.log(tp).waiting[news] = None
    broker.loop.outside(wait_s, look_again)
    answer.add_done_callback(lambda _: [broker.log(tp).waiting.pop(news, None) for tp in wanted], context=OUTSIDE)
    return answer


def _read(
    broker: Broker, wanted: Mapping[TopicPartition, int], committed: bool, limit: int
) -> dict[TopicPartition, Fetched]:  # fmt: skip
    """Partitions in an order by chance; between them there is none."""
    order = list(wanted)
    broker.chance.random.shuffle(order)
    found = {}
    for tp in order:
        log, start = broker.log(tp), wanted[tp]
        end = log.stable_end if committed else log.end
        if broker.chance.on and end - start > 1 and broker.chance.happens(CUT_SHORT):
            end = broker.chance.random.randint(start + 1, end)
        records = []
        position = start
        while position < end and limit > 0:
            record = log.records[position]
            position += 1
            if not record.is_marker and (record.is_committed or not committed):
                records.append(_consumed(record))
                limit -= 1
        leader_epoch = log.leader_epoch_at(position - 1)
        found[tp] = Fetched(start, records, position, log.stable_end, log.end, leader_epoch)
    return found


def _consumed(record: Stored) -> Any:
    return ConsumerRecord(
        record.topic, record.partition, record.offset, record.timestamp, 0, record.key, record.value, None,
        len(record.key or b""), len(record.value or b""), record.headers,
    )  # fmt: skip


async def _known(*_: Any) -> None:
    """Who leads what is known to everybody."""


class AIOKafkaConsumer:
    """Of assigned partitions; it begins at their start."""

    def __init__(self, *, isolation_level: str, **_: Any) -> None:
        self._wire = this_machine().wire
        self._committed = isolation_level == "read_committed"
        self._fetcher = Fetcher(self._wire, committed=self._committed)
        self._client = SimpleNamespace(
            _wait_on_metadata=_known, force_metadata_update=_known, send=self._ask,
            cluster=SimpleNamespace(leader_for_partition=lambda _: 0),
        )  # fmt: skip

    async def _ask(self, _: int, request: Any) -> Any:
        """OffsetForLeaderEpoch."""
        tp, leader_epoch = request._tp, request._leader_epoch
        end = await self._wire.once("OffsetForLeaderEpoch", lambda: self._wire.broker.end_of_epoch(tp, leader_epoch))
        return SimpleNamespace(topics=[(tp.topic, [(0, tp.partition, leader_epoch, end)])])

    def assign(self, partitions: Iterable[TopicPartition]) -> None:
        """Read these from their start."""
        self._fetcher.states = {tp: Position(0) for tp in partitions}

    def assignment(self) -> frozenset[TopicPartition]:
        """What is read."""
        return frozenset(self._fetcher.states)

    async def start(self) -> None:
        """Connect."""
        await self._wire.call("Metadata", lambda: None)

    async def stop(self) -> None:
        """Disconnect."""

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from there."""
        self._fetcher.states[partition].position = offset

    async def position(self, partition: TopicPartition) -> int:
        """Where it reads on."""
        position = self._fetcher.states[partition].position
        assert position is not None
        return position

    def last_stable_offset(self, partition: TopicPartition) -> int | None:
        """As the last fetch told."""
        return self._fetcher.states[partition].lso

    def highwater(self, partition: TopicPartition) -> int | None:
        """As the last fetch told."""
        return self._fetcher.states[partition].highwater

    async def getmany(self, *, timeout_ms: int, max_records: int = 500) -> Records:
        """Records of all partitions."""
        chance = self._wire.chance
        if chance.on and timeout_ms >= FOLLOWS_MS and chance.happens(LAGS):
            chance.counts["readers behind"] += 1
            await asyncio.sleep(chance.random.uniform(0, LAG_MOST_S))
        return await self._fetcher.fetch(self._fetcher.states, timeout_ms / 1000, max_records)

    async def beginning_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """0: nothing is deleted."""
        first: dict[TopicPartition, int] = dict.fromkeys(sorted(partitions), 0)
        return await self._wire.call("ListOffsets first", lambda: first, timeout_s=QUERY_TIMEOUT_S)

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The last stable offset, or the end, as the isolation level has it."""

        def ends() -> dict[TopicPartition, int]:
            logs = {tp: self._wire.broker.log(tp) for tp in sorted(partitions)}
            return {tp: log.stable_end if self._committed else log.end for tp, log in logs.items()}

        return await self._wire.call("ListOffsets end", ends, timeout_s=QUERY_TIMEOUT_S)

    async def offsets_for_times(self, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, Any]:
        """The first record that is no older."""

        def first() -> dict[TopicPartition, Any]:
            return {tp: self._first_since(tp, at) for tp, at in times.items()}

        return await self._wire.call("ListOffsets time", first, timeout_s=QUERY_TIMEOUT_S)

    def _first_since(self, tp: TopicPartition, at: int) -> OffsetAndTimestamp | None:
        records = (r for r in self._wire.broker.log(tp).records if not r.is_marker and r.timestamp >= at)
        found = next(records, None)
        return None if found is None else OffsetAndTimestamp(found.offset, found.timestamp)


class AIOKafkaAdminClient:
    """Says what the cluster calls itself."""

    def __init__(self, **_: Any) -> None:
        self._wire = this_machine().wire

    async def start(self) -> None:
        """Connect."""

    async def describe_cluster(self) -> dict[str, str]:
        """Its id."""
        return await self._wire.call("DescribeCluster", lambda: {"cluster_id": CLUSTER})

    async def _send_request(self, request: Any, node_id: int | None = None) -> Any:
        """Topics are not made anew here, and this broker tells no ids."""
        raise IncompatibleBrokerVersion

    async def close(self) -> None:
        """Disconnect."""
