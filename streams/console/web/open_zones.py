"""Which time zones of callable time sets are open when, as the core itself judges hours."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from streams.logic.hours.callable_time import compile_times
from streams.logic.hours.open_slots import first_open
from streams.logic.hours.zones import zone_info
from topics.codec import BadEvent, decode
from topics.configuration import CallableTimeSet
from topics.names import TopicName

QUARTER = timedelta(minutes=15)


def open_zones(sets: Iterable[Mapping[str, Any]], begins_at: datetime, quarters: int) -> tuple[tuple[str, ...], ...]:
    """Of each quarter of an hour from `begins_at` on: the zones that are open in some of it by one of the sets."""
    encoded = tuple(sorted(msgspec.json.encode(one) for one in sets))
    return _open_zones(encoded, begins_at, quarters)


@lru_cache(maxsize=32)  # The live page asks again every two seconds, and the answer is for a quarter of an hour.
def _open_zones(sets: tuple[bytes, ...], begins_at: datetime, quarters: int) -> tuple[tuple[str, ...], ...]:
    found: list[set[str]] = [set() for _ in range(quarters)]
    for value in sets:
        for name, hours in _zones(value):
            zone = zone_info(name)
            for number in range(quarters) if zone is not None else ():
                at = begins_at + number * QUARTER
                if zone is not None and first_open([(zone, hours)], at, at + QUARTER) is not None:
                    found[number].add(name)
    return tuple(tuple(sorted(names)) for names in found)


def _zones(value: bytes) -> Iterable[tuple[str, Any]]:
    """Zones and hours of a set; none of one that cannot be read, since it permits nothing."""
    try:
        times = decode(TopicName.CALLABLE_TIME_SETS, value)
    except BadEvent:
        return ()
    assert isinstance(times, CallableTimeSet)
    return compile_times(times).zones.items()
