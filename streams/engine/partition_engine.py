"""One partition engine for each partition held: state, due index, changelog, and one transactional producer.

It puts time and Kafka around the pure core, `streams.logic.partition`, and decides nothing itself. One
transaction has outputs, changed rows and input offsets. After an error past `begin` memory and Kafka may differ: every
one goes to `broken`, which gives the engine up or ends the process. Source: docs/engine.md.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime

from aiokafka import TopicPartition

from streams.base import metrics
from streams.base.clock import Clock
from streams.base.settings import Settings
from streams.engine.batch import Batch
from streams.engine.counts import count, show_caught_up, show_restored
from streams.engine.deciding import REQUESTS, Deciding
from streams.engine.gate import AcquireGate
from streams.engine.handed import Handed
from streams.engine.inbox import Inbox
from streams.engine.leader_epochs import LeaderEpochs
from streams.engine.slices import Slices
from streams.engine.tracing import NO_SPANS, Spans
from streams.kafka.transactions import Transaction, Transactions
from streams.logic.contact.exchange import Outcome
from streams.logic.partition.partition import Partition
from streams.storage.changelog import Changelog
from streams.storage.local_copy import UnusableState
from streams.storage.store import Store

Broken = Callable[[str, BaseException], None]


class PartitionEngine:
    """Owns one contact partition from `acquire` to `close`.

    epochs: one sequence for all engines of a worker: a batch that was fetched for the former engine of a partition
    never fits its next one.
    """

    def __init__(
        self, settings: Settings, core: Partition, store: Store, transactions: Transactions, changelog: Changelog,
        clock: Clock, broken: Broken, *, epochs: Iterator[int], slices: Slices | None = None,
        spans: Spans = NO_SPANS,
    ) -> None:  # fmt: skip
        self.core = core
        self.number = core.number
        self.epoch = self.in_flight = 0  # In flight: callbacks in the transaction that is being committed.
        self.inbox, self.handed, self.leader_epochs = Inbox(), Handed(), LeaderEpochs()
        self.gate = AcquireGate({})
        self._in_transaction = False
        self.next_timer: datetime | None = None  # As of the last transaction; other threads read this, not the index.
        self.knows_lists = False  # Entries of former owners on Do Not Call lists.
        self._settings = settings
        self._store = store
        self._requests = settings.topic(REQUESTS)
        self._clock = clock
        self._broken = broken
        self._transactions, self._changelog = transactions, changelog
        self._epochs, self._spans = epochs, spans
        self._deciding = Deciding(settings, core, self.inbox, clock, slices or Slices(clock), spans, self)
        self._wake = asyncio.Event()
        self.active = self.proven = False  # Proven: by a commit since it began.
        self._running: asyncio.Task[None] | None = None
        self.transaction_since_s: float | None = None  # When the commit began that is in flight.
        self.last_commit_s = clock.monotonic()

    async def acquire(self, note_wait: Callable[[str], None] = lambda _: None) -> None:
        """Fence the former owner, then read the state to its end, which is final then. note_wait: what it waits for."""
        metrics.engine.PARTITION_READY.labels(self.number).set(0)
        began = self._clock.monotonic()
        self.core.held_times.acquiring(self._clock.now())
        note_wait("its transactional id, by which the former owner is fenced")
        await self._transactions.start()
        metrics.engine.PRODUCER_EPOCHS.inc()
        note_wait(f"its state on {self._changelog.topic}")
        rows = await self._changelog.restore(self._store, self.number, self._clock.now())
        for _ in self.core.ready_in_steps(self._clock.now()):
            await asyncio.sleep(0)
        show_restored(self.core, rows, self._clock.monotonic() - began)

    def begin(self, starts: Mapping[str, int], ends: Mapping[str, int], recreated: Collection[str] = ()) -> None:
        """Begin work: events from `starts` on; timers once everything before `ends` has been processed.

        All by full topic name; recreated: those whose log is another one. What was fetched before this is ignored.
        """
        self.epoch = next(self._epochs)
        self.proven = False
        self.inbox.open(starts, recreated)
        self.handed.open(starts)
        awaited = {topic: end for topic, end in ends.items() if topic != self._requests and end > starts[topic]}
        self.gate = AcquireGate(awaited)
        self.active = True
        self._gate_opened()
        self._running = asyncio.create_task(self._run(), name=f"partition-{self.number}")

    async def suspend(self) -> None:
        """Finish the transaction in flight and begin no other."""
        self.core.held_times.pause(self._clock.now())
        self.active = False
        self.wake()
        self.inbox.close()
        if self._running is not None:
            await asyncio.shield(self._running)
            self._running = None
        metrics.engine.PARTITION_READY.labels(self.number).set(0)

    async def close(self) -> None:
        """Give the partition up."""
        await self.suspend()
        await self._transactions.stop()
        self._store.close()
        metrics.forget_partition(self.number)

    @property
    def ready(self) -> bool:
        """Whether timers fire."""
        return self.active and self.gate.open

    @property
    def busy(self) -> bool:
        """Whether a transaction is in flight or something waits for one."""
        return self._in_transaction or self._wake.is_set()

    def wake(self) -> None:
        """Something has changed: an event, the configuration, the gate."""
        self._wake.set()

    def reached(self, topic: str, offset: int) -> None:
        """All of `topic` before `offset` has been processed; the last one opens the gate."""
        self.inbox.reached(topic, offset)
        if not self.gate.open:
            self.gate.reached(topic, offset)
            self._gate_opened()
        if self.inbox:
            self.wake()  # A request may have waited for this.

    def waits_for(self) -> dict[str, int]:
        """The topics that the gate or a request waits for, with the offset that each must reach."""
        return self.inbox.waits_for() if self.gate.open else self.gate.waiting()

    def _gate_opened(self) -> None:
        if self.gate.open:
            show_caught_up(self.number)
            self.core.held_times.resume(self._clock.now())
            self.wake()

    async def work(self, batch: Batch) -> None:
        """Have a batch processed; returns when the inbox takes more. One of a former epoch is ignored."""
        if self.active and batch.epoch == self.epoch:
            self.wake()
            await self.inbox.put(batch)

    async def _run(self) -> None:
        """One transaction after the other while there is work. Any error in one goes to `broken`."""
        try:
            while self.active:
                self._in_transaction = True
                worked = await self._transact()
                self._in_transaction = False
                if not worked:
                    await self._wait()
        except (Exception, UnusableState) as error:
            self._broken(f"partition {self.number}", error)

    async def _transact(self) -> bool:
        """One transaction: changes of configuration, due timers, events. Returns whether there was any."""
        now = self._clock.now()
        reads_on = self.core.read_ahead(now)
        outcome = self.core.configure(now)
        topics = await self._deciding.decide(outcome, now)
        now = self._deciding.now
        self.next_timer = self.core.next_at()
        if not (outcome or topics):
            return await self._renew(now) or (reads_on and await asyncio.sleep(0, True))  # Others have their turn.
        await self._commit(outcome, self._offsets(topics), now)
        for topic in topics:
            self.reached(topic, self.inbox.next[topic])
        return True

    async def _renew(self, now: datetime) -> bool:
        """Commit that nothing has changed: only that shows that nobody else has the partition, or had it meanwhile."""
        if self.proven and not self.inbox.passed and not self._store.needs_refresh(now):
            return False
        self.inbox.passed = False
        await self._commit(Outcome(), self._offsets(self.inbox.next), now)
        self._store.confirm_fresh(now)
        return True

    async def _wait(self) -> None:
        wait_s = self._clock.wait_s(self.next_timer if self.ready else None)
        handle = asyncio.get_running_loop().call_later(wait_s, self.wake)
        await self._wake.wait()
        handle.cancel()
        self._in_transaction = True  # Before the clearing, so that other threads never see idleness between the two.
        self._wake.clear()

    def _offsets(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        return {TopicPartition(topic, self.number): self.inbox.next[topic] for topic in topics}

    async def _commit(self, outcome: Outcome, offsets: Mapping[TopicPartition, int], now: datetime) -> None:
        self.transaction_since_s = began = self._clock.monotonic()
        self.in_flight = len(outcome.fired)
        self._spans.going_out(outcome, now)
        written_ms, notes = int(now.timestamp() * 1000), self.leader_epochs.notes
        transaction = Transaction(outcome.records, outcome.writes, offsets, written_ms, notes)
        self._store.committed(await self._transactions.commit(transaction), now)
        self.proven, self.in_flight = True, 0
        self._spans.committed(self._clock.now())
        self.transaction_since_s, self.last_commit_s = None, self._clock.monotonic()
        metrics.engine.TRANSACTION_SECONDS.observe(self.last_commit_s - began)
        count(self.core, outcome, self._deciding.taken, self._settings.prefix, self._clock.now())
        self._deciding.taken = []
        self._transactions.check()
