"""The records of one partition that wait for a unit, in the order in which they were fetched.

Batches of all topics of a partition meet here, so that events that trickle in share a transaction. It knows the next
offset of each topic and lets no record pass twice and none be missed; it does not decide.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping

from streams.engine.batch import Batch, SourceRecord

RECORDS_MAX = 4000  # More than a unit takes; what is fetched beyond waits in Faust's queue.


class MissingRecords(Exception):
    """A batch begins after records that were handed over and never arrived: they would be lost."""


class Inbox:
    """Open between `open` and `close`. next: the next offset to take, by full topic name."""

    def __init__(self) -> None:
        self.next: dict[str, int] = {}
        self._batches: deque[Batch] = deque()
        self._position = 0  # In the first batch.
        self._count = 0
        self._room = asyncio.Event()
        self._handed: dict[str, int] = {}

    def open(self, starts: Mapping[str, int]) -> None:
        """Begin at `starts`; what came before is forgotten."""
        self._batches.clear()
        self._position = self._count = 0
        self.next = {topic: max(start, self.next.get(topic, 0)) for topic, start in starts.items()}
        self._handed = dict(starts)

    def close(self) -> None:
        """Keep nobody waiting."""
        self._room.set()

    def handed_over(self, topic: str, records: list[SourceRecord]) -> int:
        """Note that records are on their way to the agent; returns the offset before which all were on it already."""
        before = self._handed[topic]
        self._handed[topic] = records[-1].offset + 1
        return before

    def all_taken(self, topic: str) -> bool:
        """Whether everything of `topic` that was handed over has been taken."""
        return self.next[topic] >= self._handed[topic]

    async def put(self, batch: Batch) -> None:
        """Let a batch wait for its unit; returns at once while there is room, and else when there is."""
        self._batches.append(batch)
        self._count += len(batch.records)
        if self._count > RECORDS_MAX:
            self._room.clear()
            await self._room.wait()

    def __bool__(self) -> bool:
        return bool(self._batches)

    def take(self) -> Iterator[tuple[str, SourceRecord]]:
        """Each record that is next, with its topic, as long as the caller asks. Raises MissingRecords."""
        while self._batches:
            batch = self._batches[0]
            topic, expected = batch.topic, self.next[batch.topic]
            if self._position == 0 and expected < batch.follows:
                raise MissingRecords(f"{topic}-{batch.partition}: offsets {expected} to {batch.follows - 1}")
            record = batch.records[self._position]
            self._advance(batch)
            if record.offset >= expected:  # A record may be delivered again after a seek.
                self.next[topic] = record.offset + 1
                yield topic, record

    def _advance(self, batch: Batch) -> None:
        self._position += 1
        if self._position == len(batch.records):
            self._batches.popleft()
            self._position = 0
            self._count -= len(batch.records)
            if self._count <= RECORDS_MAX:
                self._room.set()
