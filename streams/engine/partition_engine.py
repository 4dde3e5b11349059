"""One partition engine for each partition held: state, due index, changelog, and one transactional producer.

It puts time and Kafka around the pure core of `streams.engine.partition` and decides nothing itself. A unit is one
transaction: outputs, changed rows and input offsets. After an error past `begin` what is in memory and what is in Kafka
may differ, so every error goes to `broken`, which ends the process. Source: docs/engine.md.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiokafka import TopicPartition

from streams import metrics
from streams.engine.batch import Batch, SourceRecord, arrived
from streams.engine.clock import Clock
from streams.engine.gate import AcquireGate
from streams.engine.partition import Partition
from streams.engine.restore import read_to_end, reader
from streams.engine.transaction import Transactions, Unit
from streams.logic.exchange import Outcome
from streams.settings import Settings

log = logging.getLogger(__name__)

# A unit decides for at most this long before it commits: the loop is not free meanwhile, so this bounds the lateness
# of every other partition's timers.
SLICE_S = 0.010


class PartitionEngine:
    """Owns one contact partition from `acquire` to `close`."""

    def __init__(
        self,
        settings: Settings,
        core: Partition,
        changelog: str,
        clock: Clock,
        broken: Callable[[str, BaseException], None],
    ) -> None:
        self.core = core
        self.number = core.number
        self.epoch = 0  # How often the partition has been released.
        self.next: dict[str, int] = {}  # The next offset to process, by full topic name.
        self.handed: dict[str, int] = {}  # The offset after what has been handed to the agents.
        self.gate = AcquireGate({})
        self._settings = settings
        self._changelog = changelog
        self._clock = clock
        self._broken = broken
        self._transactions = Transactions(settings, core.number, changelog)
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._active = False
        self._timers: asyncio.Task[None] | None = None

    async def acquire(self) -> None:
        """Fence the former owner, then read the state to its end: in this order the end is final."""
        began = time.monotonic()
        await self._transactions.start()
        changelog = TopicPartition(self._changelog, self.number)
        async with reader(self._settings, [changelog]) as consumer:
            rows = await read_to_end(consumer, lambda record: self.core.restore(record.key, record.value))
        self.core.ready(self._clock.now())
        seconds = time.monotonic() - began
        metrics.RESTORE_SECONDS.labels(self.number).set(seconds)
        metrics.RESTORED_ROWS.labels(self.number).set(rows)
        metrics.OUTSTANDING.labels(self.number).set(self.core.outstanding)
        log.info(
            "partition %d: restored %d rows in %.2f s, %d callbacks outstanding",
            self.number, rows, seconds, self.core.outstanding,
        )  # fmt: skip

    def begin(self, starts: Mapping[str, int], ends: Mapping[str, int]) -> None:
        """Take up work: events from `starts` on; timers once everything before `ends` has been processed.

        Both by full topic name. What was fetched before this moment is left alone.
        """
        self.epoch += 1
        self.handed.clear()
        self.next = {topic: max(start, self.next.get(topic, 0)) for topic, start in starts.items()}
        self.gate = AcquireGate({topic: end for topic, end in ends.items() if end > starts[topic]})
        self._active = True
        self._gate_opened()
        self._timers = asyncio.create_task(self._guard(self._run_timers()), name=f"timers-{self.number}")

    async def suspend(self) -> None:
        """Finish the unit in flight and begin no other."""
        self._active = False
        if self._timers is not None:
            self._wake.set()
            await self._timers
            self._timers = None
        async with self._lock:
            metrics.PARTITION_READY.labels(self.number).set(0)

    async def close(self) -> None:
        """Give the partition up."""
        await self.suspend()
        await self._transactions.stop()
        metrics.forget_partition(self.number)

    @property
    def ready(self) -> bool:
        """Whether timers fire."""
        return self._active and self.gate.open

    @property
    def busy(self) -> bool:
        """Whether a unit is in flight."""
        return self._lock.locked()

    def reached(self, topic: str, offset: int) -> None:
        """All of `topic` before `offset` has been processed; the last one opens the gate."""
        if not self.gate.open:
            self.gate.reached(topic, offset)
            self._gate_opened()

    def _gate_opened(self) -> None:
        if self.gate.open:
            log.info("partition %d: caught up, timers fire", self.number)
            metrics.PARTITION_READY.labels(self.number).set(1)
            self._wake.set()

    async def configure(self) -> None:
        """Bring the partition up to the configuration that is known now; a cancelled caller does not stop it."""
        await asyncio.shield(asyncio.create_task(self._guard(self._configure())))

    async def _configure(self) -> None:
        async with self._lock:
            await self._commit(self.core.configure(self._clock.now()), {})
            self._wake.set()

    async def reconfigure(self) -> None:
        """The configuration has changed; while suspended the partition waits for `begin`."""
        if self._active:
            await self.configure()

    async def work(self, batch: Batch) -> None:
        """Process a fetched batch, unit by unit, as long as it is ours to process.

        The units run in a task of their own: a cancelled agent must not leave a transaction half written.
        """
        await asyncio.shield(asyncio.create_task(self._guard(self._work(batch))))

    async def _work(self, batch: Batch) -> None:
        done = 0
        while done < len(batch.records):
            async with self._lock:
                if not self._active or batch.epoch != self.epoch:
                    return  # Left alone: it is read again after the next release.
                outcome = self._fire_due()
                done = self._apply(batch.topic, batch.records, done, outcome)
                offset = batch.records[done - 1].offset + 1
                await self._commit(outcome, {TopicPartition(batch.topic, self.number): offset})
                self.reached(batch.topic, offset)
                self._wake.set()

    def _apply(self, topic: str, records: Sequence[SourceRecord], start: int, outcome: Outcome) -> int:
        """Decide from `start` on until the slice is over; returns how far it came."""
        name = topic.removeprefix(self._settings.prefix)
        end = min(len(records), start + self._settings.unit_events_max)
        now = self._clock.now()
        until = time.monotonic() + SLICE_S
        expected = self.next.get(topic, 0)
        position = start
        while position < end and (position == start or time.monotonic() < until):
            record = records[position]
            position += 1
            if record.offset >= expected:  # A record may be delivered again after a seek.
                outcome.merge(self.core.apply(arrived(name, record), now))
        self.next[topic] = max(expected, records[position - 1].offset + 1)
        return position

    def _fire_due(self) -> Outcome:
        """Fire what is due, oldest first, until the slice or the batch is over."""
        outcome = Outcome()
        if not self.ready:
            return outcome
        now = self._clock.now()
        until = time.monotonic() + SLICE_S
        for _ in range(self._settings.fire_batch_max):
            at = self.core.next_at()
            if at is None or at > now or time.monotonic() > until:
                break
            fired = self.core.fire(self._clock.moment(at, now))
            if fired is None:
                break
            outcome.merge(fired)
        return outcome

    async def _run_timers(self) -> None:
        while self._active:
            async with self._lock:
                outcome = self._fire_due()
                await self._commit(outcome, {})
            await self._wait()

    async def _wait(self) -> None:
        """Sleep until the next timer, or until something changes it."""
        wait_s = self._clock.wait_s(self.core.next_at() if self.ready else None)
        handle = asyncio.get_running_loop().call_later(wait_s, self._wake.set)
        await self._wake.wait()
        handle.cancel()
        self._wake.clear()

    async def _commit(self, outcome: Outcome, offsets: dict[TopicPartition, int]) -> None:
        if not (outcome or offsets):
            return
        began = time.monotonic()
        now = self._clock.now()
        await self._transactions.commit(
            Unit(outcome.records, outcome.writes, offsets, timestamp_ms=int(now.timestamp() * 1000))
        )
        metrics.UNIT_SECONDS.observe(time.monotonic() - began)
        self._count(outcome)

    def _count(self, outcome: Outcome) -> None:
        now = self._clock.now()
        metrics.UNITS.inc()
        metrics.OUTSTANDING.labels(self.number).set(self.core.outstanding)
        for fired in outcome.fired:
            late_s = max(0.0, (now - fired.due_at).total_seconds())
            metrics.LATENESS.labels(fired.topic, fired.cause).observe(late_s)
            metrics.COMMANDS.labels(fired.topic).inc()
        for (topic, result), count in outcome.counts.items():
            metrics.EVENTS.labels(topic, result).inc(count)
        for error, count in outcome.dead.items():
            metrics.DEAD_LETTERS.labels(error).inc(count)
        for fault in outcome.faults:
            metrics.FAULTS.inc()
            log.error("partition %d: a fault of ours was undone and set aside:\n%s", self.number, fault)

    async def _guard(self, unit: Awaitable[None]) -> None:
        """Run a unit; whatever goes wrong in it ends the process."""
        try:
            await unit
        except Exception as error:
            self._active = False
            self._broken(f"partition {self.number}", error)
            raise
