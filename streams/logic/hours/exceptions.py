"""Dates with slots of their own, made ready: of zones, of regions, of a region in one zone, and of all.

Source: docs/rules.md, section 9 row 9.6; docs/decisions/0046-regions-and-exceptions.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from streams.logic.hours.open_slots import Dated, Dates, Hours, Rank, Slots, Windows
from streams.logic.hours.same_offsets import by_country, named_for
from streams.logic.hours.zones import zone_info
from topics.configuration import CallableException, DaySlot, Slot

ALL_DAY: Windows = (((0, 86_400),),) * 7
"""Of a region that only exceptions name: it closes nothing on other dates."""


@dataclass(frozen=True, slots=True)
class ByZone:
    """Dates by time zone. named: the zones by ISO code of their country."""

    dates: Mapping[str, Dates] = field(default_factory=dict)
    named: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, name: str, now: datetime) -> Rank:
        """The dates of a zone: those of its name, and of the names that are one zone with it."""
        names = named_for(self.named, name, now)
        if name in self.dates and name not in names:
            names = (name, *names)
        return tuple([self.dates[one] for one in names])


@dataclass(frozen=True, slots=True)
class Exceptions:
    """of_all: where neither zone nor region is named. of_both: by region, and then by the zone that it is seen from."""

    of_all: Dates
    of_zones: Mapping[str, Dates]
    of_regions: Mapping[str, Dates]
    of_both: Mapping[str, ByZone]

    def zone(self, weekly: Windows, name: str) -> Hours:
        """The hours of a zone of the set."""
        return dated(weekly, self._rank(self.of_zones, name), self._all)

    def region(self, weekly: Windows | None, region: str) -> Hours:
        """The hours of a region. weekly: None if only exceptions name it."""
        own = self._rank(self.of_regions, region)
        return dated(ALL_DAY, own) if weekly is None else dated(weekly, own, self._all)

    @property
    def _all(self) -> Rank:
        return (self.of_all,) if self.of_all else ()

    def _rank(self, of: Mapping[str, Dates], name: str) -> Rank:
        return (of[name],) if name in of else ()


def compile_exceptions(exceptions: Iterable[CallableException]) -> Exceptions:
    """Put exceptions in order by what they name. Of one date and target, the slots of all count; a holiday wins.

    One of whose slots none ever opens is a holiday, too. So is one of a zone that no database has, by every clock:
    nobody knows whom it closes.
    """
    found: dict[tuple[str | None, str | None], dict[date, list[Slots]]] = {}
    for one in exceptions:
        is_known = one.time_zone is None or zone_info(one.time_zone) is not None
        of_target = found.setdefault((one.region, one.time_zone if is_known else None), {})
        of_target.setdefault(one.date, []).append(in_seconds(one.slots) if is_known else ())
    done = {of: {day: _joined(several) for day, several in days.items()} for of, days in found.items()}
    both: dict[str, dict[str, Dates]] = {}
    for (region, zone), dates in done.items():
        if region is not None and zone is not None:
            both.setdefault(region, {})[zone] = dates
    return Exceptions(
        of_all=done.get((None, None), {}),
        of_zones={zone: dates for (region, zone), dates in done.items() if region is None and zone is not None},
        of_regions={region: dates for (region, zone), dates in done.items() if zone is None and region is not None},
        of_both={region: by_zone(zones) for region, zones in both.items()},
    )


def by_zone(dates: Mapping[str, Dates]) -> ByZone:
    """Dates of zones, to be asked for by any name of a zone."""
    return ByZone(dates, by_country(dates))


def dated(weekly: Windows, *ranks: Rank) -> Hours:
    """Weekly slots with dates before them; without any, the weekly slots."""
    filled = tuple([rank for rank in ranks if rank])
    return Dated(weekly, filled) if filled else weekly


def before(rank: Rank, hours: Hours) -> Hours:
    """Hours with dates that come before all of theirs."""
    if not rank:
        return hours
    return Dated(hours.weekly, (rank, *hours.ranks)) if isinstance(hours, Dated) else Dated(hours, (rank,))


def beside(rank: Rank, hours: Hours) -> Hours:
    """Hours with more dates for the target of their first rank: the slots of both count, and a holiday wins."""
    if not rank or not isinstance(hours, Dated):
        return before(rank, hours)
    return Dated(hours.weekly, ((*rank, *hours.ranks[0]), *hours.ranks[1:]))


def in_seconds(slots: Iterable[Slot | DaySlot]) -> Slots:
    """Slots in seconds of the wall clock, sorted; without those whose stop is not after their start."""
    read = ((_seconds(slot.start), _seconds(slot.stop)) for slot in slots)
    return tuple(sorted((start, stop) for start, stop in read if start < stop))


def _joined(several: list[Slots]) -> Slots:
    return () if () in several else tuple(sorted(slot for slots in several for slot in slots))


def _seconds(text: str) -> int:
    hours, minutes, *seconds = (int(part) for part in text.split(":"))
    return hours * 3600 + minutes * 60 + (seconds[0] if seconds else 0)
