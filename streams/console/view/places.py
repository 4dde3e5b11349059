"""Where to go on reading, and when what has been read does not count any more. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from streams.console.view.writer import Position

AGE_MAX = timedelta(days=3)
"""A compacted topic forgets tombstones after 7 days: who was away for longer may have missed that a contact is gone."""
CLOCKS_MAX = timedelta(minutes=5)

Place = tuple[str, int]
"""A topic without prefix, and a partition."""


class Span(NamedTuple):
    """The first offset of a partition, and the one after its last record that is committed."""

    first: int
    end: int


class Source(NamedTuple):
    """What the brokers have: the cluster, the id of each topic, and the span of each partition."""

    cluster: str
    topic_ids: Mapping[str, str]
    spans: Mapping[Place, Span]


class Known(NamedTuple):
    """What has been read, of which cluster, and when that was up to date last; None before the first time."""

    cluster: str
    written_at: datetime | None
    positions: Mapping[Place, Position]


def why_void(known: Known, source: Source, now: datetime) -> str | None:
    """Why all has to be read from the beginning, in words; None if what has been read still counts."""
    if not known.positions:
        return None
    if known.cluster and known.cluster != source.cluster:
        return "it is of another cluster"
    if known.written_at is None or not -CLOCKS_MAX <= now - known.written_at <= AGE_MAX:
        return f"it was written at {known.written_at}, not within the last {AGE_MAX.days} days"
    topics = {topic for topic, _ in known.positions}
    for topic, number in source.spans:
        if topic in topics and (topic, number) not in known.positions:
            return f"topic {topic} has more partitions"
    for place, position in known.positions.items():
        if (span := source.spans.get(place)) is not None and (why := _why_void(position, span, source)):
            return why
    return None


def _why_void(position: Position, span: Span, source: Source) -> str | None:
    where = f"{position.topic}-{position.number}"
    topic_id = source.topic_ids.get(position.topic, "")
    if position.topic_id and topic_id and position.topic_id != topic_id:
        return f"topic {position.topic} was recreated"
    if position.position > span.end:
        return f"{where} ends at offset {span.end}, and {position.position} had been reached"
    if position.position < span.first:
        return f"{where} begins at offset {span.first}, and {position.position} had been reached"
    return None


def begin(known: Known, source: Source) -> dict[Place, Position]:
    """Where to go on in each partition: where it was, else at its beginning."""
    return {
        (topic, number): Position(
            topic,
            number,
            known.positions[topic, number].position if (topic, number) in known.positions else span.first,
            span.end,
            source.topic_ids.get(topic, ""),
        )
        for (topic, number), span in source.spans.items()
    }


def progress(positions: Mapping[Place, Position], spans: Mapping[Place, Span]) -> tuple[int, int]:
    """How many offsets have been read, and how many there are."""
    read = sum(min(positions[place].position, span.end) - span.first for place, span in spans.items())
    return max(0, read), sum(span.end - span.first for span in spans.values())
