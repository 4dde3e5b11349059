"""The topics of a Kafka as where records are looked for, and as what an archive is made of."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any

from aiokafka import TopicPartition

from streams.base.settings import Settings
from streams.evidence.gathering import TOPICS
from streams.evidence.records import Kept, Span, Want
from streams.kafka.clients import Clients
from streams.kafka.compacted import ReadRecord
from streams.kafka.fetched import DamagedRecord
from streams.kafka.since import Stretch, read_since
from streams.kafka.source_ends import Span as Log
from streams.kafka.whole_topic import partitions_there
from topics.catalog import CATALOG, CONFIGURATION_TOPICS
from topics.names import TopicName
from topics.partitions import partition_for
from topics.topic import Cleanup

Show = Callable[[str, int], None]


class Topics:
    """Reads from a Kafka.

    since: events and what workers wrote from then on; configuration and contacts come whole. until: nothing that was
    written then or later, None for all.

    read: how many records went by. Each partition is read to the end that it had when it was read first.
    """

    def __init__(self, settings: Settings, since: datetime | None, show: Show, until: datetime | None = None) -> None:
        self._settings, self._since, self._show = settings, since, show
        self._until_ms = None if until is None else int(until.timestamp() * 1000)
        self._clients = Clients(settings)
        self._partitions: dict[str, int] = {}
        self._spans: dict[tuple[str, int], Span] = {}
        self.read = 0

    async def scan(self, topics: Sequence[TopicName], want: Want, keys: Collection[bytes] | None = None) -> list[Kept]:
        """The wanted records. keys: of contacts, whose partitions alone are read, but of dead letters."""
        found: list[Kept] = []
        for topic in topics:
            await self.each(topic, want, found.append, keys)
        return found

    async def each(
        self, topic: TopicName, want: Want, keep: Callable[[Kept], object], keys: Collection[bytes] | None = None
    ) -> None:
        """Hand each wanted record of a topic to `keep`."""
        count = await self._count(topic)
        numbers = sorted(
            {partition_for(key, count) for key in keys or ()} if _is_of_keys(topic, keys) else range(count)
        )
        name = self._settings.topic(topic)
        of_log = {number: _Counted(topic, number, self._until_ms) for number in numbers}

        def take(partition: TopicPartition, records: Sequence[ReadRecord]) -> None:
            self.read += len(records)
            self._show("read", self.read)
            for record in of_log[partition.partition].take(records):
                if want(topic, record.key, record.value):
                    keep(kept_of(topic, record))

        partitions = [TopicPartition(name, number) for number in numbers]
        since = None if _comes_whole(topic) else self._since
        stretches = await read_since(self._clients, partitions, since, take, self._known(topic))
        for partition, stretch in stretches.items():
            span = of_log[partition.partition].span(stretch)
            self._spans.setdefault((topic, partition.partition), span)

    def spans(self) -> Sequence[Span]:
        """How much of each partition was read, the first time."""
        return list(self._spans.values())

    def _known(self, topic: TopicName) -> Callable[[TopicPartition], Log | None]:
        def known(partition: TopicPartition) -> Log | None:
            span = self._spans.get((topic, partition.partition))
            return None if span is None else Log(span.begin, span.end)

        return known

    async def _count(self, topic: TopicName) -> int:
        if topic not in self._partitions:
            self._partitions[topic] = await partitions_there(self._clients, self._settings.topic(topic))
        return self._partitions[topic]


class _Counted:
    """What was met in one partition: not record by record, since there may be millions. until_ms: see `Topics`."""

    def __init__(self, topic: TopicName, partition: int, until_ms: int | None) -> None:
        self._topic, self._partition, self._until_ms = topic, partition, until_ms
        self._first: Any = None
        self._last: Any = None
        self._left_out_from: int | None = None
        self._records = self._damaged = 0

    def take(self, records: Sequence[ReadRecord]) -> Sequence[ReadRecord]:
        """Count some records; returns those that were written in time."""
        within = records if self._until_ms is None else [one for one in records if one.timestamp < self._until_ms]
        later = records[0].offset if not within else None
        if within and within[-1] is not records[-1]:
            later = next(one.offset for one in records if one.offset > within[-1].offset)
        if within:
            self._first = self._first or within[0]
            self._last = within[-1]
            self._left_out_from = None
        if self._left_out_from is None:
            self._left_out_from = later
        self._records += len(within)
        self._damaged += sum(isinstance(record, DamagedRecord) for record in within)
        return within

    def span(self, stretch: Stretch) -> Span:
        return Span(
            topic=self._topic,
            partition=self._partition,
            begin=stretch.begin,
            end=stretch.end,
            read_from=stretch.read_from,
            read_to=stretch.end if self._left_out_from is None else self._left_out_from,
            first=None if self._first is None else self._first.offset,
            last=None if self._last is None else self._last.offset,
            first_ms=None if self._first is None else self._first.timestamp,
            last_ms=None if self._last is None else self._last.timestamp,
            records=self._records,
            damaged=self._damaged,
        )


def kept_of(topic: TopicName, record: ReadRecord) -> Kept:
    """A record of Kafka, byte for byte."""
    return Kept(
        topic=topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        key=record.key,
        value=record.value,
        headers=tuple((name, value) for name, value in record.headers),
        damage=record.damage.what if isinstance(record, DamagedRecord) else None,
    )


def _is_of_keys(topic: TopicName, keys: Collection[bytes] | None) -> bool:
    return keys is not None and topic != TopicName.DEAD_LETTER


def _comes_whole(topic: TopicName) -> bool:
    return topic in CONFIGURATION_TOPICS or CATALOG[topic].cleanup is Cleanup.COMPACT


ARCHIVED = TOPICS
"""What an archive has: all that evidence is made of."""
