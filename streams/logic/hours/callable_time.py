"""Callable time: whether a contact may be called at an instant, by the wall clocks of all the zones it may be in.

Source: docs/rules.md, section 3 and section 8 row 19.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from streams.logic.contact.limits import MOVE_AHEAD_MAX
from streams.logic.contact.state import Contact
from streams.logic.hours.open_slots import Clock, Windows, first_open, second_of_day
from streams.logic.hours.same_offsets import by_country, named_for
from streams.logic.hours.zones import zone_info, zones_of
from topics.check_facts import CallableTimeFacts, ZoneFacts
from topics.configuration import CallableTimeSet
from topics.records import Reason


@dataclass(frozen=True, slots=True)
class CompiledTimes:
    """A callable time set.

    windows: by zone, for each weekday from Monday its slots in seconds of the wall clock. named: the zones of the set
    by ISO code of their country.
    """

    callable_time_set_id: str
    windows: Mapping[str, Windows]
    named: Mapping[str, tuple[str, ...]]


def compile_times(times: CallableTimeSet) -> CompiledTimes:
    """Prepare a callable time set, once per version of it. A slot whose stop is not after its start never opens."""
    windows: dict[str, list[list[tuple[int, int]]]] = {}
    for time in times.times:
        days = windows.setdefault(time.time_zone, [[] for _ in range(7)])
        for slot in time.slots:
            start, stop = _seconds(slot.start), _seconds(slot.stop)
            if start < stop:
                days[slot.day - 1].append((start, stop))
    compiled = {zone: tuple(tuple(sorted(day)) for day in days) for zone, days in windows.items()}
    return CompiledTimes(times.callable_time_set_id, compiled, by_country(compiled))


class Looked(NamedTuple):
    """What the wall clocks say of a number now. reasons: why it may not be called; none if every zone is open.

    facts: in which zones it was looked at. clocks: those by which it was judged, for `open_until`.
    """

    reasons: tuple[Reason, ...]
    facts: CallableTimeFacts
    clocks: tuple[Clock, ...]


def check_time(times: CompiledTimes, contact: Contact, phone_number: str, now: datetime) -> Looked:
    """Whether the number may be called now; every zone has to be open.

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
    facts = CallableTimeFacts(callable_time_set_id=times.callable_time_set_id, zone_of=zones.of, zones=tuple(looked_at))
    return Looked(tuple(sorted(reasons)), facts, tuple(clocks))


def next_open(times: CompiledTimes, contact: Contact, phone_number: str, after: datetime) -> datetime | None:
    """The first instant from `after` on at which every zone of the number is open; None if none is within 8 days."""
    zones = _clocks(times, contact, phone_number, after)
    return first_open(zones, after, after + MOVE_AHEAD_MAX) if zones else None


def _clocks(times: CompiledTimes, contact: Contact, phone_number: str, now: datetime) -> list[Clock]:
    """The clock and the slots of every zone of the number; none if one of them cannot be judged."""
    found: list[Clock] = []
    for name in zones_of(contact, phone_number).names:
        zone, judges = zone_info(name), _judges(times, name, now)
        if zone is None or not judges:
            return []
        found.extend((zone, times.windows[judge]) for judge in judges)
    return found


def _look(times: CompiledTimes, name: str, now: datetime) -> tuple[Reason | None, ZoneFacts, list[Clock]]:
    """Why one zone is not open, None if it is; what was looked at, and by which clocks."""
    zone = zone_info(name)
    if zone is None:
        return Reason.TIME_ZONE_UNKNOWN, ZoneFacts(time_zone=name, local_time=None, open=False), []
    local = now.astimezone(zone)
    judges = _judges(times, name, now)
    clocks = [(zone, times.windows[judge]) for judge in judges]
    second, day = second_of_day(local), local.weekday()
    is_open = bool(clocks) and all([_is_open(windows[day], second) for _, windows in clocks])
    judged_by = judges if judges and judges != (name,) else None
    seen = ZoneFacts(time_zone=name, local_time=local.isoformat(), open=is_open, judged_by=judged_by)
    if not judges:
        return Reason.ZONE_NOT_CALLABLE, seen, clocks
    return None if is_open else Reason.OUTSIDE_CALLABLE_TIME, seen, clocks


def _judges(times: CompiledTimes, name: str, now: datetime) -> tuple[str, ...]:
    """The zones of the set by whose slots a zone is judged: itself, else those of its country with the same clock."""
    return (name,) if name in times.windows else named_for(times.named, name, now)


def _is_open(slots: Iterable[tuple[int, int]], second: int) -> bool:
    return any([start <= second < stop for start, stop in slots])


def _seconds(text: str) -> int:
    hours, minutes, *seconds = (int(part) for part in text.split(":"))
    return hours * 3600 + minutes * 60 + (seconds[0] if seconds else 0)
