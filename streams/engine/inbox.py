"""The records of one partition that wait for a transaction, in the order in which they were fetched.

Batches of all topics of a partition meet here, so that events that trickle in share a transaction. It knows the next
offset of each topic and lets no record pass twice and none be missed; it does not decide.

Placement requests have their own queue: each waits until everything that had arrived before it has been taken,
and nothing waits behind it. Source: docs/rules.md, section 8 row 24; docs/decisions/0012-what-a-placement-waits-for.md.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Iterator, Mapping

from streams.engine.batch import Batch, SourceRecord

RECORDS_MAX = 4000  # More than a transaction takes; further records wait in Faust's queue.
BYTES_MAX = 32 * 1024 * 1024  # Of values: a fetch hands over 16 MiB of decompressed ones at most.


class MissingRecords(Exception):
    """A batch begins after records that were handed over and never arrived: they would be lost."""


def is_next(record: SourceRecord, expected: int) -> bool:
    """Whether a record has not been taken before: after a seek one may be delivered again."""
    return record.offset >= expected


class _Queue:
    """Batches in their order; `put` waits while the queue is full."""

    def __init__(self) -> None:
        self.batches: deque[Batch] = deque()
        self.position = 0  # In the first batch.
        self.count = 0
        self.bytes = 0
        self.has_space = asyncio.Event()

    def clear(self) -> None:
        self.batches.clear()
        self.position = self.count = self.bytes = 0

    @property
    def is_full(self) -> bool:
        return self.count > RECORDS_MAX or self.bytes > BYTES_MAX

    async def put(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.count += len(batch.records)
        self.bytes += batch.bytes
        if self.is_full:
            self.has_space.clear()
            await self.has_space.wait()

    def advance(self) -> None:
        batch = self.batches[0]
        self.position += 1
        if self.position == len(batch.records):
            self.batches.popleft()
            self.position = 0
            self.count -= len(batch.records)
            self.bytes -= batch.bytes
            if not self.is_full:
                self.has_space.set()


class Inbox:
    """Open between `open` and `close`. next: the next offset to take, by full topic name.

    passed: whether `next` was moved over markers, which no transaction has committed yet.
    """

    def __init__(self) -> None:
        self.next: dict[str, int] = {}
        self.passed = False
        self._events = _Queue()
        self._requests = _Queue()
        self._reached: dict[str, int] = {}

    def open(self, starts: Mapping[str, int], recreated: Collection[str] = ()) -> None:
        """Begin at `starts`; what came before is forgotten. recreated: topics whose log is another one now."""
        self._events.clear()
        self._requests.clear()
        before = {topic: 0 if topic in recreated else self.next.get(topic, 0) for topic in starts}
        self.next = {topic: max(start, before[topic]) for topic, start in starts.items()}
        self._reached = {}
        self.passed = False

    def close(self) -> None:
        """Keep nobody waiting."""
        self._events.has_space.set()
        self._requests.has_space.set()

    def reached(self, topic: str, offset: int) -> None:
        """There is nothing of `topic` to take before `offset`: it may end in markers, which nobody hands over."""
        self._reached[topic] = max(offset, self._reached.get(topic, 0))

    def pass_to(self, topic: str, position: int) -> bool:
        """There is nothing but markers of `topic` before `position`; returns whether that is further than before."""
        if position <= self.next[topic]:
            return False
        self.next[topic] = position
        self.passed = True
        return True

    def waits_for(self) -> dict[str, int]:
        """The topics that the next request waits for, with the offset that each must reach."""
        after = self._requests.batches[0].after if self._requests.batches else None
        return {topic: end for topic, end in (after or {}).items() if self._before(topic) < end}

    async def put(self, batch: Batch) -> None:
        """Let a batch wait for its transaction; returns at once unless the queue is full, and else when it is not."""
        await (self._events if batch.after is None else self._requests).put(batch)

    def __bool__(self) -> bool:
        return bool(self._events.batches or self._requests.batches)

    @property
    def has_requests(self) -> bool:
        """Whether a request waits for nothing but its turn."""
        return bool(self._requests.batches) and not self.waits_for()

    def take(self, *, requests: bool = True) -> Iterator[tuple[str, SourceRecord]]:
        """Each record that is next, with its topic, as long as the caller asks. Raises MissingRecords.

        requests: whether placements may be answered. One goes ahead of events that came after it: somebody waits.
        """
        while True:
            answerable = requests and self.has_requests
            queue = self._requests if answerable else self._events
            if not queue.batches:
                return
            batch = queue.batches[0]
            topic, expected = batch.topic, self.next[batch.topic]
            if queue.position == 0 and expected < batch.follows:
                raise MissingRecords(f"{topic}-{batch.partition}: offsets {expected} to {batch.follows - 1}")
            record = batch.records[queue.position]
            queue.advance()
            if is_next(record, expected):
                self.next[topic] = record.offset + 1
                yield topic, record

    def _before(self, topic: str) -> int:
        return max(self.next[topic], self._reached.get(topic, 0))
