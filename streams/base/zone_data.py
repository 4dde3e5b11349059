"""Which time zone database is used: the system's, or that of the `tzdata` package.

A worker takes the newer of the two, because governments change clocks at short notice and either may be updated first.
The simulator and the tests take the locked package, so that they say the same everywhere. Either way the tables of
countries come along. Whoever decides reads all of it beforehand (`load_tables`), and so the core reads no file.
Source: docs/operate.md, section "Time zones"; docs/decisions/0021-zones-of-a-country.md.
"""

import importlib
import re
import zoneinfo
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import phonenumbers
import tzdata
from phonenumbers import PhoneMetadata

from streams.logic.hours import countries, derived_zones, same_offsets, zones

SYSTEM_FOLDERS = tuple(zoneinfo.TZPATH)
"""Where Python looks for the system's zones, as the process was started."""

STEP = 20
"""Zones or numbering plans that are read in one step."""

VERSION = re.compile(r"^(?:# version )?(\d{4})([a-z]*)\s*$", re.MULTILINE)
"""A year and a letter, `2026a`; the first line of tzdata.zi has words before it, the file +VERSION has it alone."""


@dataclass(frozen=True, slots=True)
class ZoneData:
    """The database in use. source: `system` or `package`; system: the version of the system's, None if unknown."""

    source: str
    version: str
    system: str | None

    def status(self) -> dict[str, str | None]:
        """For `/status`: where the zones are from, the version, and those of both."""
        return {
            "source": self.source,
            "version": self.version,
            "system_version": self.system,
            "package_version": tzdata.IANA_VERSION,
        }


def use_package_zones() -> ZoneData:
    """Take all zones and tables from the `tzdata` package; the system's are not looked at."""
    if zoneinfo.TZPATH:
        _use((), None)
    return ZoneData("package", tzdata.IANA_VERSION, None)


def use_newer_zones(folders: Sequence[str] = SYSTEM_FOLDERS) -> ZoneData:
    """Take the newer database of the two, the package's if they are equal or the system's version is not known.

    folders: where the system's may be; the first that exists is the system's.
    """
    folder = next((path for path in map(Path, folders) if path.is_dir()), None)
    found = folder and _version(folder)
    if folder and found and _order(found) > _order(tzdata.IANA_VERSION):
        _use((str(folder),), folder)
        return ZoneData("system", found, found)
    _use((), None)
    return ZoneData("package", tzdata.IANA_VERSION, found or None)


def load_tables() -> None:
    """Read all that the core would read from files when it first needs it: zones, numbering plans, zones of numbers.

    Called after the database was chosen.
    """
    for _ in load_in_steps():
        pass


def load_in_steps() -> Iterator[None]:
    """The same, in steps of a few milliseconds, between which an event loop can do something else."""
    found = {}
    for number, name in enumerate(zoneinfo.available_timezones()):
        found[name] = zones.zone_info(name)
        if number % STEP == 0:
            yield
    zones.use_zones({name: zone for name, zone in found.items() if zone is not None})
    countries.country_of("UTC")
    for number, region in enumerate(phonenumbers.SUPPORTED_REGIONS):
        PhoneMetadata.metadata_for_region(region)
        if number % STEP == 0:
            yield
    PhoneMetadata.load_all()  # The rest: short numbers, and codes that are no region's.
    yield
    importlib.import_module("phonenumbers.timezone")


def _use(path: tuple[str, ...], folder: Path | None) -> None:
    zoneinfo.reset_tzpath(to=path)
    zoneinfo.ZoneInfo.clear_cache()
    countries.use_tables(_text(folder, "zone.tab"), _text(folder, "tzdata.zi"))
    zones.use_zones({})
    derived_zones.derived_zones.cache_clear()
    same_offsets.clear_caches()


def _version(folder: Path) -> str | None:
    first_line = (_text(folder, "tzdata.zi") or "").partition("\n")[0]
    for text in (first_line, _text(folder, "+VERSION") or ""):
        found = VERSION.search(text)
        if found:
            return found[1] + found[2]
    return None


def _order(version: str) -> tuple[int, int, str]:
    """By year and letter; `2026aa` would follow `2026z`."""
    return int(version[:4]), len(version), version


def _text(folder: Path | None, name: str) -> str | None:
    try:
        return None if folder is None else (folder / name).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
