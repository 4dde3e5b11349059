"""What the records that were looked at can show, and what they cannot: said plainly, from the offsets alone."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby, pairwise

from msgspec import Struct

from streams.console.view.record import instant, of_ms
from streams.evidence.records import Span
from topics.names import TopicName


class Covers(StrEnum):
    """How much of the period a partition of a topic holds."""

    WHOLE = "whole"
    SINCE = "since"
    """Older records are gone; what is there begins within the period, or after it."""
    LATEST = "latest_of_each_key"
    """Records of a compacted topic are missing: earlier ones of a key may be gone."""
    PARTLY = "partly"
    """There is a hole in what was read."""


class Coverage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of the period one partition holds. since: from when on, if that is not all of it."""

    topic: TopicName
    partition: int
    covers: Covers
    since: datetime | None = None
    is_empty: bool = False


def coverage_of(spans: Sequence[Span], begin: datetime) -> tuple[Coverage, ...]:
    """Of each partition. begin: of the period."""
    found = []
    for (topic, partition), some in groupby(spans, key=lambda one: (one.topic, one.partition)):
        found.append(_coverage(topic, partition, sorted(some, key=lambda one: (one.read_from, one.read_to)), begin))
    return tuple(found)


def _coverage(topic: TopicName, partition: int, spans: Sequence[Span], begin: datetime) -> Coverage:
    first = spans[0]
    met = [one.first_ms for one in spans if one.first_ms is not None]
    covers, since = Covers.WHOLE, None
    if any(later.read_from > earlier for earlier, later in _with_ends(spans)):
        covers = Covers.PARTLY
    elif first.is_compacted:
        covers = Covers.LATEST if first.read_from > 0 or any(one.missing for one in spans) else Covers.WHOLE
    elif first.read_from == first.begin > 0:
        # Older records were deleted, or nobody asked for them; the first that is there says since when.
        since = instant(of_ms(met[0])) if met else None
        covers = Covers.WHOLE if since is not None and since <= begin else Covers.SINCE
    return Coverage(topic=topic, partition=partition, covers=covers, since=since, is_empty=not met)


def _with_ends(spans: Sequence[Span]) -> Iterator[tuple[int, Span]]:
    """Each span but the first, with the furthest end of those before it."""
    furthest = spans[0].read_to
    for _, later in pairwise(spans):
        yield furthest, later
        furthest = max(furthest, later.read_to)


class Limits(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What else bounds what can be said.

    as_of: up to when anything is known. archive_from, archive_until: what archives were limited to, None for all.
    is_recomputed: what workers wrote is not there, and was recomputed from what they read.
    """

    as_of: datetime
    archive_from: datetime | None = None
    archive_until: datetime | None = None
    is_recomputed: bool = False


def cannot_show(
    coverage: Iterable[Coverage], spans: Iterable[Span], limits: Limits, period: tuple[datetime, datetime]
) -> tuple[str, ...]:
    """One sentence for each thing that cannot be shown; none if the records hold all of the period."""
    found = list(_of_limits(limits, period))
    by_topic = groupby(coverage, key=lambda one: one.topic)
    found += [words for topic, some in by_topic for words in _of_topic(topic, list(some), period[0])]
    for topic, damaged in _damaged(spans):
        found.append(f"{topic}: {damaged} records could not be decoded; what they say of the number is not known.")
    return tuple(found)


def _of_limits(limits: Limits, period: tuple[datetime, datetime]) -> Iterator[str]:
    begin, end = period
    if limits.is_recomputed:
        yield (
            "The archive has what workers read, and nothing of what they wrote. Decisions, answers and commands were "
            "recomputed from it: they are what the rules demand, and no record of what was done. Partitions and "
            "offsets are those of that run."
        )
    if limits.as_of < end:
        yield f"The period ends {_at(end)}; nothing is known of the time after {_at(limits.as_of)}."
    if limits.archive_from is not None and limits.archive_from > begin:
        yield f"The archives have no events and decisions of before {_at(limits.archive_from)}."
    if limits.archive_until is not None and limits.archive_until < end:
        yield f"The archives have nothing that was written {_at(limits.archive_until)} or later."


def _of_topic(topic: TopicName, some: Sequence[Coverage], begin: datetime) -> Iterator[str]:
    of = len(some)
    partly = [one for one in some if one.covers is Covers.PARTLY]
    if partly:
        yield f"{topic}: the archives have a hole in {_partitions(partly, of)}: records of between them are missing."
    latest = [one for one in some if one.covers is Covers.LATEST]
    if latest:
        yield (
            f"{topic}: it keeps the latest record of each key, and records are missing in {_partitions(latest, of)}: "
            "earlier records of a key may be gone. Where one was needed, it is named as not known."
        )
    gone = [one for one in some if one.covers is Covers.SINCE]
    if gone:
        known = [one.since for one in gone if one.since is not None]
        what = f"the oldest record that is left is of {_at(max(known))}" if known else "no record is left"
        late = f", {_days(max(known) - begin)} after the period begins" if known and max(known) > begin else ""
        yield f"{topic}: older records have been deleted from {_partitions(gone, of)}; {what}{late}."


def _partitions(some: Sequence[Coverage], of: int) -> str:
    numbers = ", ".join(str(one.partition) for one in some)
    return f"partition {numbers}" if len(some) == 1 else f"partitions {numbers}" if len(some) < of else "all partitions"


def _damaged(spans: Iterable[Span]) -> Iterator[tuple[TopicName, int]]:
    for topic, some in groupby(spans, key=lambda one: one.topic):
        damaged = sum(one.damaged for one in some)
        if damaged:
            yield topic, damaged


def _days(span: timedelta) -> str:
    return f"{span.days} days" if span.days > 1 else f"{span.total_seconds() / 3600:.1f} hours"


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
