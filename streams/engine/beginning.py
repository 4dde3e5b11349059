"""Where a partition is read on: at the committed offsets, unless the log of a topic does not go that far any more.

An unclean election, a backup that was restored or a mirror leaves a log that ends before what had been read of it. What
is in it now are other records, also where the offsets are the same, so it is read from where it begins: what had been
read already comes again, and nothing is skipped. Source: docs/decisions/0029-connections-of-a-worker.md.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field

from aiokafka.errors import KafkaError

from streams.base import metrics
from streams.base.log import about
from streams.engine.away import is_away
from streams.engine.partition_engine import Broken, PartitionEngine
from streams.kafka.source_ends import SourceEnds, Span

log = logging.getLogger(__name__)


def shorter(reached: Mapping[str, int], spans: Mapping[str, Span], kept: Mapping[str, int]) -> set[str]:
    """The topics whose log ends, or is another one, before the offset that had been reached. kept: see `Beginning`."""
    return {topic for topic, offset in reached.items() if offset > min(spans[topic].end, kept.get(topic, offset))}


@dataclass
class Beginning:
    """How an engine begins: `starts` for the offsets to seek, then `begin`.

    spans: of each contact topic, by full name; prefix: what those begin with; went_back: topics that are known to have
    gone back to their beginning, however far they go by now. awaited: how far each topic has to be read before timers
    fire; None for as far as it goes. kept: how far each log is still the one that was read, where its leader tells.
    """

    engine: PartitionEngine
    spans: Mapping[str, Span]
    prefix: str
    went_back: Collection[str] = ()
    awaited: Mapping[str, int] | None = None
    kept: Mapping[str, int] = field(default_factory=dict)
    _recreated: set[str] = field(default_factory=set)

    def starts(self, committed: Mapping[str, int]) -> dict[str, int]:
        """The offset to read each topic from."""
        known = self.engine.inbox.next
        reached = {topic: max(offset, known.get(topic, 0)) for topic, offset in committed.items()}
        self._recreated = shorter(reached, self.spans, self.kept) | set(self.went_back)
        for topic in sorted(self._recreated):
            of = self.prefix, topic, self.engine.number
            log_shorter(*of, reached[topic], self.spans[topic], self.kept.get(topic))
        self.engine.leader_epochs.forget(self._recreated)
        for topic, offset in sorted(committed.items()):
            if topic not in self._recreated and 0 < offset < self.spans[topic].first:
                log_deleted(self.prefix, topic, self.engine.number, offset, self.spans[topic].first)
        return {
            topic: self.spans[topic].first if topic in self._recreated else max(offset, self.spans[topic].first)
            for topic, offset in committed.items()
        }

    def begin(self, starts: Mapping[str, int]) -> None:
        """Begin; the partition has been sought to `starts`."""
        ends = {topic: span.end if span.end > span.first else 0 for topic, span in self.spans.items()}
        if self.awaited is not None:
            ends |= {topic: end for topic, end in self.awaited.items() if topic not in self._recreated}
        self.engine.begin(starts, ends, self._recreated)


class LogGaps:
    """Logs that a consumer found not to go on where it had read to. A partition whose log went back begins again."""

    def __init__(
        self, prefix: str, ends: SourceEnds, begin: Callable[[PartitionEngine], Awaitable[None]], broken: Broken
    ) -> None:  # fmt: skip
        self._prefix, self._ends, self._begin, self._broken = prefix, ends, begin, broken
        self._went_back: dict[int, set[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def found(self, engine: PartitionEngine, topic: str, first: int) -> None:
        """`first`: the record after the jump. Records that are missing are gone; those from before come again."""
        reached = engine.handed.to(topic)
        if first >= reached:
            log_deleted(self._prefix, topic, engine.number, reached, first)
        else:
            self._go_back(engine, topic)

    async def is_compared(self, engine: PartitionEngine, topic: str, leader_epoch: int) -> bool:
        """Find whether a log with a new leader epoch is still the one that was read; False if nobody can say so now."""
        reached, epoch, known = engine.handed.to(topic), engine.epoch, engine.leader_epochs.of(topic)
        try:
            end = None if known is None else await self._ends.end_of_epoch(topic, engine.number, known)
        except (KafkaError, TimeoutError) as error:
            if not is_away(error):
                raise
            log.warning("%s-%d: its new leader cannot be asked yet: %r", topic, engine.number, error)
            return False
        if engine.epoch != epoch:
            return False  # It has begun again meanwhile.
        if end is not None and end < reached:
            self._go_back(engine, topic)
        else:
            engine.leader_epochs.read(topic, leader_epoch)
        return True

    def _go_back(self, engine: PartitionEngine, topic: str) -> None:
        known = engine.number in self._went_back
        self._went_back.setdefault(engine.number, set()).add(topic)
        if engine.active and not known:  # Else it begins again anyway, after the assignment.
            task = asyncio.create_task(self._begin_again(engine), name=f"begin-again-{engine.number}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def went_back(self, number: int) -> frozenset[str]:
        """The topics of a partition that went back, and of which nothing has been taken since."""
        return frozenset(self._went_back.get(number, ()))

    def begun(self, number: int, topics: Collection[str]) -> bool:
        """The partition has begun, those topics at their beginning. Returns whether they are all that went back."""
        rest = self._went_back.pop(number, set()).difference(topics)
        if rest:
            self._went_back[number] = rest
        return not rest

    def keep(self, numbers: Collection[int]) -> None:
        """The others have been given up; their next owner looks for itself."""
        self._went_back = {number: topics for number, topics in self._went_back.items() if number in numbers}

    async def stop(self) -> None:
        """A rebalance: an engine that keeps its partition begins after it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _begin_again(self, engine: PartitionEngine) -> None:
        try:
            await engine.suspend()
            await self._begin(engine)
        except Exception as error:
            self._broken(f"partition {engine.number}", error)


def log_shorter(prefix: str, topic: str, partition: int, reached: int, span: Span, kept: int | None = None) -> None:
    """One line, and a count: records may come again. kept: how far it is the log that was read, if a leader tells."""
    now = f"and is out of its range now, {span.first} to {span.end}"
    if kept is not None and kept < reached <= span.end:
        now = f"what was read of it ends at {kept} now, and other records go on to {span.end}"
    metrics.events.LOG_GAPS.labels(topic.removeprefix(prefix), metrics.events.LOG_SHORTER).inc()
    log.error(
        "%s-%d: its log is shorter than what was read of it: offset %d was reached, %s. "
        "It is read from %d: what comes again is known by its event_id, see docs/operate.md",
        topic, partition, reached, now, span.first,
        extra=about("log_shorter", topic=topic, partition=partition, offset=reached),
    )  # fmt: skip


def log_deleted(prefix: str, topic: str, partition: int, reached: int, first: int) -> None:
    """One line, and a count: records may be lost."""
    metrics.events.LOG_GAPS.labels(topic.removeprefix(prefix), metrics.events.RECORDS_DELETED).inc()
    log.error(
        "%s-%d: offset %d was reached, and it begins at %d now: what was between was deleted before it was read. "
        "Its retention has to be longer than any outage", topic, partition, reached, first,
        extra=about("records_deleted", topic=topic, partition=partition, offset=reached),
    )  # fmt: skip
