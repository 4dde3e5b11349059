"""One partition of one topic of the modelled broker: records, markers, the last stable offset, and who may append.

An offset is a position in the list: nothing is compacted or deleted. The log knows producers as a real one does, by the
epoch it saw last and the sequence number it expects; it does not ask the coordinator about a transaction that is open.
"""

import asyncio
from dataclasses import dataclass, field

from aiokafka import TopicPartition
from aiokafka.errors import InvalidProducerEpoch, OutOfOrderSequenceNumber

Headers = tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class Stored:
    """A record, or the marker of a transaction. stable_at: since when a read_committed reader gets to it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: Headers = ()
    pid: int | None = None
    epoch: int = 0
    is_marker: bool = False
    is_committed: bool = True
    stable_at: float = -1.0
    transaction: int = -1


@dataclass(slots=True)
class Content:
    """What a producer sends of one record."""

    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: Headers = ()


@dataclass
class _Known:
    """What a log knows of a producer. batches: base offset by the first sequence number."""

    epoch: int
    next_sequence: int = 0
    batches: dict[int, int] = field(default_factory=dict)


class Log:
    """Records of one partition."""

    def __init__(self, tp: TopicPartition) -> None:
        self.tp = tp
        self.records: list[Stored] = []
        self.open: dict[int, list[Stored]] = {}
        self.waiting: dict[asyncio.Future[None], None] = {}
        self._known: dict[int, _Known] = {}
        self._stable = 0
        self._led_from = [0]

    @property
    def end(self) -> int:
        """The high watermark."""
        return len(self.records)

    @property
    def stable_end(self) -> int:
        """The last stable offset: nothing before it is undecided."""
        return self._stable

    def elect(self) -> None:
        """From here on another broker leads it, which has all of it: a new epoch begins."""
        self._led_from.append(self.end)

    def leader_epoch_at(self, offset: int) -> int:
        """In which epoch of its leader a record was written."""
        return max((epoch for epoch, begin in enumerate(self._led_from) if begin <= offset), default=0)

    def end_of_epoch(self, leader_epoch: int) -> int:
        """Where the log went on after an epoch, -1 for one that is not known, as OffsetForLeaderEpoch has it."""
        ends = [*self._led_from[1:], self.end]
        return ends[leader_epoch] if leader_epoch < len(ends) else -1

    def append(self, contents: list[Content], now: float) -> int:
        """Append outside of transactions; returns the offset of the first."""
        base = self.end
        for content in contents:
            self._add(content, None, 0)
        self._advance(now)
        return base

    def produce(self, pid: int, epoch: int, sequence: int, contents: list[Content], now: float) -> int:
        """Append to a transaction; what was appended before is not appended again. Raises what a broker answers."""
        known = self._known.get(pid)
        if known is not None and epoch < known.epoch:
            raise InvalidProducerEpoch
        if known is None or epoch > known.epoch:
            known = self._known[pid] = _Known(epoch)
        if sequence in known.batches:
            return known.batches[sequence]
        if sequence != known.next_sequence:
            raise OutOfOrderSequenceNumber
        base = known.batches[sequence] = self.end
        known.next_sequence += len(contents)
        opened = self.open.setdefault(pid, [])
        opened.extend(self._add(content, pid, epoch) for content in contents)
        self._advance(now)
        return base

    def is_open(self, pid: int, epoch: int) -> bool:
        """Whether a transaction of this epoch is open here: of one before, the marker may still be on its way."""
        return pid in self.open and self._known[pid].epoch == epoch

    def is_repeat(self, pid: int, epoch: int, sequence: int) -> bool:
        """Whether this batch is here already."""
        known = self._known.get(pid)
        return known is not None and known.epoch == epoch and sequence in known.batches

    def mark(self, pid: int, epoch: int, commits: bool, transaction: int, now: float) -> None:
        """Write the marker that ends a producer's transaction here."""
        known = self._known.setdefault(pid, _Known(epoch))
        if epoch > known.epoch:
            self._known[pid] = _Known(epoch)
        for record in self.open.pop(pid, ()):
            record.is_committed = commits
            record.transaction = transaction
        marker = self._add(Content(None, None, 0), pid, epoch)
        marker.is_marker = True
        marker.is_committed = commits
        self._advance(now)

    def _add(self, content: Content, pid: int | None, epoch: int) -> Stored:
        record = Stored(
            self.tp.topic, self.tp.partition, self.end, content.key, content.value, content.timestamp, content.headers,
            pid, epoch, is_committed=pid is None,
        )  # fmt: skip
        self.records.append(record)
        return record

    def _advance(self, now: float) -> None:
        before = self._stable
        self._stable = min((opened[0].offset for opened in self.open.values() if opened), default=self.end)
        for record in self.records[before : self._stable]:
            record.stable_at = now
        waiting, self.waiting = self.waiting, {}
        for future in waiting:
            if not future.done():
                future.set_result(None)
