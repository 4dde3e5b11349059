"""The next instant at which slots are open in several zones at once, across changes of daylight saving time.

Each zone's slots are cut into spans of UTC, one stretch of constant offset after the other: a slot within a gap of the
wall clock has no span, and in an hour that comes twice there are two.
Source: docs/rules.md, section 3, section 8 row 19, and section 9 row 9.6.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

Slots = tuple[tuple[int, int], ...]
"""Start and stop of the slots of a day, in seconds of the wall clock, sorted."""

Windows = tuple[Slots, ...]
"""For each weekday from Monday its slots."""

Dates = Mapping[date, Slots]
"""Slots that stand in place of those of a weekday, by local date; none of a holiday."""

Rank = tuple[Dates, ...]
"""Dates of the same rank: of one that several have, the slots of all count, and none if one of them has none."""


@dataclass(frozen=True, slots=True)
class Dated:
    """Weekly slots, and dates with slots of their own. ranks: the first that has a date decides it."""

    weekly: Windows
    ranks: tuple[Rank, ...]

    def exception(self, day: date) -> Slots | None:
        """The slots that a date has of its own; None if it has those of its weekday."""
        for rank in self.ranks:
            found = [dates[day] for dates in rank if day in dates]
            if found:
                return () if () in found else tuple(sorted(slot for slots in found for slot in slots))
        return None


Hours = Windows | Dated
"""When a zone or a region is open. Most sets have no dates, and then it is the weekly slots alone."""

Clock = tuple[ZoneInfo, Hours]
"""A zone and the slots by its wall clock."""

Span = tuple[datetime, datetime]
"""From an instant, up to but not including another."""

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
LOOK_EVERY = DAY
"""No zone has ever changed its offset twice within six days."""


def first_open(zones: Sequence[Clock], after: datetime, until: datetime) -> datetime | None:
    """The first instant from `after` to `until`, both included, at which every zone has an open slot."""
    end = until + SECOND  # A slot that opens at `until` itself still counts.
    spans = [_merged(_spans(zone, hours, after, end)) for zone, hours in zones]
    common = spans[0]
    for others in spans[1:]:
        common = _intersection(common, others)
    start = next((start for start, _ in common), None)
    return start if start is not None and start <= until else None


def open_until(zones: Sequence[Clock], at: datetime, until: datetime) -> datetime:
    """Up to when the slots of every zone stay open that are open at `at`; `until` if they are open then, too."""
    for zone, hours in zones:
        if not _in_one_slot(zone, hours, at, until):
            opened = _merged(_spans(zone, hours, at, until))
            until = opened[0][1] if opened and opened[0][0] <= at else at
    return until


def second_of_day(local: datetime) -> int:
    """What the wall clock shows at a local instant, in whole seconds since it showed midnight."""
    return local.hour * 3600 + local.minute * 60 + local.second


def slots_on(hours: Hours, day: datetime) -> Slots:
    """The slots of a day. day: any local time of it."""
    if isinstance(hours, tuple):
        return hours[day.weekday()]
    own = hours.exception(day.date())
    return hours.weekly[day.weekday()] if own is None else own


def _in_one_slot(zone: ZoneInfo, hours: Hours, at: datetime, until: datetime) -> bool:
    """Whether one slot of one day has both, and the clock does not change: as nearly always, and quickly found."""
    begin, end = at.astimezone(zone), until.astimezone(zone)
    if begin.date() != end.date() or begin.utcoffset() != end.utcoffset():
        return False
    first, last = second_of_day(begin), second_of_day(end) + (end.microsecond > 0)
    return any(start <= first and last <= stop for start, stop in slots_on(hours, begin))


def _spans(zone: ZoneInfo, hours: Hours, after: datetime, end: datetime) -> Iterator[Span]:
    for begin, stop, offset in stretches(zone, after, end):
        day = (begin + offset).replace(hour=0, minute=0, second=0, microsecond=0)
        while day < stop + offset:
            for opens, closes in slots_on(hours, day):
                first = max(begin, day + timedelta(seconds=opens) - offset)
                last = min(stop, day + timedelta(seconds=closes) - offset)
                if first < last:
                    yield first, last
            day += DAY


def stretches(zone: ZoneInfo, after: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The stretches of constant offset from `after` to `end`, each with its offset."""
    begin, offset = after, _offset(zone, after)
    at = after
    while at < end:
        following = min(at + LOOK_EVERY, end)
        if _offset(zone, following) != offset:
            change = _change(zone, at, following, offset)
            yield begin, change, offset
            begin, offset = change, _offset(zone, change)
        at = following
    if begin < end:
        yield begin, end, offset


def _change(zone: ZoneInfo, before: datetime, after: datetime, offset: timedelta) -> datetime:
    """The first whole second between the two at which the offset is another one."""
    low, high = before.replace(microsecond=0), after.replace(microsecond=0) + SECOND
    while high - low > SECOND:
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (middle, high) if _offset(zone, middle) == offset else (low, middle)
    return high


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()


def _merged(spans: Iterator[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _intersection(one: list[Span], other: list[Span]) -> list[Span]:
    both: list[Span] = []
    i = j = 0
    # One step for each span: a set may have thousands of slots.
    while i < len(one) and j < len(other):
        start, stop = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < stop:
            both.append((start, stop))
        if one[i][1] < other[j][1]:
            i += 1
        else:
            j += 1
    return both
