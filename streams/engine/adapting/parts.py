"""The partitions that one member of an adapter's group holds: acquired, worked on, and given up."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition

from streams.adapters.seam import Adapter
from streams.base.clock import Clock
from streams.base.log import about
from streams.base.settings import Settings
from streams.engine.adapting.counts import count
from streams.engine.adapting.part import Part
from streams.engine.adapting.table import Table
from streams.engine.adapting.work import Work, Worked
from streams.kafka.clients import Clients
from streams.kafka.groups import committed_offsets
from streams.kafka.source_ends import SourceEnds
from streams.kafka.transactions import Identity, Transactions
from streams.logic.partition.fitting import SizeLimits
from topics.of_adapters import AdapterTopics

log = logging.getLogger(__name__)


def group_of(settings: Settings, name: str) -> str:
    """The consumer group of an adapter."""
    return f"{settings.app}-adapter-{name}"


class Parts:
    """Of one member. limits: bytes that each topic takes, by name without prefix."""

    def __init__(
        self, settings: Settings, adapter: Adapter, topics: AdapterTopics, work: Work, clients: Clients,
        ends: SourceEnds, clock: Clock, limits: SizeLimits,
    ) -> None:  # fmt: skip
        self._settings, self._adapter, self._topics, self._work = settings, adapter, topics, work
        self._clients, self._ends, self._clock, self._limits = clients, ends, clock, limits
        self._group = group_of(settings, adapter.name)
        self._held: dict[TopicPartition, Part] = {}

    def held(self) -> list[TopicPartition]:
        """Those that are acquired."""
        return list(self._held)

    def keyed(self) -> list[Part]:
        """Those that have rows."""
        return [part for part in self._held.values() if part.table is not None]

    def of(self, tp: TopicPartition) -> Part | None:
        """One that is acquired; None if it is not."""
        return self._held.get(tp)

    async def acquire(self, wanted: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Acquire partitions; returns from where each is read on."""
        new = [self._new(tp) for tp in wanted if tp not in self._held]
        try:
            await _all(part.fence() for part in new)
            await _all(self._restore(part) for part in new if part.table is not None)
            committed = await committed_offsets(self._clients, self._group)
            for part in new:
                part.next_offset = await self._start(part.tp, committed.get(part.tp))
        except BaseException:
            await asyncio.gather(*(part.close() for part in new), return_exceptions=True)
            raise
        self._held |= {part.tp: part for part in new}
        for part in new:
            told = about("adapter_acquired", topic=part.tp.topic, partition=part.tp.partition, offset=part.next_offset)
            rows = f", {len(part.table)} rows" if part.table is not None else ""
            log.info("acquired %s [%d] from %d%s", *part.tp, part.next_offset, rows, extra=told)
        return {part.tp: part.next_offset for part in new}

    async def take(self, fetched: Mapping[TopicPartition, Sequence[Any]]) -> None:
        """Have each partition apply what was fetched of it. Raises the first error, when all have ended."""
        parts = [(self._held[tp], records) for tp, records in fetched.items() if tp in self._held]
        found = await _all(part.take(records) for part, records in parts)
        for worked in found:
            self._count(worked)

    async def pass_markers(self, positions: Mapping[TopicPartition, int]) -> None:
        """Commit positions behind markers."""
        await _all(self._held[tp].pass_markers(position) for tp, position in positions.items() if tp in self._held)

    async def expire(self, now_ms: int) -> None:
        """Give up all rows that are due by then."""
        for part in self.keyed():
            while part.table is not None and (first := part.table.first_due_ms()) is not None and first <= now_ms:
                self._count(await part.expire(now_ms))

    def first_due_ms(self) -> int | None:
        """When the first row of all is due."""
        found = [part.table.first_due_ms() for part in self.keyed() if part.table is not None]
        return min((one for one in found if one is not None), default=None)

    async def close(self, tps: Iterable[TopicPartition] | None = None) -> None:
        """Give some of them up; None: all."""
        gone = [part for tp in (self.held() if tps is None else tps) if (part := self._held.pop(tp, None)) is not None]
        await asyncio.gather(*(part.close() for part in gone))

    def _new(self, tp: TopicPartition) -> Part:
        is_raw = tp.topic == self._settings.topic(self._topics.raw.name)
        topic, kind = (self._topics.raw, "raw") if is_raw else (self._topics.keyed, "keyed")
        identity = Identity(f"{self._group}-{kind}-{tp.partition}", self._group, self._topics.state.name)
        transactions = Transactions(self._clients, self._settings, tp.partition, self._limits, identity)
        table = None if is_raw else Table(self._adapter)
        return Part(tp, topic.name, self._work, transactions, self._clock, table)

    async def _restore(self, part: Part) -> None:
        state = self._settings.topic(self._topics.state.name)
        await part.restore(self._clients, TopicPartition(state, part.tp.partition))

    async def _start(self, tp: TopicPartition, committed: int | None) -> int:
        """The committed offset; the beginning where there is none, or where the log is another one."""
        first, end = await self._ends.span(tp.topic, tp.partition)
        if committed is None or first <= committed <= end:
            return first if committed is None else committed
        place = {"topic": tp.topic, "partition": tp.partition, "offset": committed}
        told = about("log_shorter", **place) if committed > end else about("records_deleted", **place)
        what = "%s [%d]: offset %d was to be read next, and the log has %d to %d: it is read from its beginning"
        log.error(what, *tp, committed, first, end, extra=told)
        return first

    def _count(self, worked: Worked) -> None:
        count(self._adapter.name, worked, self._settings.prefix, self._clock.now())


async def _all(work: Any) -> list[Any]:
    """Await all of it, also when some fails; then raise the first error."""
    found = await asyncio.gather(*work, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return list(found)
