"""Which zones of a callable time set stand for a zone that the set does not name.

Two names of one country are one zone if they have the same UTC offsets in the next 400 days, which is a year and both
changes of it. Another country's zone is another zone, whatever its offsets.
Source: docs/rules.md, section 3; docs/decisions/0021-zones-of-a-country.md.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import lru_cache

from streams.logic.contact.clock_check import EPOCH
from streams.logic.hours.countries import country_of
from streams.logic.hours.open_slots import stretches
from streams.logic.hours.zones import zone_info

AHEAD = timedelta(days=400)
QUARTER_S = 900
"""Offsets are compared again every quarter of an hour. No zone of today changes its offset at another minute."""


def by_country(names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Zones by the ISO code of their country, sorted; those of no country are left out, they are only themselves."""
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(names):
        country = country_of(name)
        if country is not None and zone_info(name) is not None:
            found[country] = (*found.get(country, ()), name)
    return found


def named_for(named: Mapping[str, tuple[str, ...]], name: str, now: datetime) -> tuple[str, ...]:
    """Of the zones `named` by country those of the country of `name` with its offsets from `now` on; often none."""
    candidates = named.get(country_of(name) or "", ())
    if not candidates:
        return ()
    quarter = int(now.timestamp()) // QUARTER_S
    return tuple([one for one in candidates if _agree(one, name, quarter)])


@lru_cache(maxsize=16_384)
def _agree(one: str, other: str, quarter: int) -> bool:
    return _offsets_ahead(one, quarter) == _offsets_ahead(other, quarter)


def _offsets_ahead(name: str, quarter: int) -> tuple[tuple[datetime, timedelta], ...] | None:
    """When each offset begins, and the offset, in the 400 days from a quarter of an hour since 1970 on."""
    start = EPOCH + timedelta(seconds=quarter * QUARTER_S)
    found = _stretches(name, (start - EPOCH) // AHEAD)
    if found is None:
        return None
    within = ((begin, offset) for begin, end, offset in found if end > start and begin < start + AHEAD)
    return tuple((max(begin, start), offset) for begin, offset in within)


@lru_cache(maxsize=4096)
def _stretches(name: str, block: int) -> tuple[tuple[datetime, datetime, timedelta], ...] | None:
    """The stretches of constant offset of 800 days, from a multiple of 400 days since 1970 on: found once."""
    zone = zone_info(name)
    start = EPOCH + block * AHEAD
    return None if zone is None else tuple(stretches(zone, start, start + 2 * AHEAD))


def clear_caches() -> None:
    """Compare all offsets again: another time zone database is in use."""
    _agree.cache_clear()
    _stretches.cache_clear()
