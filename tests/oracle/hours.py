"""When a number may be called: zones, regions, exceptions, and the first instant that is open. Docs: 3.5 and 9.6."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.oracle.conditions import Json, same
from tests.oracle.zones import derived, derived_regions, one_clock

STEP = timedelta(minutes=15)
"""All slots begin on a quarter of an hour."""

FURTHEST_SLOT = timedelta(days=8)
OUTLYING = ("PR", "GU", "AS", "MP", "VI", "UM")


def zones(record: Json | None, number: str) -> list[str]:
    entries = [one.get("time_zone") for one in _entries(record, number)] or [None]
    of_contact = record.get("time_zone") if record else None
    found = []
    for zone in entries:
        instead = [of_contact] if of_contact else derived(number)
        found.append([zone] if zone else instead)
    if [] in found and any(entries):
        found.append(["nowhere"])
    return [zone for zones in found for zone in zones]


def regions(record: Json | None, number: str) -> set[str]:
    """All that the number is in, countries included."""
    told = {one.get("region") for one in _entries(record, number)} | {record.get("region") if record else None}
    return {name for region in {*told, *derived_regions(number)} if region for name in _names(region)}


def _names(region: str) -> set[str]:
    """A territory of the United States has two names, which are two regions of a set."""
    name = region.removeprefix("US-")
    return {name, f"US-{name}", "US"} if name in OUTLYING else {region, region[:2]}


def _entries(record: Json | None, number: str) -> list[Json]:
    return [one for one in (record["numbers"] if record else []) if same(one["phone_number"], number)]


@cache
def _zone_info(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except Exception:
        return None


def local(zone: str, when: datetime) -> datetime | None:
    found = _zone_info(zone)
    return when.astimezone(found) if found else None


def failed(times: Json, record: Json | None, number: str, now: datetime) -> set[str]:
    """What a set has against a call."""
    found = {_zone(times, zone, now) for zone in zones(record, number)} - {""}
    if not zones(record, number):
        found.add("time_zone_unknown")
    return found | _regions(times, record, number, now)


def _inside(slots: list[Json], clock: str) -> bool:
    return any(slot["start"] <= clock < slot["stop"] for slot in slots)


def _of_day(entries: list[Json], day: int) -> list[Json]:
    return [slot for one in entries for slot in one["slots"] if slot["day"] == day]


def _judges(times: Json, zone: str) -> list[str]:
    named = {one["time_zone"] for one in times["times"]}
    return [zone] if zone in named else [one for one in named if one_clock(one, zone)]


def _holds_for(times: Json, of: str, zone: str, judges: list[str]) -> bool:
    """Whether an exception for the zone `of` is one for the zone of a call."""
    if of in {one["time_zone"] for one in times["times"]}:
        return of in judges
    return of == zone or one_clock(of, zone)


def _dated(times: Json, here: datetime) -> list[Json]:
    """The exceptions of a local date. One of a zone that there is not is a holiday by every clock."""
    found = [one for one in times.get("exceptions", []) if one["date"] == here.date().isoformat()]
    holiday: Json = {"time_zone": None, "slots": []}
    return [one if not (of := one.get("time_zone")) or local(of, here) else one | holiday for one in found]


def _instead(groups: list[list[Json]]) -> list[Json] | None:
    """The slots of the first group that has any exception; None: those of the weekday."""
    for exceptions in groups:
        if exceptions:
            opens = [any(slot["start"] < slot["stop"] for slot in one["slots"]) for one in exceptions]
            return [slot for one in exceptions for slot in one["slots"]] if all(opens) else []
    return None


def _zone(times: Json, zone: str, now: datetime) -> str:
    here = local(zone, now)
    if here is None:
        return "time_zone_unknown"
    judges = _judges(times, zone)
    if not judges:
        return "zone_not_callable"
    dated = _dated(times, here)
    general = [one for one in dated if not one.get("time_zone") and not one.get("region")]
    for judge in judges:
        mine = [
            one
            for one in dated
            if not one.get("region") and one.get("time_zone") and _holds_for(times, one["time_zone"], zone, [judge])
        ]
        slots = _instead([mine, general])
        if slots is None:
            slots = _of_day([one for one in times["times"] if one["time_zone"] == judge], here.isoweekday())
        if not _inside(slots, here.strftime("%H:%M:%S")):
            return "outside_callable_time"
    return ""


def _regions(times: Json, record: Json | None, number: str, now: datetime) -> set[str]:
    mine = regions(record, number)
    weekly = {one["region"] for one in times.get("regions", [])}
    named = weekly | {one["region"] for one in times.get("exceptions", []) if one.get("region")}
    required = times.get("regions_required", False)
    found = set()
    if ((named or required) and "ZZ" in mine) or (required and not mine):
        found.add("region_unknown")
    clocks = [zone for zone in zones(record, number) if local(zone, now) is not None]
    if any(not _is_region_open(times, region, zone, now) for region in mine & named for zone in clocks):
        found.add("outside_callable_time")
    return found


def _is_region_open(times: Json, region: str, zone: str, now: datetime) -> bool:
    here = now.astimezone(ZoneInfo(zone))
    dated = _dated(times, here)
    mine = [one for one in dated if one.get("region") == region]
    by_clock = [one for one in mine if (of := one.get("time_zone")) and (of == zone or one_clock(of, zone))]
    by_any = [one for one in mine if not one.get("time_zone")]
    weekly = [one for one in times.get("regions", []) if one["region"] == region]
    general = [one for one in dated if not one.get("time_zone") and not one.get("region")] if weekly else []
    slots = _instead([by_clock, by_any, general])
    if slots is None:
        if not weekly:
            return True
        slots = _of_day(weekly, here.isoweekday())
    return _inside(slots, here.strftime("%H:%M:%S"))


def first_open(times: Json, record: Json | None, number: str, begin: datetime, end: datetime) -> datetime | None:
    """The first instant from begin to end, both included, that is open."""
    when = begin
    while when <= end:
        if not failed(times, record, number, when):
            return when
        when = when.replace(minute=when.minute // 15 * 15, second=0, microsecond=0) + STEP
    return None


def westernmost(record: Json | None, number: str, when: datetime) -> ZoneInfo:
    """The contact's clock. Docs: 9.3."""
    known = [(here.utcoffset(), zone) for zone in zones(record, number) if (here := local(zone, when))]
    return ZoneInfo(min(known)[1] if known else "UTC")


