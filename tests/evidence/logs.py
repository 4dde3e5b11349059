"""Logs as a Kafka would have them after a virtual worker has worked, and a source that reads them."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any

from streams.evidence.coverage import Limits
from streams.evidence.document import Asked, Document, Made, document_of
from streams.evidence.gathering import gather
from streams.evidence.number import Number
from streams.evidence.records import Kept, Span, Want
from streams.logic.contact.clock_check import EPOCH
from streams.simulator.lines import Line, parse_line
from streams.simulator.simulate import VirtualWorker, Written
from tests.builders import NUMBER, instant
from topics.catalog import CATALOG
from topics.names import TopicName
from topics.partitions import partition_for

PARTITIONS = 1
BEGIN, END = "2026-11-23T00:00:00Z", "2026-11-25T00:00:00Z"
MADE_AT = "2026-11-27T12:00:00Z"


class Logs:
    """Sends events to a virtual worker, and keeps all that came and all that it wrote."""

    def __init__(self) -> None:
        self.core = VirtualWorker(PARTITIONS)
        self.records: list[Kept] = []
        self._offsets: Counter[tuple[str, int]] = Counter()
        self.at = "2026-11-23T08:00:00Z"

    def send(self, topic: str, value: Any, at: str | None = None, key: str | None = None) -> None:
        occurred_at = value.get("occurred_at", self.at) if isinstance(value, dict) else self.at
        self.at = at or max(self.at, occurred_at)
        text = json.dumps({"topic": topic, "at": self.at, "key": key, "value": value})
        line = parse_line(text.encode(), "test")
        for one in self.core.advance(line.at):
            self._write(one)
        self._keep(line)
        for one in self.core.arrive(line):
            self._write(one)

    def run_to(self, at: str) -> None:
        self.at = at
        for one in self.core.advance(instant(at)):
            self._write(one)

    def _write(self, one: Written) -> None:
        self._keep(Line(one.record.topic, one.at, one.record.key, one.record.value, one.record.headers))

    def _keep(self, line: Line) -> None:
        count = CATALOG[line.topic].partition_count(PARTITIONS)
        partition = 0 if line.key is None else partition_for(line.key, count)
        offset = self._offsets[line.topic, partition]
        self._offsets[line.topic, partition] += 1
        self.records.append(
            Kept(
                topic=TopicName(line.topic),
                partition=partition,
                offset=offset,
                timestamp_ms=(line.at - EPOCH) // timedelta(milliseconds=1),
                key=line.key,
                value=line.value,
                headers=line.headers,
            )
        )


class Memory:
    """A source that has logs in memory. order: in which records come."""

    def __init__(self, records: Iterable[Kept], begins: dict[str, int] | None = None) -> None:
        self._begins = begins or {}
        self._all = [one for one in records if one.offset >= self._begins.get(one.topic, 0)]

    async def scan(self, topics: Sequence[TopicName], want: Want, keys: Collection[bytes] | None = None) -> list[Kept]:
        return [one for one in self._all if one.topic in topics and want(one.topic, one.key, one.value)]

    def spans(self) -> list[Span]:
        found: dict[tuple[str, int], Span] = {}
        for one in sorted(self._all, key=lambda one: (one.topic, one.partition, one.offset)):
            begin = self._begins.get(one.topic, 0)
            empty = Span(topic=one.topic, partition=one.partition, begin=begin, end=0, read_from=begin, read_to=0)
            place = one.topic, one.partition
            found[place] = found.get(place, empty).grown(one.offset, one.timestamp_ms)
        return list(found.values())


async def made(
    records: Iterable[Kept], number: str = NUMBER, begins: dict[str, int] | None = None, **changes: Any
) -> Document:
    """The document about a number that these records make."""
    begin, end = instant(changes.pop("begin", BEGIN)), instant(changes.pop("end", END))
    about = Number(number)
    asked = Asked(phone_number=number, spellings=about.spellings, begin=begin, end=end, since=None)
    how = Made(
        at=instant(changes.pop("made_at", MADE_AT)), by="ringback test", app="ringback", prefix="ringback.",
        cluster_id="C", source="topics",
    )  # fmt: skip
    gathered = await gather(Memory(records, begins), about)
    return document_of(asked, how, Limits(as_of=end, **changes), gathered)
