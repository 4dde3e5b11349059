"""One member of the group: joins, fetches, hands over to the agents, and takes part in rebalances.

The parts of Faust that count here are modelled after 0.15.3: the order of steps in a rebalance, the flow that stops and
goes on, the queues of the agents that are cleared, and the message that is dropped when the flow stops while it waits
for room.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any, cast

from aiokafka.errors import RebalanceInProgressError, UnknownMemberIdError
from faust.types import TP

from streams.engine.engines import Engines
from tests.simulation.group import FencedInstanceIdError
from tests.simulation.group_consumer import GroupConsumer, SimulatedConsumer
from tests.simulation.wire import Machine

HEARTBEATS_PER_SESSION = 5
QUEUED_MAX = 16
LEADS = 0.5
"""How likely a member is the leader of its group."""


class Queue:
    """The queue of an agent, mode's FlowControlQueue: it can be cleared, and takes nothing while the flow stands."""

    def __init__(self) -> None:
        self.items: deque[Any] = deque()
        self.has_items = asyncio.Event()
        self.has_room = asyncio.Event()


class Member:
    """Of one process, from its start to its end."""

    def __init__(
        self, machine: Machine, engines: Engines, topics: list[str], session_s: float, instance: str | None
    ) -> None:
        self.wire = machine.wire
        self.engines = engines
        self.client = GroupConsumer(self.wire)
        self.consumer = SimulatedConsumer(engines, self.client)
        self._machine = machine
        self._topics = topics
        self._heartbeat_s = session_s / HEARTBEATS_PER_SESSION
        self._instance = instance
        self._ids = (f"{machine.name}.{number}" for number in itertools.count(1))
        self.member_id = next(self._ids)
        self._asked = asyncio.Event()  # Set when the group is asked anew.
        self._queues = {topic: Queue() for topic in topics}
        self._flows = asyncio.Event()
        loops = [self._fetch(), self._coordinate(), *(self._agent(queue) for queue in self._queues.values())]
        self._tasks = [asyncio.create_task(self._crashing(loop)) for loop in loops]

    async def leave(self) -> None:
        """Stop, and say so to the group, unless the member is static."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._instance is None:
            await self.wire.call("LeaveGroup", lambda: self.wire.group.leave(self.member_id))

    async def _crashing(self, loop: Coroutine[Any, Any, None]) -> None:
        """What Faust would end the process for is a fault here: of the engine, or of this model."""
        try:
            await loop
        except Exception as error:
            self.wire.loop.failed = error

    async def _coordinate(self) -> None:
        try:
            while True:
                generation, share = await self._join()
                await self._assigned(share, generation)
                await self._beat(generation)
                await self._revoked()
        except FencedInstanceIdError as error:
            self._machine.die(repr(error))

    async def _join(self) -> tuple[int, list[int]]:
        """A member that joins once more is told what it has; if it is the leader, the group shares out anew."""
        group = self.wire.group
        if self._asked.is_set() and self.wire.chance.happens(LEADS):
            group.rebalance()
        self._asked.clear()
        return await self.wire.call("JoinGroup", lambda: cast(Any, group.join(self.member_id, self._instance)))

    async def _rejoin(self) -> None:
        """aiokafka's `request_rejoin`."""
        self.wire.chance.counts["asked the group anew"] += 1
        self._asked.set()

    async def _beat(self, generation: int) -> None:
        group = self.wire.group
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), self._heartbeat_s)
                return
            try:
                await self.wire.call("Heartbeat", lambda: group.heartbeat(self.member_id, generation))
            except RebalanceInProgressError:
                return
            except UnknownMemberIdError:
                self.member_id = next(self._ids)
                return

    async def _revoked(self) -> None:
        """App._on_partitions_revoked: stop the flow, clear the queues, then the signal."""
        revoked = set(self.client.assignment())
        self.consumer._active_partitions.difference_update(revoked)
        self.consumer._paused_partitions.difference_update(revoked)
        for tp in revoked:
            self.consumer._read_offset.pop(tp, None)
        if revoked:
            self.consumer.stop_flow()
            self._flows.clear()
            self.consumer.pause_partitions(revoked)
            self._clear()
            await asyncio.sleep(0)
        await self.engines.suspend()

    async def _assigned(self, share: list[int], generation: int) -> None:
        """App._on_partitions_assigned: pause, have the recovery begin in the background, then the signal."""
        assigned = [TP(topic, number) for topic in self._topics for number in share]
        self.client.assigned(assigned)
        self.consumer.app.consumer_generation_id = generation
        self.consumer._paused_partitions.intersection_update(assigned)
        self.consumer._set_active_tps(set(assigned))
        await asyncio.sleep(0)
        self.consumer.pause_partitions(assigned)
        self._resuming = asyncio.create_task(self._resume(generation))
        await self.engines.assign(share, generation, self.consumer.resume_source, self._rejoin)
        self._machine.in_doubt.clear()

    async def _resume(self, generation: int) -> None:
        """Recovery._resume_streams, when there are no tables."""
        await asyncio.sleep(self.wire.chance.delay_s())
        if self.consumer.app.consumer_generation_id != generation:
            return
        self.consumer.resume_partitions(self.client.assignment())
        await self.consumer.perform_seek()
        self._flows.set()
        self._clear()
        self.consumer.resume_flow()

    def _clear(self) -> None:
        for queue in self._queues.values():
            queue.items.clear()
            queue.has_room.set()

    async def _fetch(self) -> None:
        """Consumer._drain_messages."""
        while True:
            batches: AsyncIterator[tuple[TP, Any]] = self.consumer.getmany(timeout=1.0)
            async for tp, message in batches:
                before = self.consumer._read_offset.get(tp)
                if before is None or message.offset >= before:
                    await self._hand_over(message)
                    self.consumer._read_offset[tp] = message.offset
            await asyncio.sleep(0)

    async def _hand_over(self, message: Any) -> None:
        """Wait for the flow and for room; a message that waits when the flow stops is dropped."""
        queue = self._queues[message.topic]
        while not self._flows.is_set() or len(queue.items) >= QUEUED_MAX:
            if self.consumer.suspend_flow.is_set():
                self.wire.chance.counts["batches dropped by Faust"] += 1
                return
            queue.has_room.clear()
            await queue.has_room.wait()
        queue.items.append(message.value)
        queue.has_items.set()

    async def _agent(self, queue: Queue) -> None:
        while True:
            while not queue.items:
                queue.has_items.clear()
                await queue.has_items.wait()
            batch = queue.items.popleft()
            queue.has_room.set()
            await self.engines.held.work(batch)