def wall(zone: ZoneInfo, naive: datetime) -> datetime:
    """The first instant at which the clock shows this, or the first after the gap that leaves it out."""
    instants = [naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    shown = [one for one in instants if one.astimezone(zone).replace(tzinfo=None) == naive]
    if shown:
        return min(shown)
    when = min(instants)
    while when.astimezone(zone).replace(tzinfo=None) < naive:
        when += timedelta(minutes=15) - timedelta(seconds=when.timestamp() % 900)
    return when


def walls(zone: ZoneInfo, naive: datetime) -> list[datetime]:
    """All instants at which the clock shows this; of none, the first after the gap."""
    instants = {naive.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    shown = [one for one in instants if one.astimezone(zone).replace(tzinfo=None) == naive]
    return shown or [wall(zone, naive)]


def next_at(zone: ZoneInfo, clock: str, begin: datetime) -> datetime:
    """The first instant from begin on at which the clock shows that time of day."""
    hours, minutes, seconds = ([int(part) for part in clock.split(":")] + [0])[:3]
    day = begin.astimezone(zone).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0, fold=0)
    ahead = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    found = [when for days in range(-2, 4) for when in walls(zone, day + timedelta(days=days) + ahead)]
    return min(when for when in found if when >= begin)


def next_window(
    times: Json | None, record: Json | None, number: str, window: tuple[datetime, datetime], now: datetime
) -> tuple[datetime, tuple[datetime, datetime]] | None:
    """When a missed callback is due again, and its window before slots. times: None if every day is open."""
    for days in range(1, 2000):
        zone = westernmost(record, number, window[0] + timedelta(days=days))
        begin, end = (
            wall(zone, one.astimezone(zone).replace(tzinfo=None, fold=0) + timedelta(days=days)) for one in window
        )
        if begin > now + FURTHEST_SLOT:
            return None
        if begin < now or begin >= end:
            continue
        last = end - timedelta(microseconds=1)
        due = begin if times is None else first_open(times, record, number, begin, last)
        if due is not None:
            return due, (begin, end)
    return None
