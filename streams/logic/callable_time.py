"""Callable time: whether a contact may be called at an instant, by the wall clocks of all the zones it may be in.

Source: docs/rules.md, section 3 and section 8 row 19.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from streams.logic.limits import MOVE_AHEAD_MAX
from streams.logic.open_slots import Windows, first_open, second_of_day
from streams.logic.open_slots import open_until as slots_open_until
from streams.logic.same_clock import by_country, named_for
from streams.logic.state import Contact
from streams.logic.zones import zone_info, zones_of
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


def check_time(
    times: CompiledTimes, contact: Contact, phone_number: str, now: datetime
) -> tuple[tuple[Reason, ...], dict[str, Any]]:
    """Why the number may not be called now, and in which zones it was looked at; every zone has to be open.

    A zone that the set does not name is judged by all the zones of the same country that it names and that have the
    same clock from `now` on; the facts name them as `judged_by`.
    """
    zones = zones_of(contact, phone_number)
    reasons: set[Reason] = set() if zones.names else {Reason.TIME_ZONE_UNKNOWN}
    looked_at: list[dict[str, Any]] = []
    for name in zones.names:
        reason, seen = _look(times, name, now)
        if reason is not None:
            reasons.add(reason)
        looked_at.append(seen)
    facts = {"callable_time_set_id": times.callable_time_set_id, "zone_of": zones.of, "zones": looked_at}
    return tuple(sorted(reasons)), facts


def next_open(times: CompiledTimes, contact: Contact, phone_number: str, after: datetime) -> datetime | None:
    """The first instant from `after` on at which every zone of the number is open; None if none is within 8 days."""
    zones = _clocks(times, contact, phone_number, after)
    return first_open(zones, after, after + MOVE_AHEAD_MAX) if zones else None


def open_until(times: CompiledTimes, contact: Contact, phone_number: str, now: datetime, until: datetime) -> datetime:
    """Up to when the number, which may be called now, may be called by all of its zones; `until` at the latest."""
    return slots_open_until(_clocks(times, contact, phone_number, now), now, until)


def _clocks(times: CompiledTimes, contact: Contact, phone_number: str, now: datetime) -> list[tuple[ZoneInfo, Windows]]:
    """The clock and the slots of every zone of the number; none if one of them cannot be judged."""
    found: list[tuple[ZoneInfo, Windows]] = []
    for name in zones_of(contact, phone_number).names:
        zone, judges = zone_info(name), _judges(times, name, now)
        if zone is None or not judges:
            return []
        found.extend((zone, times.windows[judge]) for judge in judges)
    return found


def _look(times: CompiledTimes, name: str, now: datetime) -> tuple[Reason | None, dict[str, Any]]:
    """Why one zone is not open, None if it is, and what was looked at."""
    zone = zone_info(name)
    if zone is None:
        return Reason.TIME_ZONE_UNKNOWN, {"time_zone": name, "local_time": None, "open": False}
    local = now.astimezone(zone)
    judges = _judges(times, name, now)
    is_open = bool(judges) and all(_is_open(times.windows[judge], local) for judge in judges)
    seen: dict[str, Any] = {"time_zone": name, "local_time": local.isoformat(), "open": is_open}
    if not judges:
        return Reason.ZONE_NOT_CALLABLE, seen
    if judges != (name,):
        seen["judged_by"] = list(judges)
    return None if is_open else Reason.OUTSIDE_CALLABLE_TIME, seen


def _judges(times: CompiledTimes, name: str, now: datetime) -> tuple[str, ...]:
    """The zones of the set by whose slots a zone is judged: itself, else those of its country with the same clock."""
    return (name,) if name in times.windows else named_for(times.named, name, now)


def _is_open(windows: Windows, local: datetime) -> bool:
    second = second_of_day(local)
    return any(start <= second < stop for start, stop in windows[local.weekday()])


def _seconds(text: str) -> int:
    hours, minutes, *seconds = (int(part) for part in text.split(":"))
    return hours * 3600 + minutes * 60 + (seconds[0] if seconds else 0)
