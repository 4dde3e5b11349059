"""Callable time: whether a contact may be called at an instant, by the wall clocks of all the zones it may be in.

The regions that it may be in count as well, where a set names them.
Source: docs/rules.md, section 3, section 8 row 19, and section 9 row 9.6.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from streams.logic.contact.limits import MOVE_AHEAD_MAX
from streams.logic.contact.state import Contact
from streams.logic.hours.exceptions import ByZone, before, beside, by_zone, compile_exceptions, in_seconds
from streams.logic.hours.open_slots import (
    Clock,
    Dated,
    Hours,
    Windows,
    first_open,
    second_of_day,
    slots_on,
)
from streams.logic.hours.regions import REGIONS_MAX, regions_of
from streams.logic.hours.same_offsets import by_country, named_for
from streams.logic.hours.zones import Zones, zone_info, zones_of
from topics.cells import UNREADABLE_REGION
from topics.check_facts import CallableTimeFacts, RegionFacts, ZoneFacts, ZoneOf
from topics.configuration import CallableTime, CallableTimeSet, RegionTime, Slot
from topics.records import Reason


@dataclass(frozen=True, slots=True)
class CompiledTimes:
    """A callable time set.

    zones: when each zone is open. named: the zones of the set by ISO code of their country. other_zones: dates of zones
    that only exceptions name. dated_zones: the zones that have dates of their own. regions: when each region is open,
    those too that only exceptions name. seen_from: dates of a region by the zone that it is seen from. asks_regions:
    the regions of a number matter. has_exceptions: some date may have slots of its own.
    """

    callable_time_set_id: str
    zones: Mapping[str, Hours]
    named: Mapping[str, tuple[str, ...]]
    other_zones: ByZone
    dated_zones: frozenset[str]
    regions: Mapping[str, Hours]
    seen_from: Mapping[str, ByZone]
    regions_required: bool
    asks_regions: bool
    has_exceptions: bool


def compile_times(times: CallableTimeSet) -> CompiledTimes:
    """Prepare a callable time set, once per version of it. A slot whose stop is not after its start never opens."""
    exceptions = compile_exceptions(times.exceptions)
    zones = {zone: exceptions.zone(weekly, zone) for zone, weekly in _weekly(times.times).items()}
    weekly = _weekly(times.regions)
    named = [*weekly, *exceptions.of_regions, *exceptions.of_both]
    regions = {region: exceptions.region(weekly.get(region), region) for region in named}
    return CompiledTimes(
        callable_time_set_id=times.callable_time_set_id,
        zones=zones,
        named=by_country(zones),
        other_zones=by_zone({zone: dates for zone, dates in exceptions.of_zones.items() if zone not in zones}),
        dated_zones=frozenset(exceptions.of_zones),
        regions=regions,
        seen_from=exceptions.of_both,
        regions_required=times.regions_required,
        asks_regions=bool(regions) or times.regions_required,
        has_exceptions=bool(times.exceptions),
    )


class Looked(NamedTuple):
    """What the wall clocks say of a number now. reasons: why it may not be called; none if every zone is open.

    facts: in which zones and regions it was looked at. clocks: those by which it was judged, for `open_until`.
    """

    reasons: tuple[Reason, ...]
    facts: CallableTimeFacts
    clocks: tuple[Clock, ...]


def check_time(times: CompiledTimes, contact: Contact, phone_number: str, now: datetime) -> Looked:
    """Whether the number may be called now; every zone has to be open, and every region that the set names.

    A zone that the set does not name is judged by all the zones of the same country that it names and that have the
    same clock from `now` on; the facts name them as `judged_by`.
    """
    zones = zones_of(contact, phone_number)
    reasons: set[Reason] = set() if zones.names else {Reason.TIME_ZONE_UNKNOWN}
    looked_at: list[ZoneFacts] = []
    clocks: list[Clock] = []
    for name in zones.names:
        reason, seen, judges = _look(times, name, now)
        if reason is not None:
            reasons.add(reason)
        looked_at.append(seen)
        clocks += judges
    regions = None
    if times.asks_regions:
        found, regions, more = _look_at_regions(times, contact, phone_number, zones, now)
        reasons |= found
        clocks += more
    facts = CallableTimeFacts(
        callable_time_set_id=times.callable_time_set_id, zone_of=zones.of, zones=tuple(looked_at), regions=regions
    )
    return Looked(tuple(sorted(reasons)), facts, tuple(clocks))


def next_open(times: CompiledTimes, contact: Contact, phone_number: str, after: datetime) -> datetime | None:
    """The first instant from `after` on at which zones and regions of the number are open; None without one in 8 days.

    None, too, if one of the zones cannot be judged, or the region is not known and has to be.
    """
    zones = zones_of(contact, phone_number)
    clocks = _clocks(times, zones, after)
    if clocks and times.asks_regions:
        found, _, more = _look_at_regions(times, contact, phone_number, zones, after)
        if Reason.REGION_UNKNOWN in found:
            return None
        clocks += more
    return first_open(clocks, after, after + MOVE_AHEAD_MAX) if clocks else None


def _clocks(times: CompiledTimes, zones: Zones, now: datetime) -> list[Clock]:
    """The clock and the slots of every zone of the number; none if one of them cannot be judged."""
    found: list[Clock] = []
    for name in zones.names:
        zone, judges = zone_info(name), _judges(times, name, now)
        if zone is None or not judges:
            return []
        found.extend((zone, hours) for hours in _hours(times, name, judges, now))
    return found


def _look(times: CompiledTimes, name: str, now: datetime) -> tuple[Reason | None, ZoneFacts, list[Clock]]:
    """Why one zone is not open, None if it is; what was looked at, and by which clocks."""
    zone = zone_info(name)
    if zone is None:
        return Reason.TIME_ZONE_UNKNOWN, ZoneFacts(time_zone=name, local_time=None, open=False), []
    local = now.astimezone(zone)
    judges = _judges(times, name, now)
    clocks: list[Clock] = [(zone, hours) for hours in _hours(times, name, judges, now)]
    second = second_of_day(local)
    is_open = bool(clocks) and all([_is_open(slots_on(hours, local), second) for _, hours in clocks])
    judged_by = judges if judges and judges != (name,) else None
    seen = ZoneFacts(
        time_zone=name,
        local_time=local.isoformat(),
        open=is_open,
        judged_by=judged_by,
        exception=_exception([hours for _, hours in clocks], local) if times.has_exceptions else None,
    )
    if not judges:
        return Reason.ZONE_NOT_CALLABLE, seen, clocks
    return None if is_open else Reason.OUTSIDE_CALLABLE_TIME, seen, clocks


def _look_at_regions(
    times: CompiledTimes, contact: Contact, phone_number: str, zones: Zones, now: datetime
) -> tuple[set[Reason], tuple[RegionFacts, ...], list[Clock]]:
    """The same of the regions of the number, as far as the set names them: each by the clocks of all its zones."""
    found = regions_of(contact, phone_number)
    reasons: set[Reason] = set()
    looked_at: list[RegionFacts] = []
    clocks: list[Clock] = []
    if UNREADABLE_REGION in found or len(found) > REGIONS_MAX or (times.regions_required and not found):
        reasons.add(Reason.REGION_UNKNOWN)
    for region, by in sorted(found.items())[:REGIONS_MAX]:
        if region == UNREADABLE_REGION:
            looked_at.append(RegionFacts(region=region, by=by, open=False))
        elif region in times.regions:
            own = _region_clocks(times, region, zones, now)
            seen = _look_at_region(region, by, own, now)
            # Without a clock it is the zones that are not known.
            if own and not seen.open:
                reasons.add(Reason.OUTSIDE_CALLABLE_TIME)
            looked_at.append(seen)
            clocks += own
    return reasons, tuple(looked_at), clocks


def _region_clocks(times: CompiledTimes, region: str, zones: Zones, now: datetime) -> list[Clock]:
    hours, seen_from = times.regions[region], times.seen_from.get(region)
    found: list[Clock] = []
    for name in zones.names:
        zone = zone_info(name)
        if zone is not None:
            found.append((zone, hours if seen_from is None else before(seen_from.of(name, now), hours)))
    return found


def _look_at_region(region: str, by: ZoneOf, clocks: list[Clock], now: datetime) -> RegionFacts:
    """Whether a region is open by all of the clocks. The exception is one by which it is closed, if any is."""
    opened: list[date | None] = []
    closed: list[date | None] = []
    for zone, hours in clocks:
        local = now.astimezone(zone)
        is_open = _is_open(slots_on(hours, local), second_of_day(local))
        (opened if is_open else closed).append(_exception((hours,), local))
    exception = next((day for day in closed or opened if day is not None), None)
    return RegionFacts(region=region, by=by, open=bool(opened) and not closed, exception=exception)


def _judges(times: CompiledTimes, name: str, now: datetime) -> tuple[str, ...]:
    """The zones of the set by whose slots a zone is judged: itself, else those of its country with the same clock."""
    return (name,) if name in times.zones else named_for(times.named, name, now)


def _hours(times: CompiledTimes, name: str, judges: tuple[str, ...], now: datetime) -> list[Hours]:
    """When a zone is open, by each of its judges; exceptions for other names of it stand beside its own."""
    if times.other_zones.dates:
        rank = times.other_zones.of(name, now)
        return [(beside if judge in times.dated_zones else before)(rank, times.zones[judge]) for judge in judges]
    return [times.zones[judge] for judge in judges]


def _exception(several: Iterable[Hours], local: datetime) -> date | None:
    """The local date, if one of the hours has slots of its own for it."""
    for hours in several:
        if isinstance(hours, Dated) and hours.exception(local.date()) is not None:
            return local.date()
    return None


def _is_open(slots: Iterable[tuple[int, int]], second: int) -> bool:
    return any([start <= second < stop for start, stop in slots])


def _weekly(times: Iterable[CallableTime | RegionTime]) -> dict[str, Windows]:
    """By zone or region its slots of each weekday; what is there twice has the slots of both."""
    days: dict[str, list[list[Slot]]] = {}
    for time in times:
        name = time.time_zone if isinstance(time, CallableTime) else time.region
        of = days.setdefault(name, [[] for _ in range(7)])
        for slot in time.slots:
            of[slot.day - 1].append(slot)
    return {name: tuple(in_seconds(day) for day in of) for name, of in days.items()}
