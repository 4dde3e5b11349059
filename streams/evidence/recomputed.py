"""What workers would have written for the lines of an export, which has what they read alone: recomputed records.

They are no records of what was done. The document says so, before anything else.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from streams.evidence.records import Kept, Span
from streams.logic.contact.clock_check import EPOCH
from streams.simulator.lines import Line
from streams.simulator.simulate import Written, converse
from topics.names import TopicName

_MILLISECOND = timedelta(milliseconds=1)


class Recomputed:
    """Each line and each record that follows from it, on one partition. last: the instant of the last line."""

    def __init__(self) -> None:
        self._offsets: Counter[str] = Counter()
        self._spans: dict[str, Span] = {}
        self.last: datetime | None = None

    def records(self, lines: Iterable[Line]) -> Iterator[Kept]:
        """All of them, in the order of a virtual clock that ends with the last line. Raises MalformedLine."""
        for one in converse(lines, None, 1):
            if isinstance(one, Written):
                yield self._kept(one.record.topic, one.at, one.record.key, one.record.value, one.record.headers)
            else:
                self.last = one.at
                yield self._kept(one.topic, one.at, one.key, one.value, one.headers)

    def spans(self) -> list[Span]:
        """What there is of each topic: all of it."""
        return [self._spans[topic] for topic in sorted(self._spans)]

    def _kept(
        self,
        topic: str,
        at: datetime,
        key: bytes | None,
        value: bytes | None,
        headers: Iterable[tuple[str, bytes | None]],
    ) -> Kept:
        name, offset, ms = TopicName(topic), self._offsets[topic], (at - EPOCH) // _MILLISECOND
        self._offsets[topic] = offset + 1
        empty = Span(topic=name, partition=0, begin=0, end=0, read_from=0, read_to=0)
        self._spans[topic] = self._spans.get(topic, empty).grown(offset, ms)
        return Kept(
            topic=name, partition=0, offset=offset, timestamp_ms=ms, key=key, value=value, headers=tuple(headers)
        )
