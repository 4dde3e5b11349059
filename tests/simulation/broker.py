"""The modelled broker: logs, the transaction coordinator, and the offsets of one group.

Errors are those of the protocol that aiokafka 0.14 speaks, under the names it has for them. `Again` stands for those
that it answers by asking again. Everything is carried out at once; what takes time is the way there and back, and the
markers of a transaction, which are written one by one after its end has been decided.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

from aiokafka import TopicPartition
from aiokafka.errors import InvalidProducerEpoch, InvalidTxnState, NotLeaderForPartitionError

from tests.simulation.chance import Chance
from tests.simulation.log import Content, Log, Stored
from tests.simulation.loop import VirtualLoop
from topics.partitions import partition_for

MARKER_LATEST_S = 5.0
"""By how much a marker is late at most."""
NOT_THE_LEADER = 0.2
"""How likely who is asked about its epochs does not lead the partition any more."""


class Again(Exception):
    """Not now: the transaction before is still being ended, or what was asked for is still being loaded."""


class Stage(Enum):
    """Where a transactional id stands."""

    EMPTY = auto()
    ONGOING = auto()
    COMMITTING = auto()
    ABORTING = auto()
    COMMITTED = auto()
    ABORTED = auto()


@dataclass
class Transactional:
    """A transactional id. transaction: number of the transaction, in the order in which they were decided."""

    pid: int
    timeout_s: float
    epoch: int = -1
    stage: Stage = Stage.EMPTY
    partitions: dict[TopicPartition, None] = field(default_factory=dict)
    with_offsets: bool = False
    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    notes: dict[TopicPartition, str] = field(default_factory=dict)
    number: int = 0
    transaction: int = -1
    taken_at: dict[int, float] = field(default_factory=dict)
    taken_by: dict[int, str] = field(default_factory=dict)


class Broker:
    """One node that holds everything."""

    def __init__(self, loop: VirtualLoop, chance: Chance, trace: Callable[[str], None]) -> None:
        self.loop = loop
        self.chance = chance
        self.trace = trace
        self.logs: dict[TopicPartition, Log] = {}
        self.committed: dict[TopicPartition, int] = {}
        self.notes: dict[TopicPartition, str] = {}
        self.ids: dict[str, Transactional] = {}
        self.marker_is_late: Callable[[], None] = lambda: None
        self.down_until = 0.0
        self.stood_still: list[TopicPartition] = []
        self._transactions = 0

    def log(self, tp: TopicPartition) -> Log:
        """The log of a partition, made when it is first asked for."""
        if tp not in self.logs:
            self.logs[tp] = Log(tp)
        return self.logs[tp]

    def send(self, topic: str, partitions: int, content: Content) -> Stored:
        """What a producer outside of the simulation writes, without transactions."""
        number = partition_for(content.key, partitions) if content.key and partitions > 1 else 0
        log = self.log(TopicPartition(topic, number))
        return log.records[log.append([content], self.loop.time())]

    def init_producer_id(
        self, name: str, timeout_s: float, held_since: float | None = None, machine: str = ""
    ) -> tuple[int, int]:  # fmt: skip
        """A new epoch; who had the id before is fenced, and what it had open is aborted before this is answered.

        held_since: when the partition was taken by who has had it ever since. machine: who asks.
        """
        known = self.ids.get(name)
        if known is None:
            known = self.ids[name] = Transactional(len(self.ids) + 1, timeout_s)
        if known.stage is Stage.ONGOING:
            known.epoch += 1
            self._end(name, known, commits=False)
        if known.stage in (Stage.COMMITTING, Stage.ABORTING):
            raise Again
        known.epoch += 1
        known.stage = Stage.EMPTY
        known.timeout_s = timeout_s
        known.taken_at[known.epoch] = self.loop.time() if held_since is None else held_since
        known.taken_by[known.epoch] = machine
        return known.pid, known.epoch

    def add_partitions(self, name: str, epoch: int, partitions: list[TopicPartition]) -> None:
        """Make partitions part of the transaction; the first one begins it."""
        known = self._begun(name, epoch)
        known.partitions.update(dict.fromkeys(partitions))

    def add_offsets(self, name: str, epoch: int) -> None:
        """Make the group's offsets part of the transaction."""
        self._begun(name, epoch).with_offsets = True

    def commit_offsets(
        self, name: str, epoch: int, offsets: dict[TopicPartition, int], notes: dict[TopicPartition, str]
    ) -> None:  # fmt: skip
        """Offsets, and what is noted with them, that count when the transaction is committed."""
        known = self._known(name, epoch)
        if known.stage is not Stage.ONGOING or not known.with_offsets:
            raise InvalidTxnState
        known.offsets.update(offsets)
        known.notes.update(notes)

    def produce(self, name: str, epoch: int, tp: TopicPartition, sequence: int, contents: list[Content]) -> int:
        """Append a batch; returns its offset, or -1 when it is there already and the broker has forgotten where.

        A transaction that is not open in this log yet is verified with the coordinator, as since Kafka 3.6.
        """
        known, log = self.ids[name], self.log(tp)
        if known.pid not in log.open and not log.is_repeat(known.pid, epoch, sequence):
            known = self._known(name, epoch)
            if known.stage is not Stage.ONGOING or tp not in known.partitions:
                raise InvalidTxnState
        is_repeat = log.is_repeat(known.pid, epoch, sequence)
        base = log.produce(known.pid, epoch, sequence, contents, self.loop.time())
        return -1 if is_repeat and self.chance.happens(0.5) else base

    def end(self, name: str, epoch: int, *, commits: bool = True) -> None:
        """Decide the transaction. Asked once more, it says the same."""
        known = self._known(name, epoch)
        if known.stage in (Stage.COMMITTING, Stage.ABORTING):
            raise Again
        if known.stage is Stage.ONGOING:
            self._end(name, known, commits=commits)
        elif known.stage is not (Stage.COMMITTED if commits else Stage.ABORTED):
            raise InvalidTxnState

    def fetch_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int | None]:
        """Committed offsets, as OffsetFetch v3 has them: what a transaction is about to commit does not show."""
        return {tp: self.committed.get(tp) for tp in partitions}

    def end_of_epoch(self, tp: TopicPartition, leader_epoch: int) -> int:
        """Where a log goes on after an epoch of its leader. Now and then another broker leads it, which is not told."""
        self.chance.counts["leaders asked"] += 1
        if self.chance.on and self.chance.happens(NOT_THE_LEADER):
            raise NotLeaderForPartitionError
        return self.log(tp).end_of_epoch(leader_epoch)

    def taken_at(self, record: Stored) -> float:
        """When the producer of a record took its transactional id."""
        for known in self.ids.values():
            if known.pid == record.pid:
                return known.taken_at.get(record.epoch, 0.0)
        return 0.0

    def taken_by(self, record: Stored) -> str:
        """The machine that had taken the transactional id with which a record was written."""
        return next(
            (known.taken_by.get(record.epoch, "") for known in self.ids.values() if known.pid == record.pid), ""
        )

    def _known(self, name: str, epoch: int) -> Transactional:
        known = self.ids[name]
        if epoch != known.epoch:
            raise InvalidProducerEpoch
        return known

    def _begun(self, name: str, epoch: int) -> Transactional:
        known = self._known(name, epoch)
        if known.stage in (Stage.COMMITTING, Stage.ABORTING):
            raise Again
        if known.stage is not Stage.ONGOING:
            known.stage = Stage.ONGOING
            known.number += 1
            self.loop.outside(known.timeout_s, self._time_out, name, known.number)
        return known

    def _time_out(self, name: str, number: int) -> None:
        known = self.ids[name]
        if known.stage is Stage.ONGOING and known.number == number:
            self.trace(f"{name} timed out")
            self.chance.counts["timed out"] += 1
            known.epoch += 1
            self._end(name, known, commits=False)

    def _end(self, name: str, known: Transactional, *, commits: bool) -> None:
        known.stage = Stage.COMMITTING if commits else Stage.ABORTING
        self._transactions += 1
        known.transaction = self._transactions
        self.trace(f"{name} epoch {known.epoch} {'commits' if commits else 'aborts'} transaction {known.transaction}")
        self.chance.counts["committed" if commits else "aborted"] += 1
        marks: list[Callable[[], None]] = [self._marker(known, tp, commits) for tp in known.partitions]
        if known.with_offsets:
            marks.append(self._offsets(known, commits))
        known.partitions, known.offsets, known.notes, known.with_offsets = {}, {}, {}, False
        left = [len(marks)]
        for mark in marks:
            late = self.chance.on and self.chance.happens(self.chance.rates.markers_late)
            if late:
                self.marker_is_late()
            delay_s = self.chance.delay_s() + (self.chance.random.uniform(0, MARKER_LATEST_S) if late else 0)
            self.loop.outside(delay_s, self._write, mark, known, left)

    def _write(self, mark: Callable[[], None], known: Transactional, left: list[int]) -> None:
        mark()
        left[0] -= 1
        if not left[0]:
            known.stage = Stage.COMMITTED if known.stage is Stage.COMMITTING else Stage.ABORTED

    def _marker(self, known: Transactional, tp: TopicPartition, commits: bool) -> Callable[[], None]:
        pid, epoch, transaction = known.pid, known.epoch, known.transaction
        return lambda: self.log(tp).mark(pid, epoch, commits, transaction, self.loop.time())

    def _offsets(self, known: Transactional, commits: bool) -> Callable[[], None]:
        offsets, notes = (known.offsets, known.notes) if commits else ({}, {})
        # A transaction that writes nothing may stay where it is: it asks whether the partition is still its owner's.
        least = 1 if known.partitions else 0

        def write() -> None:
            self.stood_still += [tp for tp, offset in offsets.items() if offset < self.committed.get(tp, 0) + least]
            self.committed.update(offsets)
            self.notes.update(notes)

        return write
