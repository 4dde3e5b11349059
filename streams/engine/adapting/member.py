"""One membership in an adapter's group: the consumer, what it is assigned, and the parts that work on it.

A partition is paused until it is acquired. A rebalance waits for the transactions in flight, and for nothing else.
"""

import asyncio
from collections.abc import Collection
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition

from streams.engine.adapting.parts import Parts
from streams.engine.adapting.watermark import Watermark
from streams.library_internals.aiokafka.group_member import state_of

POLL_S = 0.2


class Member(ConsumerRebalanceListener):  # type: ignore[misc]
    """The consumer, and what it is assigned. A partition is paused until it is acquired."""

    def __init__(self, consumer: Any, parts: Parts, watermark: Watermark) -> None:
        self.consumer, self.parts, self._watermark = consumer, parts, watermark
        self._wanted: set[TopicPartition] = set()
        self._gone: set[TopicPartition] = set()
        self._busy = asyncio.Lock()
        self.is_new = True
        self.held: tuple[TopicPartition, ...] = ()

    @property
    def has_all(self) -> bool:
        """Whether everything that is assigned is acquired; other threads may ask, and for `held`."""
        return not self.is_new

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Before others get them: finish what is in flight, and begin nothing more."""
        self._wanted, self.is_new, self.held = self._wanted - set(revoked), True, ()
        async with self._busy:
            self._watermark.forget()
            self._gone |= set(revoked)
            await self.parts.close(revoked)

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """They are acquired by the loop: this may ask nothing of the group, which waits for it."""
        self.consumer.pause(*assigned)
        self._wanted, self.is_new = set(assigned), True

    async def acquire(self) -> None:
        """Acquire what was assigned, and have it fetched from where it is read on."""
        if not self.is_new or self.consumer.assignment() != self._wanted:
            return
        async with self._busy:
            self._watermark.forget()
            wanted = frozenset(self._wanted)
            starts = await self.parts.acquire(wanted)
            if wanted != self._wanted:  # A rebalance waits; it will close them.
                return
            for tp, offset in starts.items():
                self.consumer.seek(tp, offset)
            self.consumer.resume(*starts)
            self._gone -= wanted
            self.held, self.is_new = tuple(self.parts.held()), False

    async def work(self) -> bool:
        """Fetch and apply; returns whether anything was committed."""
        fetched = await self.consumer.getmany(timeout_ms=int(POLL_S * 1000))
        async with self._busy:
            await self.parts.take(fetched)
        return bool(fetched)

    async def tick(self, now_ms: int) -> None:
        """Once a second: what only markers follow is committed, and what has waited in vain is given up."""
        async with self._busy:
            positions = self._positions()
            raw_only = {tp: at for tp, at in positions.items() if (part := self.parts.of(tp)) and part.table is None}
            await self.parts.pass_markers(raw_only)
            first = self.parts.first_due_ms()
            if first is None or first > now_ms:
                self._watermark.forget()
                return
            keyed = {tp: at for tp, at in positions.items() if tp not in raw_only}
            if (reached := await self._watermark.reached(keyed, now_ms)) is not None:
                await self.parts.expire(reached)

    def lags(self) -> dict[TopicPartition, int]:
        """Records that are not applied yet, by partition, as of the last fetch."""
        found = {}
        for tp in self.parts.held():
            state = state_of(self.consumer, tp)
            if state is not None and state.has_valid_position and state.highwater is not None:
                found[tp] = max(0, state.highwater - state.position)
        return found

    def gone(self) -> set[TopicPartition]:
        """Those that were held and are not any more, once."""
        gone, self._gone = self._gone - set(self.parts.held()), set()
        return gone

    def _positions(self) -> dict[TopicPartition, int]:
        """Of what is held: everything before has been fetched and, since the loop is here, applied."""
        found = {}
        for tp in self.parts.held():
            state = state_of(self.consumer, tp)
            if state is not None and state.has_valid_position:
                found[tp] = int(state.position)
        return found
