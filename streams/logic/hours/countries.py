"""Whose a time zone is, and by which name a country knows it: the tables that come with the time zone database.

Read from the `tzdata` package when they are first asked for, or given by the edge, which may have newer ones.
Source: docs/rules.md, section 3; docs/decisions/0021-zones-of-a-country.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from streams.logic.hours.zone_areas import CROSSING, OF_NO_COUNTRY, WITH, ZONES_FROM

LINKS_MAX = 8
"""A link leads to a zone, or to a link that does; a table that goes in circles ends here."""


@dataclass(frozen=True, slots=True)
class Tables:
    """countries: ISO code by the zones of zone.tab; zones: the reverse, in the order of zone.tab; links: old to new."""

    countries: Mapping[str, str]
    zones: Mapping[str, tuple[str, ...]]
    links: Mapping[str, str]


_given: list[Tables] = []


def package_text(name: str) -> str:
    """A text file of the `tzdata` package, by its name. Raises FileNotFoundError."""
    return resources.files("tzdata").joinpath("zoneinfo", name).read_text("utf-8")


def use_tables(zone_tab: str | None, links: str | None) -> None:
    """Take these texts of zone.tab and tzdata.zi from now on; None, or a text without rows, the package's."""
    read = read_tables(zone_tab or "", links or "")
    own = read_tables(package_text("zone.tab"), package_text("tzdata.zi"))
    tables = read if read.countries else own
    _given[:] = [Tables(tables.countries, tables.zones, {**own.links, **read.links})]
    present_name.cache_clear()
    country_of.cache_clear()


def read_tables(zone_tab: str, links: str) -> Tables:
    """The tables of zone.tab (country, place, zone, comment) and tzdata.zi, of which only the links matter."""
    countries: dict[str, str] = {}
    zones: dict[str, tuple[str, ...]] = {}
    for line in zone_tab.splitlines():
        columns = line.split("\t")
        if len(columns) >= 3 and not line.startswith("#"):
            countries[columns[2]] = columns[0]
            zones[columns[0]] = (*zones.get(columns[0], ()), columns[2])
    pairs = (line.split() for line in links.splitlines() if line.startswith("L "))
    return Tables(countries, zones, {pair[2]: pair[1] for pair in pairs if len(pair) == 3})


def zones_in(region: str) -> tuple[str, ...]:
    """The zones of a region of the numbering plans, by ISO code; empty for what is no country."""
    return _tables().zones.get(ZONES_FROM.get(region, region), ())


@lru_cache(maxsize=4096)
def present_name(name: str) -> str:
    """The name that the country's own row has for a zone; a name of no country stays as it is."""
    tables = _tables()
    found = CROSSING.get(name, name)
    for _ in range(LINKS_MAX):
        if found in tables.countries:
            return found
        if found not in tables.links or found in OF_NO_COUNTRY:
            break
        found = tables.links[found]
    return name


@lru_cache(maxsize=4096)
def country_of(name: str) -> str | None:
    """The country of a zone, by ISO code, None if it has none; the islands beside the United Kingdom count with it."""
    code = _tables().countries.get(present_name(name))
    return None if code is None else WITH.get(code, code)


def _tables() -> Tables:
    if not _given:
        use_tables(None, None)
    return _given[0]
